"""`[write]` and `[[folder]]` of the configuration, as the commands follow them."""

import mutagen
import pytest
from commandline import rows
from conftest import genretag_here as genretag
from mutagen.id3 import ID3

ALL = ("--min-confidence", 0, "--top", 2)


@pytest.fixture
def settings(home):
    def write(text: str) -> None:
        home.mkdir(exist_ok=True)
        (home / "config.toml").write_text(text)

    return write


@pytest.fixture
def v23(song):
    """A track with an ID3v2.3 tag, and no genre."""
    track = song("v23.mp3")
    tags = ID3()
    tags.update_to_v23()
    tags.save(track, v2_version=3)
    return track


def genre_text(track) -> list[str]:
    return [str(text) for text in ID3(track, translate=False).getall("TCON")[0].text]


def test_genres_are_joined_or_separated_by_scan_and_apply(settings, song, v23, toy_model, tmp_path):
    flac = song("list.flac")
    plan = tmp_path / "plan.csv"
    assert genretag("scan", flac, "--model", toy_model, *ALL, "--csv", plan).returncode == 0
    settings('[write]\njoined = "; "\nid3v23_separator = " + "\n')
    assert genretag("apply", plan).returncode == 0
    (text,) = mutagen.File(flac)["genre"]
    assert text.count("; ") == 1
    settings('[write]\nid3v23_separator = " + "\n')
    scan = ("scan", v23, "--model", toy_model, *ALL, "--write-tags", "--append", "--no-cache")
    assert genretag(*scan).returncode == 0
    (text,) = genre_text(v23)
    assert text.count(" + ") == 1
    assert "1 had one already" in genretag(*scan).stdout
    assert genre_text(v23) == [text]


def test_rules_of_folders(settings, song, toy_model, tmp_path):
    music = tmp_path / "music"
    for name in ("skipped/1.wav", "sure/1.wav", "other/1.wav"):
        song(name)
    settings(
        f"[[folder]]\npath = {str(music / 'skipped')!r}\nskip = true\n"
        f"[[folder]]\npath = {str(music / 'sure')!r}\nmin_confidence = 1\n"
    )
    scan = ("scan", music, "--model", toy_model, "--csv", "-")
    found = {row["path"].split("/")[-2]: row["status"] for row in rows(genretag(*scan).stdout)}
    assert found == {"other": "ok", "sure": "uncertain"}
    found = rows(genretag(*scan, "--min-confidence", 0).stdout)
    assert [row["status"] for row in found] == ["ok", "ok"]
    assert "skipped" in genretag("scan", music / "skipped", "--model", toy_model).stderr
