"""The work of `genretag doctor`: what a scan needs, checked one by one."""

import hashlib
import json
import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from tagger import __version__
from tagger.errors import ExitCode, GenretagError, reason
from tagger.output.console import count_of, printable
from tagger.paths import make_folder, state_folder
from tagger.settings.file import default_file, load

_CODECS = (
    "mp3 flac aac alac vorbis opus wmav2 ape wavpack mpc8 tta dsd_lsbf pcm_s16le pcm_s16be"
).split()
_LEAST_SPACE = 100e6  # bytes for journal and cache


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one check found.

    Attributes:
        name: what was checked.
        found: in words.
        problem: what is wrong, with what mends it; empty if nothing is.
    """

    name: str
    found: str
    problem: str = ""


def run_doctor(*, as_json: bool) -> ExitCode:
    """Check what a scan needs, and show a line for each check.

    Returns:
        DONE if all is well, else COULD_NOT_RUN.
    """
    findings = []
    for finding in _findings():
        findings.append(finding)
        if not as_json:
            print(f"{'problem' if finding.problem else 'ok':<9}{finding.name:<15}{finding.found}")
            if finding.problem:
                print(f"{'':<24}{printable(finding.problem)}")
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=1))
    return ExitCode.COULD_NOT_RUN if any(f.problem for f in findings) else ExitCode.DONE


def _findings() -> Iterator[Finding]:
    checks: tuple[tuple[str, Callable[[], tuple[str, str]]], ...] = (
        ("genretag", _program),
        ("ONNX Runtime", _runtime),
        ("device", _device),
        ("decoders", _decoders),
        ("model", _model),
        ("configuration", _configuration),
        ("state", _state),
        ("disk space", _space),
    )
    for name, check in checks:
        try:
            found, problem = check()
        except GenretagError as error:
            found, problem = "not usable", str(error)
        except (OSError, ImportError) as error:
            found, problem = "not usable", reason(error)
        yield Finding(name=name, found=printable(found), problem=problem)


def _program() -> tuple[str, str]:
    python = f"Python {platform.python_version()}"
    return f"{__version__} on {python}, {platform.system()} {platform.machine()}", ""


def _runtime() -> tuple[str, str]:
    import onnxruntime

    providers = ", ".join(onnxruntime.get_available_providers())
    return f"{onnxruntime.__version__} with {providers}", ""


def _device() -> tuple[str, str]:
    from tagger.inference import cuda
    from tagger.inference.session import open_session

    opened = open_session(None, "auto")
    problem = f"The GPU is not used: {opened.notice}." if opened.notice else ""
    without = "" if cuda.driver() else "; no NVIDIA driver was found"  # as in most containers
    return f"{opened.device_name}{without}", problem


def _decoders() -> tuple[str, str]:
    import av

    missing = [name for name in _CODECS if name not in av.codecs_available]
    problem = f"PyAV cannot decode {', '.join(missing)}; pip install --force-reinstall av"
    found = f"PyAV {av.__version__}, {len(_CODECS) - len(missing)} of {len(_CODECS)} kinds"
    return found, problem if missing else ""


def _model() -> tuple[str, str]:
    from tagger.inference.metadata import read_metadata
    from tagger.inference.session import open_session

    path = open_session(None, "auto").path  # the one of two that suits the device
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return f"{path.name}, {len(read_metadata(path).labels)} genres, SHA-256 {digest[:16]}…", ""


def _configuration() -> tuple[str, str]:
    file = default_file()
    load()
    return f"{file}{'' if file.exists() else ' (none)'}", ""


def _state() -> tuple[str, str]:
    from tagger.commands.state import open_cache, open_journal

    folder = state_folder()
    make_folder(folder)
    with open_journal() as journal, open_cache():
        runs = len(journal.runs())
    return f"{folder}, {count_of(runs, 'run')} in the journal", ""


def _space() -> tuple[str, str]:
    free = shutil.disk_usage(_existing(state_folder())).free
    problem = "Make room: journal and cache need some." if free < _LEAST_SPACE else ""
    return f"{free / 1e9:.1f} GB free in the state folder", problem


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())
