"""What genre texts mean. The formats themselves are in writing/test_safewrite.py."""

from pathlib import Path

import mutagen
import pytest
from conftest import music, write_audio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutagen.id3 import ID3, TCON, TIT2, TYER

from tagger.errors import TagError
from tagger.tags.formats import can_hold_tags
from tagger.tags.genre_names import merged
from tagger.tags.mutagen_tags import open_tags, read_genres


@pytest.fixture(scope="module")
def silent_mp3(tmp_path_factory) -> Path:
    return write_audio(tmp_path_factory.mktemp("tags") / "a.mp3", music(1))


@pytest.mark.parametrize(
    ("version", "texts", "genres"),
    [
        (4, ["Rock"], ("Rock",)),
        (4, ["(17)"], ("Rock",)),
        (4, ["17"], ("Rock",)),
        (4, ["(17)Rock"], ("Rock",)),
        (3, ["(17)(8)"], ("Rock", "Jazz")),
        (4, ["Rock", "Jazz"], ("Rock", "Jazz")),
        (4, ["Drum/Bass"], ("Drum/Bass",)),
        (3, ["Rock/Jazz"], ("Rock", "Jazz")),
    ],
)
def test_id3_texts_are_understood(silent_mp3, version, texts, genres):
    tags = ID3()
    tags.add(TCON(3 if version == 4 else 1, texts))
    tags.save(silent_mp3, v2_version=version)
    assert read_genres(silent_mp3) == genres


def test_null_separated_lists_are_understood(tmp_path):
    path = write_audio(tmp_path / "a.flac", music(1))
    file = mutagen.File(path)
    file.add_tags() if file.tags is None else None
    file["genre"] = ["Rock\0Jazz"]
    file.save()
    assert read_genres(path) == ("Rock", "Jazz")


@pytest.mark.parametrize("version", [3, 4])
def test_id3_keeps_its_version_and_its_frames(silent_mp3, version):
    tags = ID3()
    tags.add(TIT2(3, ["Title"]))
    if version == 3:
        tags.add(TYER(1, ["1999"]))
    tags.save(silent_mp3, v2_version=version, v1=2)
    file = open_tags(silent_mp3)
    file.texts = file.texts_for(["Hip-Hop", "Jazz"])
    file.save()
    again = mutagen.mp3.MP3(silent_mp3, translate=False).tags
    assert again.version[:2] == (2, version)
    assert ("TYER" in again) == (version == 3)
    assert again["TCON"].text == (["Hip-Hop/Jazz"] if version == 3 else ["Hip-Hop", "Jazz"])
    assert read_genres(silent_mp3) == ("Hip-Hop", "Jazz")
    assert silent_mp3.read_bytes()[-128:-125] == b"TAG"


# What a text tag can hold: no NUL, which separates values, and no half of a surrogate pair. ID3
# reads numbers (and CR, RX) as names of genres, and v2.3 has the slash for a separator.
names = (
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
    .map(str.strip)
    .filter(lambda text: text and not text[0].isdigit() and text[0] != "(")
    .filter(lambda text: text not in ("CR", "RX"))
)
quick = settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.parametrize("suffix", [".mp3", ".flac", ".m4a", ".wma", ".wv", ".opus"])
@quick
@given(genres=st.lists(names, min_size=1, max_size=3, unique=True))
def test_any_name_goes_in_and_comes_out(suffix, genres, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / f"property{suffix}"
    if not path.exists():
        write_audio(path, music(1))
    file = open_tags(path)
    file.texts = file.texts_for(genres)
    file.save()
    assert read_genres(path) == tuple(genres)


@quick
@given(genres=st.lists(names.filter(lambda text: "/" not in text), min_size=1, max_size=3))
def test_any_name_goes_into_id3v23(genres, silent_mp3):
    tags = ID3()
    tags.add(TIT2(3, ["Title"]))
    tags.save(silent_mp3, v2_version=3)
    file = open_tags(silent_mp3)
    file.texts = file.texts_for(genres)
    file.save()
    assert read_genres(silent_mp3) == tuple(genres)


def test_what_holds_no_tags(tmp_path):
    path = tmp_path / "a.mp3"
    path.write_text("no music")
    with pytest.raises(TagError):
        open_tags(path)
    assert not can_hold_tags(Path("a.au"))


def test_merged_keeps_order_and_ignores_case():
    assert merged(["Rock", "Jazz"], ["rock", "Pop"]) == ("Rock", "Jazz", "Pop")
