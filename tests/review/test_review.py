"""`genretag review`: the state, the keys, the screen and the table that it saves."""

import io
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import genretag_here as genretag
from conftest import music, wait_until, write_audio

from tagger.commands.review import run_review
from tagger.errors import ConfigError, PathError
from tagger.output.planfile import read_plan, read_table
from tagger.output.written import is_as_written, remember
from tagger.pipeline.decide import Rules
from tagger.review.document import Document
from tagger.review.keys import Keys
from tagger.review.player import Player, command_words
from tagger.review.screen import frame
from tagger.review.session import Candidate, Review, rows_of
from tagger.settings.file import load
from tagger.tags.vocabulary import Vocabulary
from tagger.tracks import Action

RULES = Rules(min_confidence=0, vocabulary=Vocabulary(names={"hiphop": ("Rap",), "Metal": ()}))
HEAD = (
    "path,status,genre,confidence,second_genre,second_confidence,existing_genre,action,seconds,"
    "error,p_classical,p_hiphop,p_metal\n"
)
UNCERTAIN = (
    "m/b.mp3,uncertain,Rap,0.4000,Metal,0.3500,Folk; Live,skip,30.00,,0.2500,0.4000,0.3500\n"
)
TABLE = (
    HEAD
    + "m/a.mp3,ok,Classical,0.8000,Rap,0.1500,,write,30.00,,0.8000,0.1500,0.0500\n"
    + UNCERTAIN
    + "m/c.mp3,silent,,,,,,skip,0.00,is silent,,,\n"
    + '"m/d, ""e"".mp3",ok,Rap,0.9000,Metal,0.0500,Rock,keep,29.50,,0.0500,0.9000,0.0500\n'
)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "genres.csv"
    path.write_bytes(TABLE.encode())
    remember(path)
    return path


@pytest.fixture
def review(table):
    return Review(rows=rows_of(read_table(table), RULES))


def keys(typed=""):
    return Keys(Player("no-such-player {file}"), lambda: typed)


def press(review, *pressed, typed=""):
    for key in pressed:
        review = keys(typed).press(key, review).review
    return review


def test_rows_without_a_guess_are_not_reviewed(table, review):
    assert [row.path.name for row in review.rows] == ["a.mp3", "b.mp3", 'd, "e".mp3']
    (only,) = rows_of(read_table(table), RULES, uncertain=True)
    assert only.existing == ("Folk", "Live")
    assert only.candidates == (
        Candidate(genres=("Rap",), probability=0.4),
        Candidate(genres=("Metal",), probability=0.35),  # shown although never written by a scan
        Candidate(genres=("Classical",), probability=0.25),
    )


def test_without_columns_of_labels_the_two_guesses_are_the_candidates(tmp_path):
    path = tmp_path / "short.csv"
    path.write_text(
        "path;genre;confidence;second_genre;existing_genre;action\na.mp3;Rock;0,5;Pop;;write\n"
    )
    (row,) = rows_of(read_table(path), RULES)
    assert row.candidates == (
        Candidate(genres=("Rock",), probability=0.5),
        Candidate(genres=("Pop",), probability=None),
    )
    assert row.seconds is None


def test_keys_decide_and_go_on(review):
    done = press(review, "s", "2")
    done = press(done, "c", typed="Prog Rock; Live")
    assert done.at == 2
    assert [(d.action, d.genres) for d in done.decisions.values()] == [
        (Action.SKIP, ("Classical",)),
        (Action.WRITE, ("Metal",)),
        (Action.WRITE, ("Prog Rock", "Live")),
    ]
    assert press(review, "\r").decisions[0].genres == ("Classical",)


def test_a_genre_that_seems_misspelt_is_written_as_typed_and_named_with_its_neighbour(review):
    step = keys("Classicla").press("c", review)
    assert step.review.decisions[0].genres == ("Classicla",)
    assert step.message.endswith("Did you mean 'Classical'? u takes it back.")
    for known in ("classical", "Folk", "Ska", "Prog Rock; Live"):  # of the table, of ID3v1, new
        assert "Did you mean" not in keys(known).press("c", review).message


def test_keys_without_a_meaning_change_nothing(review):
    assert press(review, "z", "9", "0", "\x1b") == review
    assert press(review, "c", typed=" ; ") == review


def test_moving_stops_at_both_ends(review):
    assert press(review, "b").at == 0
    assert press(review, " ", "\x1b[C", "n", " ").at == 2
    assert keys().press("b", review).message == "This is the first track."


def test_undo_takes_back_one_decision_after_another(review):
    done = press(review, "s", " ", "\r", "b", "b", "1")
    first = press(done, "u")
    assert (first.at, first.decision.action) == (0, Action.SKIP)
    second = press(first, "u")
    assert (second.at, set(second.decisions)) == (2, {0})
    assert press(second, "u", "u") == review


def test_the_end_of_a_review(review):
    assert keys().press("q", review).review is None
    assert keys().press("s", review.moved(2)).message.endswith("It was the last track; q quits.")


def test_only_decided_rows_change_and_apply_reads_them(table, review):
    document = Document(table)
    assert is_as_written(table)
    done = press(review, "s", "1", "1")
    document.save(done.changes())
    lines = table.read_bytes().decode().splitlines(keepends=True)
    assert lines[0] == HEAD
    assert lines[1] == TABLE.splitlines(keepends=True)[1].replace(",write,", ",skip,")
    assert lines[2] == UNCERTAIN.replace(",skip,", ",write,")
    assert lines[3] == TABLE.splitlines(keepends=True)[3]
    assert [(row.path, row.genres, row.existing) for row in read_plan(table)] == [
        (Path("m/b.mp3"), ("Rap",), ("Folk", "Live")),
        (Path('m/d, "e".mp3'), ("Rap",), ("Rock",)),
    ]
    assert not is_as_written(table)  # so that no scan replaces the decisions
    document.save(press(done, "u", "u", "u").changes())
    assert table.read_bytes() == TABLE.encode()
    assert is_as_written(table)


@pytest.mark.parametrize(
    ("start", "delimiter", "end"),
    [("\ufeff", ";", "\r\n"), ("\ufeffsep=;\r\n", ";", "\r\n"), ("", "\t", "\n\n")],
)
def test_a_table_from_a_spreadsheet_keeps_its_form(tmp_path, start, delimiter, end):
    path = tmp_path / "sheet.csv"
    columns = ("Path", "genre", "note", "note", "existing_genre", "action", "confidence")
    rows = [
        columns,
        ("=a.mp3", "Rock", "x", "y", "", "skip", "0,4"),
        ("b.mp3", "Pop", "", "", "", ""),
    ]
    path.write_bytes((start + "".join(delimiter.join(row) + end for row in rows)).encode())
    before = path.read_bytes()
    document = Document(path)
    document.save({})
    assert path.read_bytes() == before
    document.save({0: {"genre": "'=Rock; Live", "action": "write"}})
    saved = path.read_bytes().decode()
    new = delimiter.join(["=a.mp3", "'=Rock; Live", "x", "y", "", "write", "0,4"])
    if delimiter == ";":
        new = new.replace("'=Rock; Live", '"\'=Rock; Live"')
    assert saved.startswith(start + delimiter.join(columns))
    assert new in saved
    assert saved.endswith(delimiter.join(rows[2]) + end)


def test_a_table_that_somebody_else_changed_is_not_replaced(table):
    document = Document(table)
    table.write_bytes(TABLE.replace("Folk", "Punk").encode())
    with pytest.raises(PathError, match="changed by another program"):
        document.save({0: {"genre": "Rock", "action": "write"}})
    assert b"Punk" in table.read_bytes()
    assert list(table.parent.glob(".genres*")) == []


def test_a_link_stays_a_link(table, tmp_path):
    link = tmp_path / "link.csv"
    link.symlink_to(table)
    Document(link).save({0: {"action": "skip"}})
    assert link.is_symlink()
    assert b",skip," in table.read_bytes().splitlines()[1]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (40, 20), (80, 12)])
def test_the_screen_fits(review, width, height):
    long = replace(
        review.rows[0],
        path=Path("/music", "a\nlong " * 30, "title " * 30 + ".mp3"),
        genres=("Genre " * 20,),
        existing=("Other " * 30,),
        candidates=tuple(Candidate(genres=(f"G{n}",), probability=1.0) for n in range(12)),
    )
    crowded = replace(review, rows=(long,))
    for state in (review, crowded, press(crowded, "\r")):
        shown = frame(state, name="genres.csv" * 20, width=width, height=height, message="m" * 500)
        lines = shown.plain.split("\n")
        assert len(lines) <= height - 2  # a line is left to type in
        assert max(map(len, lines)) < width or width == 40  # the keys need 50 columns


def test_the_screen_says_what_will_happen(review):
    def says(state):
        return frame(state, name="g.csv", width=80, height=24).plain

    assert "The table: write Classical" in says(review)
    assert "The table: leave alone (uncertain)" in says(review.moved(1))
    assert "In the file: Folk, Live" in says(review.moved(1))
    assert "The table: keep Rock" in says(review.moved(2))
    assert "Decided: write Rap" in says(press(review, "2", "b"))


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_review_saves_each_decision_and_continues_where_it_stopped(table, monkeypatch):
    pressed = []
    monkeypatch.setattr("typer.getchar", lambda: pressed.pop(0))
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(sys, "stdout", out := Terminal())
    pressed[:] = ["s", "q"]
    assert run_review(table, uncertain=False, config_file=None) == 0
    assert "1 decision saved in" in out.getvalue()
    pressed[:] = ["\r", "q"]
    run_review(table, uncertain=False, config_file=None)
    assert "This is where you stopped" in out.getvalue()
    actions = [row.cells["action"] for row in read_table(table).rows]
    assert actions == ["skip", "write", "skip", "keep"]


def test_a_review_needs_a_terminal_and_something_to_review(table):
    done = genretag("review", table)
    assert (done.returncode, "A review needs a terminal" in done.stderr) == (2, True)
    table.write_text(HEAD)
    done = genretag("review", table)
    assert (done.returncode, "There is no track to review" in done.stderr) == (0, True)


def test_a_player_gets_the_analysed_part(tmp_path):
    assert command_words(
        "play -ss {start} -t {seconds} '--name={file}'", Path("/m/it's.mp3"), 12.5, 30.0
    ) == ["play", "-ss", "12.50", "-t", "30.00", "--name=/m/it's.mp3"]
    track = write_audio(tmp_path / "a.wav", music(6.0))
    note = tmp_path / "note"
    script = f'{sys.executable} -c \'open(r"{note}", "w").write("{{start}}")\' {{file}}'
    player = Player(script)
    assert player.play(track, 4.0) == "Playing from 0:01; any key stops it."
    wait_until(lambda: note.exists() and note.read_text() == "1.00")
    player.stop()


def test_a_player_that_cannot_play_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("tagger.review.player._SOON", 60)
    track = write_audio(tmp_path / "a.wav", music(4.0))
    failing = f"{sys.executable} -Sc 'raise SystemExit(7)' {{file}}"
    assert Player(failing).play(track, None).endswith("ended with exit code 7.")
    assert "cannot be started" in Player("no-such-player {file}").play(track, None)
    assert "is not audio" in Player("true {file}").play(Path(__file__), 30.0)


def test_the_player_is_a_setting(home):
    home.mkdir()
    file = home / "config.toml"
    file.write_text('[review]\nplayer = "vlc {file}"\n')
    assert load().review.player == "vlc {file}"
    for wrong, said in (
        ('player = "vlc"', "that names {file}"),
        ("player = 7", "must be a text in quotes"),
        ('plyer = "vlc {file}"', "Did you mean 'player'?"),
    ):
        file.write_text(f"[review]\n{wrong}\n")
        with pytest.raises(ConfigError, match="line 2") as error:
            load()
        assert said in str(error.value)
