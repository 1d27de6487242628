"""Tests of what tests share."""

import stat
import tempfile
from pathlib import Path

from conftest import open_to_all


def mode(folder: Path) -> int:
    return stat.S_IMODE(folder.stat().st_mode)


def test_a_folder_is_opened_up_to_the_temporary_folder_and_no_further(tmp_path, monkeypatch):
    inner = tmp_path / "tmp" / "pytest-0" / "popen-gw0" / "test" / "music"
    inner.mkdir(parents=True)
    folders = [inner, *list(inner.parents)[:4]]  # as far as what stands for /tmp
    for folder in folders:
        folder.chmod(0o700)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    open_to_all(inner)
    assert [oct(mode(folder)) for folder in folders] == ["0o755"] * 4 + ["0o700"]
