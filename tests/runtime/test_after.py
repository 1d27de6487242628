"""The command of `scan --after`."""

import sys
from pathlib import Path

import pytest

from tagger.runtime.after import run_after

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="commands of a Unix shell")


def test_the_command_gets_the_files_and_their_number(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    written = [Path("a b.mp3"), tmp_path / "line\nbreak.mp3", Path("\udcff.mp3")]
    command = 'cat > list; echo "$GENRETAG_WRITTEN files"'
    assert run_after(command, written, quiet=False)
    expected = [bytes(tmp_path / "a b.mp3"), bytes(tmp_path) + b"/\xff.mp3", b""]
    assert (tmp_path / "list").read_bytes().split(b"\n") == expected
    assert capfd.readouterr() == ("", "3 files\n")
    assert run_after(command, written, quiet=True)
    assert capfd.readouterr() == ("", "")


def test_a_failure_is_told_with_its_exit_code_and_output(capfd):
    many = [Path("x" * 1000)] * 1000  # more than a pipe holds: nobody reads it
    assert not run_after("echo no server; exit 7", many, quiet=True)
    said = capfd.readouterr().err
    assert (
        said
        == "no server\nThe command of --after failed with exit code 7: echo no server; exit 7\n"
    )
