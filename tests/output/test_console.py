"""What people see, on narrow terminals as well."""

import re
from pathlib import Path

import pytest

from tagger.output.console import show_table
from tagger.output.scandisplay import ScanDisplay
from tagger.tracks import Action, Result, Status

HEADER = ("run", "when", "command", "written", "failed")
ROWS = [
    ("2", "2026-11-20 17:15", f"apply {'my long table ' * 9}.csv", "4", ""),
    ("1", "2026-11-20 17:14", "undo", "1000", ""),
]


@pytest.fixture
def terminal(monkeypatch, capsys):
    """Pretend to have a terminal of 60 columns; gives the lines that are on it."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "60")
    return lambda: re.sub(r"\x1b\[[\d;?]*\w", "", capsys.readouterr().out).splitlines()


def test_in_a_table_the_widest_column_gives_way(terminal):
    show_table(HEADER, ROWS)
    first, second, *_ = lines = terminal()
    assert first.split() == ["run", "when", "command", "written"]  # nothing has failed
    assert "2    2026-11-20 17:15  apply my" in second
    assert max(map(len, lines)) <= 60
    assert len(lines) > 3


def test_for_a_program_a_row_is_a_line(capsys):
    show_table(HEADER, ROWS)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert ROWS[0][2] in lines[1]


def test_a_table_without_rows(capsys):
    show_table(HEADER, [])
    assert capsys.readouterr().out.strip() == ""


def test_sentences_are_broken_between_words(terminal):
    display = ScanDisplay(quiet=False, results=True, stderr=False)
    display.header("toy (3 genres) on CPU, decoding in 2 processes, 30 s of each track")
    assert terminal() == [
        "toy (3 genres) on CPU, decoding in 2 processes, 30 s of each",
        "track",
    ]


def test_a_long_path_is_shown_from_its_end(terminal):
    path = Path("/home/somebody/Music/An Artist of Some Renown/An Album/01 A Title.flac")
    ranked = ((("Rock",), 0.5),)
    display = ScanDisplay(quiet=False, results=True, stderr=False)
    for status in (Status.UNCERTAIN, Status.SILENT):
        display.add(Result(path=path, status=status, action=Action.SKIP, ranked=ranked))
    for line in (lines := terminal()):
        assert len(line) <= 60
        assert "n Album/01 A Title.flac" in line
    assert lines[0].endswith("  uncertain")


def test_a_bar_does_not_get_into_a_table(terminal, monkeypatch, tmp_path):
    def has_bar() -> bool:
        with ScanDisplay(quiet=False, results=False, stderr=True) as display:
            return display._progress.live.is_started

    assert not has_bar()
    with (tmp_path / "genres.csv").open("w") as file:
        monkeypatch.setattr("sys.stdout", file)
        assert has_bar()


def test_a_sentence_on_standard_error_has_no_bar_in_its_way(terminal, monkeypatch):
    shown: list[tuple[str, bool]] = []
    with ScanDisplay(quiet=False, results=True, stderr=False) as display:
        live = display._progress.live
        monkeypatch.setattr(
            "tagger.output.scandisplay.complain", lambda text: shown.append((text, started()))
        )

        def started() -> bool:
            return live.is_started

        assert started()
        display.complain("The disk is full.")
        assert started()
        display.summary(write_tags=False, cut_short="Stopped")
        display.complain("It still is.")
        assert not started()
    assert shown == [("The disk is full.", False), ("It still is.", False)]
