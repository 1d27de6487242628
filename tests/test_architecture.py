"""docs/architecture.md names every package and every module, and none that does not exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = "docs/architecture.md"
TEXT = (ROOT / PAGE).read_text("utf-8")


def packages() -> list[str]:
    """Return the folders of the packages, `tagger/audio/` and so on, from the top."""
    inits = [file for name in ("tagger", "trainer") for file in (ROOT / name).rglob("__init__.py")]
    return sorted(f"{file.parent.relative_to(ROOT).as_posix()}/" for file in inits)


def sections() -> dict[str, list[str]]:
    """Return the modules in the table of each section, `### `folder/`` and its lines."""
    _, *parts = re.split(r"^### `(.+)`$", TEXT, flags=re.M)
    bodies = (re.split(r"^##", body, flags=re.M)[0] for body in parts[1::2])
    return {
        folder: re.findall(r"^\| `(\w+\.py)` \|", body, re.M)
        for folder, body in zip(parts[::2], bodies, strict=True)
    }


def test_every_package_has_a_section_and_no_other_folder_has():
    missing = [folder for folder in packages() if folder not in sections()]
    gone = [folder for folder in sections() if folder not in packages()]
    assert not missing, f"Add to {PAGE} a section '### `{missing[0]}`' with a paragraph and a table"
    assert not gone, f"Remove from {PAGE} the section '### `{gone[0]}`': there is no such package"


@pytest.mark.parametrize("folder", packages())
def test_every_module_has_a_line(folder):
    listed = sections().get(folder, [])
    modules = {file.name for file in (ROOT / folder).glob("*.py")} - {"__init__.py"}
    missing = "\n".join(f"| `{name}` | what it does |" for name in sorted(modules - set(listed)))
    gone = "\n".join(f"| `{name}` | … |" for name in sorted(set(listed) - modules))
    assert not missing, f"In {PAGE}, add to the table under '### `{folder}`':\n{missing}"
    assert not gone, f"In {PAGE}, remove from the table under '### `{folder}`':\n{gone}"
    assert len(listed) == len(set(listed)), f"{PAGE} lists a module of {folder} twice"


def test_the_files_that_the_page_points_to_exist():
    named = set(re.findall(r"`((?:tagger|trainer|completions)/[\w/.]+)`", TEXT))
    assert len(named) > 10
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
