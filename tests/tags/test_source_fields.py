"""Where a genre came from: noted beside it, found again, and taken back with it."""

import formats
import mutagen
import pytest

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
