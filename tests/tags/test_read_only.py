"""Genres of files that genretag writes no tags into."""

import av
import pytest
from conftest import music, write_audio

from tagger.errors import OversizedTagError, TagError
from tagger.tags.containers.base import Data
from tagger.tags.containers.matroska import matroska_genres
from tagger.tags.genre_fields.layouts import read_only_genres

UNKNOWN_SIZE = b"\x01" + b"\xff" * 7


def element(number: int, content: bytes, size: bytes | None = None) -> bytes:
    """Return an element of Matroska."""
    name = number.to_bytes((number.bit_length() + 7) // 8)
    return name + (size or (1 << 56 | len(content)).to_bytes(8)) + content


def tag(name: str, value: str) -> bytes:
    """Return a tag that says one thing."""
    parts = element(0x45A3, name.encode()) + element(0x4487, value.encode())
    return element(0x7373, element(0x63C0, b"") + element(0x67C8, parts))


HEADER = element(0x1A45DFA3, b"")
TAGS = element(0x1254C367, tag("TITLE", "Blues") + tag("Genre", "Jazz") + tag("GENRE", "Funk"))
CLUSTER = element(0xE7, b"\0") + element(0xA3, bytes(50))


def matroska(*parts: bytes, size: bytes | None = None) -> Data:
    """Return a file of one segment."""
    return Data.of(HEADER + element(0x18538067, b"".join(parts), size))


@pytest.mark.parametrize(
    "data",
    [
        matroska(TAGS, element(0x1F43B675, CLUSTER)),
        matroska(element(0x1F43B675, CLUSTER), TAGS),
        matroska(element(0x1F43B675, CLUSTER, UNKNOWN_SIZE) * 3, TAGS, size=UNKNOWN_SIZE),
        matroska(TAGS, TAGS),
    ],
    ids=["in front", "behind", "live recording", "twice"],
)
def test_genres_are_found_wherever_the_tags_stand(data):
    assert matroska_genres(data) == ("Jazz", "Funk")


def test_a_file_cut_short_anywhere_ends_in_a_sentence_or_in_fewer_genres(tmp_path):
    whole = bytes(matroska(TAGS, element(0x1F43B675, CLUSTER)))
    path = tmp_path / "cut.mka"
    for stop in range(len(whole)):
        path.write_bytes(whole[:stop])
        try:
            assert {*read_only_genres(path)} <= {"Jazz", "Funk", "Fun", "Fu", "F", "Ja", "Jaz", "J"}
        except TagError as error:
            assert str(error)


def test_hostile_tags_of_matroska_are_bounded():
    with pytest.raises(OversizedTagError):
        matroska_genres(matroska(element(0x1254C367, bytes(1 << 25))))
    empty = element(0xEC, b"", b"\x80")
    assert matroska_genres(matroska(empty * 60_000, TAGS)) == ()


@pytest.mark.parametrize(
    ("name", "container", "codec"),
    [("a.mka", "matroska", "aac"), ("a.webm", "webm", "libopus")],
)
def test_genres_that_ffmpeg_writes_into_matroska_are_shown_and_kept(
    genretag, toy_model, tmp_path, name, container, codec
):
    plain = write_audio(tmp_path / "plain.wav", music(4))
    path = tmp_path / "music" / name
    path.parent.mkdir()
    with av.open(str(plain)) as source, av.open(str(path), "w", format=container) as output:
        output.metadata["GENRE"] = "Polka"
        stream = output.add_stream(codec, rate=48_000)
        resampler = av.AudioResampler(stream.format, stream.layout, stream.rate)
        for frame in source.decode(audio=0):
            frame.pts = None
            for fitting in resampler.resample(frame):
                output.mux(stream.encode(fitting))
        output.mux(stream.encode(None))
    said_of(genretag, toy_model, path, "Matroska and WebM")


@pytest.mark.parametrize("where", ["ID3v2", "APEv2"])
def test_genres_beside_aac_are_shown_and_kept(genretag, toy_model, tmp_path, where):
    from mutagen.apev2 import APEv2
    from mutagen.id3 import ID3, TCON

    path = write_audio(tmp_path / "a.aac", music(4))
    if where == "ID3v2":
        tags = ID3()
        tags.add(TCON(text=["Polka"]))
        tags.save(path)
    else:
        items = APEv2()
        items["Genre"] = "Polka"
        items.save(path)
    said_of(genretag, toy_model, path, "AAC")


def said_of(genretag, toy_model, path, kind):
    """Check what scans say of a file with a genre that cannot be written."""
    before = path.read_bytes()
    table = path.with_name("table.csv")
    for words in ((), ("--dry-run",), ("--write-tags", "--overwrite")):
        code, _, err = genretag(
            "scan", path, "--model", toy_model, "--min-confidence", "0", "--csv", table, *words
        )
        assert code == 0, err
        row = table.read_text("utf-8").splitlines()[1]
        assert "Polka" in row
        assert f"genretag writes none into {kind} files" in row
    assert path.read_bytes() == before
