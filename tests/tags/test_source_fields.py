"""Where a genre came from: noted beside it, found again, and taken back with it."""

from dataclasses import replace

import formats
import mutagen
import pytest

from tagger.tags.containers.base import Data
from tagger.tags.containers.mp4 import atoms, purpose_of
from tagger.tags.genre_fields.layouts import open_layout
from tagger.tags.mutagen_tags import open_tags
from tagger.tags.provenance import Provenance, is_machine_made, joined
from tagger.writing.journal import Journal
from tagger.writing.writer import TagWriter

NOTE = str(Provenance(model="modél", confidence=0.8125, genres="Jazz; Blues"))


@pytest.fixture
def journal(tmp_path):
    with Journal(tmp_path / "state") as journal:
        yield journal


def noted(path):
    """Return what mutagen finds under GENRE_SOURCE, whatever the kind of tag."""
    tags = mutagen.File(path).tags
    found = [
        value for name, value in tags.items() if name.upper().rpartition(":")[2] == "GENRE_SOURCE"
    ]
    (value,) = found or [""]
    while not isinstance(value, (str, bytes)):
        value = getattr(value, "text", None) or (
            value[0] if isinstance(value, list) else value.value
        )
    return value.decode() if isinstance(value, bytes) else value


@pytest.mark.parametrize("kind", formats.KINDS)
def test_a_source_is_noted_beside_the_genre_and_goes_with_it(tmp_path, journal, kind):
    track = formats.make(kind, tmp_path)
    writer = TagWriter(journal, "test")
    writer.write(track, ["Polka"])
    first, others = track.read_bytes(), open_tags(track).others()
    assert noted(track) == open_layout(track).source == ""

    writer.write(track, ["Jazz", "Blues"], source=NOTE)
    assert noted(track) == open_layout(track).source == NOTE
    assert open_tags(track).others() == others
    assert is_machine_made(open_layout(track).genres, NOTE)
    writer.restore(journal.writes(1)[0])
    assert (noted(track), open_tags(track).texts) == ("", ("Polka",))

    writer.write(track, ["Jazz", "Blues"], source=NOTE)
    with_note = track.read_bytes()
    writer.write(track, ["Rock"])
    assert (noted(track), open_layout(track).source) == ("", "")
    writer.restore(journal.writes(1)[0])
    assert track.read_bytes() == with_note or noted(track) == NOTE
    writer.write(track, [])
    assert (noted(track), open_layout(track).genres) == ("", ())
    assert open_tags(track).others() == others
    assert len(first) > 0


@pytest.mark.parametrize("kind", ["mp3-v23", "flac", "m4a-aac", "ape", "wma"])
def test_the_note_of_another_program_is_kept_until_genretag_has_one(tmp_path, journal, kind):
    track = formats.make(kind, tmp_path)
    writer = TagWriter(journal, "test")
    writer.write(track, ["Polka"], source="lastfm")  # as the other program does
    writer.write(track, ["Rock"])
    assert noted(track) == "lastfm"
    writer.write(track, ["Jazz"], source=NOTE)
    first, second, third = sorted(journal.writes(1), key=lambda write: write.id)
    writer.restore(third)
    assert noted(track) == "lastfm"
    # An entry from before there were notes says nothing about them.
    genres_only = {name: i for name, i in second.before.items.items() if "source" not in name}
    writer.restore(replace(second, before=replace(second.before, items=genres_only)))
    assert (open_tags(track).texts, noted(track)) == (("Polka",), "lastfm")
    writer.restore(first)
    assert noted(track) == ""


def test_id3v22_and_freeform_atoms_that_are_damaged(tmp_path, journal):
    writer = TagWriter(journal, "test")
    old = tmp_path / "old.mp3"
    frame = b"TT2" + (6).to_bytes(3) + b"\0Title"
    tag = b"ID3\2\0\0" + bytes([0, 0, 0, len(frame)]) + frame
    old.write_bytes(tag + formats.make("mp3-bare", tmp_path).read_bytes())
    writer.write(old, ["Jazz"], source=NOTE)
    assert (noted(old), old.read_bytes()[3]) == (NOTE, 2)
    data = Data.of(b"\0\0\0\x18----\0\0\xff\xffmean" + bytes(8))
    (atom,) = atoms(data, 0, len(data))
    assert purpose_of(data, atom) is None


def test_a_note_is_read_as_it_was_written():
    assert NOTE.endswith("; modél; 0.81; Jazz; Blues")
    assert Provenance.parse(NOTE) == Provenance(
        model="modél", confidence=0.81, genres="Jazz; Blues"
    )
    for other in ("lastfm", "genretag 0.1; model; 0.5", "genretag 0.1; model; high; Jazz", ""):
        assert Provenance.parse(other) is None
        assert not is_machine_made(["Jazz"], other)
    assert not is_machine_made([], str(Provenance(model="m", confidence=1, genres="")))
    assert not is_machine_made(["Jazz", "Soul"], NOTE)  # somebody has edited it
    assert joined(["Jazz", "Blues"]) == "Jazz; Blues"
