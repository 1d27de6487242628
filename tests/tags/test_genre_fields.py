"""Where files keep genres: all fields are read, all are written, and nothing else changes."""

import os
import struct
import sys
import time
import zlib
from pathlib import Path

import av
import formats
import mutagen
import pytest
import second_reader
from conftest import RATE, music, nobody, open_to_all, write_audio
from mutagen import apev2
from mutagen.apev2 import APEv2
from mutagen.id3 import ID3

from tagger.audio.decode import decode
from tagger.errors import TagError
from tagger.identity import Identity
from tagger.pipeline.extract import refusal_of
from tagger.tags.containers.base import open_data
from tagger.tags.formats import can_hold_tags, is_music, why_no_tags
from tagger.tags.genre_fields.layouts import open_layout
from tagger.tags.genre_names import WriteStyle
from tagger.tags.mutagen_tags import open_tags, read_genres
from tagger.writing.journal import Journal
from tagger.writing.planning import plan
from tagger.writing.safewrite import make
from tagger.writing.surroundings import Surroundings
from tagger.writing.writer import TagWriter, refusal


@pytest.fixture
def journal(tmp_path):
    with Journal(tmp_path / "state") as journal:
        yield journal


@pytest.fixture
def writer(journal):
    return TagWriter(journal, "test")


def id3v2(version: int, *frames: tuple[bytes, bytes]) -> bytes:
    """Build a tag without padding by hand."""
    flags = b"\0\0"
    body = b"".join(
        name + formats_size(len(content), version) + flags + content for name, content in frames
    )
    return b"ID3" + bytes([version, 0, 0]) + formats_size(len(body), 4) + body


def formats_size(size: int, version: int) -> bytes:
    if version == 3:
        return size.to_bytes(4)
    return bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))


def info(**texts: str) -> bytes:
    """Build the INFO list of a WAV."""
    items = b"INFO"
    for name, text in texts.items():
        value = text.encode() + b"\0"
        items += name.encode() + struct.pack("<I", len(value)) + value + bytes(len(value) % 2)
    return b"LIST" + struct.pack("<I", len(items)) + items


def bare_wav(folder: Path, *chunks: bytes) -> Path:
    """Write a WAV with these chunks behind its audio."""
    path = folder / "bare.wav"
    samples = (music(1) * 20_000).astype("<i2").tobytes()
    body = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, RATE, RATE * 2, 2, 16)
    body += b"data" + struct.pack("<I", len(samples)) + samples + b"".join(chunks)
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    return path


def test_genre_of_riff_info_is_read_replaced_and_restored(tmp_path, writer, journal):
    track = bare_wav(tmp_path, info(INAM="Title", IART="Me", IGNR="Rock"))
    before = track.read_bytes()
    assert read_genres(track) == ("Rock",)
    assert writer.write(track, ["Jazz", "Pop"])
    assert read_genres(track) == ("Jazz", "Pop")
    with av.open(str(track)) as opened:
        assert opened.metadata == {"title": "Title", "artist": "Me", "genre": "Jazz; Pop"}
    # A new ID3 chunk would hide the title from readers that look at one place.
    assert b"id3 " not in track.read_bytes()
    writer.restore(journal.writes(1)[0])
    assert track.read_bytes() == before


def test_wav_with_id3_and_info_is_written_in_both(tmp_path, writer):
    tag = id3v2(4, (b"TIT2", b"\3Title"))
    chunk = b"id3 " + struct.pack("<I", len(tag)) + tag + bytes(len(tag) % 2)
    track = bare_wav(tmp_path, info(INAM="Title", IGNR="Rock"), chunk)
    assert read_genres(track) == ("Rock",)
    assert writer.write(track, ["Jazz"])
    layout = open_layout(track)
    assert [field.genres for field in layout.fields] == [("Jazz",), ("Jazz",)]


def test_wav_that_only_names_its_encoder_gets_an_id3_chunk(tmp_path, writer):
    track = bare_wav(tmp_path, info(ISFT="Lavf61.7"))
    writer.write(track, ["Jazz"])
    assert second_reader.genres_in(track) == ["Jazz"]
    assert mutagen.File(track).tags["TCON"].text == ["Jazz"]


def test_an_apev2_tag_of_131_bytes_is_not_taken_for_id3v1(tmp_path, writer):
    track = formats.make("wavpack", tmp_path)
    mutagen.File(track).delete()
    tags = APEv2()
    tags["Genre"] = "x" * (131 - 64 - 8 - len("Genre") - 1)
    tags.save(track)
    assert track.read_bytes()[-128:-125] == b"TAG"
    assert read_genres(track) == (tags["Genre"],)
    assert writer.write(track, ["Jazz"])
    assert second_reader.genres_in(track) == ["Jazz"]


def test_an_id3v2_tag_before_monkeys_audio_is_read_and_not_the_only_place(tmp_path):
    track = formats.make("ape", tmp_path)
    mutagen.File(track).delete()
    tag = id3v2(4, (b"TIT2", b"\3Title"), (b"TCON", b"\3Rock"))
    track.write_bytes(tag + track.read_bytes())
    assert read_genres(track) == ("Rock",)
    assert [field.name for field in open_layout(track).fields] == ["ID3v2.4", "APEv2"]


def test_genre_of_an_unsynchronised_tag_is_read(tmp_path, writer):
    track = formats.make("mp3-bare", tmp_path)
    stuffed = b"\1\xff\0\xfe" + "Rock".encode("utf-16-le")
    tag = bytearray(id3v2(4, (b"TIT2", b"\3Title"), (b"TCON", stuffed)))
    tag[5] = 0x80
    track.write_bytes(bytes(tag) + track.read_bytes())
    assert read_genres(track) == ("Rock",)
    assert writer.write(track, ["Jazz"])
    assert mutagen.File(track).tags["TCON"].text == ["Jazz"]


def test_an_empty_id3v2_tag_of_a_dsf_is_replaced(tmp_path, writer):
    track = formats.make("dsf", tmp_path)
    data = track.read_bytes()
    start = int.from_bytes(data[20:28], "little")
    empty = b"ID3\4" + bytes(6)
    size = (start + len(empty)).to_bytes(8, "little")
    track.write_bytes(data[:12] + size + data[20:start] + empty)
    assert writer.write(track, ["Jazz"])
    assert mutagen.File(track).tags["TCON"].text == ["Jazz"]
    assert track.read_bytes().count(b"ID3") == 1


@pytest.mark.parametrize("kind", ["mp3-bare", "tta"])
def test_genre_of_an_apev2_tag_alone_is_read_and_replaced(tmp_path, writer, kind):
    track = formats.make(kind, tmp_path)
    if kind == "tta":
        mutagen.File(track).delete()
    tags = APEv2()
    tags["Genre"], tags["Title"] = "Rock", "Title"
    tags.save(track)
    assert read_genres(track) == ("Rock",)
    assert writer.write(track, ["Jazz"])
    assert not track.read_bytes().startswith(b"ID3")
    assert (APEv2(track)["Genre"], APEv2(track)["Title"]) == ("Jazz", "Title")


def test_all_tags_of_an_mp3_are_kept_in_step(tmp_path, writer, journal):
    track = formats.make("mp3-v24", tmp_path)
    first = id3v2(3, (b"TIT2", b"\0Title"), (b"TCON", b"\0Rock"))
    track.write_bytes(first + track.read_bytes())
    tags = APEv2()
    tags["Genre"] = "Pop"
    tags.save(track)
    with track.open("ab") as file:
        file.write(b"TAG" + b"Title".ljust(124, b"\0") + b"\x11")
    before = open_layout(track)
    assert read_genres(track) == ("Rock", "Pop")
    assert writer.write(track, ["Jazz"])
    layout = open_layout(track)
    assert list(layout.texts) == ["ID3v2.3", "ID3v2.4 number 2", "APEv2", "ID3v1"]
    assert {field.genres for field in layout.fields} == {("Jazz",)}
    writer.restore(journal.writes(1)[0])
    assert open_layout(track).items == before.items


@pytest.mark.parametrize("genre", ["Hip-Hop/Rap", "Drum/Bass", "Hip-Hop/Rap; Pop"])
def test_a_lone_genre_with_a_slash_is_written_as_it_stands_into_id3v23(tmp_path, writer, genre):
    track = formats.make("mp3-v23", tmp_path)
    assert writer.write(track, [genre])
    assert mutagen.File(track).tags["TCON"].text == [genre]


def test_name_of_itunes_with_a_slash_is_one_genre(tmp_path, writer):
    track = formats.make("mp3-v23", tmp_path)
    writer.write(track, ["Hip-Hop/Rap", "Pop"])
    assert read_genres(track) == ("Hip-Hop/Rap", "Pop")
    writer.write(track, ["Hip-Hop/Rap"])
    assert read_genres(track) == ("Hip-Hop/Rap",)


def test_several_genres_can_be_joined_for_players_that_read_one(tmp_path, journal):
    for kind, style in (
        ("mp3-v23", WriteStyle(id3v23_separator="; ")),
        ("mp3-v24", WriteStyle(joined="; ")),
        ("flac", WriteStyle(joined="; ")),
        ("m4a-aac", WriteStyle(joined="; ")),
    ):
        track = formats.make(kind, tmp_path)
        assert TagWriter(journal, "test", style=style).write(track, ["Jazz", "Pop"])
        (field, *_) = open_layout(track).fields
        assert field.texts == ("Jazz; Pop",)


def twice_author(folder: Path) -> Path:
    """Write a WMA as FFmpeg does, which stores the author in two objects."""
    path = folder / "ffmpeg.wma"
    with av.open(str(path), "w", format="asf") as container:
        container.metadata.update(artist="Me", author="Me", title="Title")
        stream = container.add_stream("wmav2", rate=RATE, layout="mono")
        stream.bit_rate = 64_000
        frame = av.AudioFrame.from_ndarray(music(1)[None], "fltp", "mono")
        frame.sample_rate, frame.pts = RATE, 0
        container.mux([*stream.encode(frame), *stream.encode(None)])
    return path


def test_wma_of_ffmpeg_is_written_and_its_genres_keep_their_order(tmp_path, writer, journal):
    track = twice_author(tmp_path)
    before = track.read_bytes()
    assert before.count("Me\0".encode("utf-16-le")) > 1
    assert writer.write(track, ["Jazz", "Blues", "Pop"])
    assert second_reader.genres_in(track) == ["Jazz", "Blues", "Pop"]
    assert [str(genre) for genre in mutagen.File(track).tags["WM/Genre"]] == [
        "Jazz",
        "Blues",
        "Pop",
    ]
    writer.restore(journal.writes(1)[0])
    assert read_genres(track) == ()


def test_doubled_items_of_other_tags_stay(tmp_path, writer):
    """Two comments in a FLAC, and two items of one key in an APEv2 tag."""
    track = formats.make("wavpack", tmp_path)
    item = struct.pack("<II", 3, 0) + b"Mood\0one"
    data = track.read_bytes()
    size, count = struct.unpack("<II", data[-20:-12])
    at = len(data) - 32
    footer = data[at:-20] + struct.pack("<II", size + len(item), count + 1) + data[-12:]
    head = at - size
    header = data[head : head + 12] + struct.pack("<II", size + len(item), count + 1)
    track.write_bytes(data[:head] + header + data[head + 20 : at] + item + footer)
    assert track.read_bytes().count(b"Mood\0") == 2
    assert writer.write(track, ["Jazz"])
    assert track.read_bytes().count(b"Mood\0") == 2
    assert second_reader.genres_in(track) == ["Jazz"]


def test_ogg_that_needs_another_page_is_renumbered(tmp_path, writer, journal):
    track = formats.make("ogg-vorbis", tmp_path)
    assert writer.write(track, ["a long genre " * 10_000 + "indeed"])
    with av.open(str(track)) as opened:
        assert sum(frame.samples for frame in opened.decode(audio=0)) > 20_000
    assert mutagen.File(track).info.length == pytest.approx(1, abs=0.1)
    writer.restore(journal.writes(1)[0])
    assert read_genres(track) == ()


def test_mp4_whose_audio_is_behind_the_tag_still_plays(tmp_path, writer):
    path = tmp_path / "front.m4a"
    with av.open(str(path), "w", format="ipod", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("aac", rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(music(1)[None], "fltp", "mono")
        frame.sample_rate, frame.pts = RATE, 0
        container.mux([*stream.encode(frame), *stream.encode(None)])
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(str(path)) as opened:
        before = [bytes(packet) for packet in opened.demux()]
    assert writer.write(path, ["Jazz"])
    assert path.stat().st_size > len(data)
    with av.open(str(path)) as opened:
        assert opened.metadata["genre"] == "Jazz"
        assert [bytes(packet) for packet in opened.demux()] == before


@pytest.mark.parametrize(
    "kind", ["dsf", "ape", "tta", "wavpack", "wav", "aiff", "m4a-aac", "ogg-opus"]
)
def test_a_file_that_is_cut_short_is_refused_with_that_reason(tmp_path, writer, kind):
    track = formats.make(kind, tmp_path)
    cut = track.read_bytes()[: track.stat().st_size // 2]
    track.write_bytes(cut)
    with pytest.raises(TagError, match="cut short"):
        writer.write(track, ["Jazz"])
    assert track.read_bytes() == cut


@pytest.mark.parametrize("kind", ["ape", "tta", "wavpack"])
def test_audio_that_lacks_its_last_byte_is_refused_and_whole_audio_is_not(tmp_path, kind):
    whole = formats.make(kind, tmp_path)
    mutagen.File(whole).delete()
    apev2.delete(whole)  # FFmpeg puts its name there
    assert refusal(whole, ["Jazz"]) == ""
    whole.write_bytes(whole.read_bytes()[:-1])
    assert "audio is missing at its end" in refusal(whole, ["Jazz"])
    assert refusal_of(whole) == refusal(whole, ["Jazz"])


def test_wavpack_that_ends_with_a_block_without_samples_is_whole(tmp_path):
    track = formats.make("wavpack", tmp_path)
    mutagen.File(track).delete()
    content = track.read_bytes()
    checksum = struct.pack("<4sIHBBIIIII", b"wvpk", 24, 0x407, 0, 0, 24_000, 0, 0, 0, 0)
    track.write_bytes(content + checksum)
    assert refusal(track, ["Jazz"]) == ""


@pytest.mark.parametrize("kind", ["ape", "wavpack", "musepack"])
def test_audio_behind_an_id3_tag_that_is_unusual_there(tmp_path, writer, kind):
    track = formats.make(kind, tmp_path)
    alone = decode(track, RATE, None)
    track.write_bytes(
        id3v2(4, (b"TIT2", b"\x03Title"), (b"TCON", b"\x03Polka")) + track.read_bytes()
    )
    assert (decode(track, RATE, None) == alone).all()
    assert read_genres(track) == ("Polka",)
    assert writer.write(track, ["Jazz"])
    assert read_genres(track) == ("Jazz",)
    id3, ape = ID3(track), APEv2(track)
    assert [str(id3[key]) for key in ("TIT2", "TCON")] == ["Title", "Jazz"]
    assert [str(ape[key]) for key in ("Title", "Genre")] == [formats.TITLE, "Jazz"]
    assert (decode(track, RATE, None) == alone).all()


def test_wavpack_of_any_sample_rate_is_written(tmp_path, writer):
    track = write_audio(tmp_path / "a.wv", music(1, 11_111), 11_111)
    with pytest.raises(IndexError):
        mutagen.File(track)
    assert refusal(track, ["Jazz"]) == ""
    assert writer.write(track, ["Jazz"])
    assert str(APEv2(track)["Genre"]) == "Jazz"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.mp3", b"", "is empty"),
        ("noise.mp3", b"no music " * 100, "no MPEG audio was found"),
        ("text.mp4", b"no music " * 10, "of a kind that mutagen, which reads its tags again"),
        ("short.mpc", b"MP+", "mutagen, which reads them again, fails on this file"),
    ],
)
def test_reasons_of_what_is_no_music(tmp_path, name, content, reason):
    track = tmp_path / name
    track.write_bytes(content)
    assert reason in refusal(track, ["Jazz"])


def test_aiff_whose_size_leaves_out_its_last_byte_is_written(tmp_path, writer):
    track = tmp_path / "odd.aiff"
    rate = bytes.fromhex("400dac44000000000000")  # 22,050 Hz
    samples = bytes(1001)
    body = b"AIFFCOMM" + struct.pack(">IhIh", 18, 1, len(samples), 8) + rate
    body += b"SSND" + struct.pack(">III", 8 + len(samples), 0, 0) + samples
    before = b"FORM" + len(body).to_bytes(4) + body + b"\0"
    for genre in ("Jazz", "Blues"):  # an odd and an even number of bytes
        track.write_bytes(before)
        assert writer.write(track, [genre])
        assert second_reader.genres_in(track) == [genre]
        assert mutagen.File(track).tags["TCON"].text == [genre]


def test_wavpack_that_lacks_a_whole_block_is_refused(tmp_path):
    track = formats.make("wavpack", tmp_path, seconds=2.5)
    mutagen.File(track).delete()
    content = track.read_bytes()
    track.write_bytes(content[: content.rindex(b"wvpk")])
    assert "audio is missing at its end" in refusal(track, ["Jazz"])


def test_a_tag_with_too_many_frames_is_refused_at_once(tmp_path, writer):
    track = formats.make("mp3-bare", tmp_path)
    frames = [(b"TXXX", b"\0%d\0x" % number) for number in range(40_000)]
    track.write_bytes(id3v2(4, *frames) + track.read_bytes())
    started = time.process_time()
    with pytest.raises(TagError, match="frames"):
        open_tags(track)
    with pytest.raises(TagError, match="frames"):
        writer.write(track, ["Jazz"])
    assert time.process_time() - started < 1


def test_a_compressed_frame_that_unpacks_to_gigabytes_is_refused(tmp_path, writer):
    track = formats.make("mp3-bare", tmp_path)
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(200)) + packer.flush()
    content = (200 << 20).to_bytes(4) + packed
    body = b"TXXX" + len(content).to_bytes(4) + b"\0\x80" + content
    tag = b"ID3\3\0\0" + formats_size(len(body), 4) + body
    track.write_bytes(tag + track.read_bytes())
    for attempt in (lambda: open_tags(track), lambda: writer.write(track, ["Jazz"])):
        with pytest.raises(TagError, match="more than"):
            attempt()


def test_refusal_is_known_without_writing(tmp_path, writer):
    track = formats.make("mp3-v24", tmp_path)
    before = track.read_bytes(), track.stat()
    assert refusal(track, ["Jazz"]) == ""
    assert "cannot hold" in refusal(track, ["17"])
    assert (track.read_bytes(), track.stat()) == before
    assert "cannot be reached" in refusal(tmp_path / "gone.mp3", ["Jazz"])
    cut = formats.make("wav", tmp_path)
    cut.write_bytes(cut.read_bytes()[:2000])
    assert "cut short" in refusal(cut, ["Jazz"])
    assert not list(tmp_path.glob(".genretag-*"))


@pytest.mark.parametrize("kind", formats.KINDS)
def test_a_dry_run_of_every_format_says_what_the_write_does(tmp_path, writer, journal, kind):
    track = formats.make(kind, tmp_path)
    before = track.read_bytes()
    assert refusal(track, ["Hip-Hop", "Jazz"]) == ""
    assert TagWriter(journal, "test", dry_run=True).write(track, ["Jazz"])
    assert track.read_bytes() == before


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="permissions of this kind are POSIX's")
def test_refusal_for_owner_and_folder_is_known_without_writing(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shared")
    track = formats.make("flac", folder)
    open_to_all(folder)
    track.chmod(0o666)
    folder.chmod(0o777)
    with nobody():
        assert refusal(track, ["Jazz"]) == ""
        if os.geteuid() != track.stat().st_uid:
            assert "owner" in refusal(track, ["Jazz"], strict_owner=True)
            around = Surroundings(strict_owner=True)
            assert "owner" in around.refusal(track, Identity.of(track))
    folder.chmod(0o1777)
    with nobody():
        if os.geteuid() != track.stat().st_uid:
            only_its_owner = "its folder lets only its owner do that"
            assert only_its_owner in refusal(track, ["Jazz"])
            assert only_its_owner in Surroundings().refusal(track, Identity.of(track))
            with pytest.raises(TagError, match=only_its_owner):
                make(plan(track, genres=["Jazz"]))
    folder.chmod(0o555)
    assert not Surroundings().refusal(track, Identity.of(track))
    with nobody():
        assert Surroundings().locked(folder)
        assert "read-only" in refusal(track, ["Jazz"])
    folder.chmod(0o755)


def test_a_pipe_is_no_file_to_wait_for(tmp_path):
    if sys.platform == "win32":
        pytest.skip("Windows has no named pipes in folders")
    pipe = tmp_path / "pipe.mp3"
    os.mkfifo(pipe)
    with pytest.raises(TagError, match="not a regular file"):
        read_genres(pipe)


def test_a_file_that_shrinks_while_it_is_read_is_an_error_and_no_crash(tmp_path):
    track = formats.make("wav", tmp_path)
    data = open_data(track)
    os.truncate(track, 1000)
    with pytest.raises(ValueError, match="cut short"):
        bytes(data[20_000:40_000])


def test_a_file_whose_kind_a_tag_would_hide_is_refused(tmp_path, writer):
    """Musepack before version 7 has no signature: behind an ID3 tag it passes for MP3."""
    track = tmp_path / "old.mpc"
    track.write_bytes(struct.pack("<2I", 4 << 11, 100) + bytes(2000))
    before = track.read_bytes()
    with pytest.raises(TagError, match="its format would not be recognised"):
        writer.write(track, ["Jazz"])
    assert track.read_bytes() == before
    assert "its format would not be recognised" in refusal(track, ["Jazz"])


@pytest.mark.parametrize(
    ("name", "start", "kind"),
    [
        ("a.mka", b"\x1aE\xdf\xa3", "Matroska and WebM"),
        ("a.WEBM", b"\x1aE\xdf\xa3", "Matroska and WebM"),
        ("a.aac", b"\xff\xf1", "AAC"),
        ("a.aac", b"ADIF", "AAC"),
        ("a.snd", b".snd", "AU"),
    ],
)
def test_kinds_without_tags_say_so(tmp_path, name, start, kind):
    reason = f"gets no genre (no tags possible: genretag writes none into {kind} files)"
    assert is_music(name)
    assert why_no_tags(Path(name)) == reason
    path = tmp_path / "named.mp3"
    path.write_bytes(start + bytes(100))
    assert refusal(path, ["Jazz"]) == reason


@pytest.mark.parametrize("name", ["a.dff", "a.tak"])
def test_kinds_with_tags_of_other_kinds_are_written(name):
    assert can_hold_tags(Path(name))


def dsdiff(folder: Path) -> Path:
    """Write the shortest DSDIFF that says what it is."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return name + struct.pack(">Q", len(content)) + content + bytes(len(content) % 2)

    properties = b"SND " + chunk(b"FS  ", struct.pack(">I", 2_822_400))
    properties += chunk(b"CHNL", struct.pack(">H4s", 1, b"C   "))
    properties += chunk(b"CMPR", b"DSD \x0enot compressed")
    content = b"DSD " + chunk(b"FVER", b"\1\5\0\0") + chunk(b"PROP", properties)
    content += chunk(b"DSD ", b"\x69" * 35_280)
    path = folder / "a.dff"
    path.write_bytes(b"FRM8" + struct.pack(">Q", len(content)) + content)
    return path


def test_dsdiff_gets_an_id3_chunk(tmp_path, writer, journal):
    track = dsdiff(tmp_path)
    assert writer.write(track, ["Jazz"])
    assert mutagen.File(track).tags["TCON"].text == ["Jazz"]
    assert read_genres(track) == ("Jazz",)
    writer.restore(journal.writes(1)[0])
    assert read_genres(track) == ()


def tak(folder: Path) -> Path:
    """Write a TAK file of one channel with 16 bits a sample, whose audio only looks like some."""
    samples, bits = 24_000, 16
    about = samples << 14 | (RATE - 6_000) << 52 | (bits - 8) << 70
    checksum = bytes(3)
    blocks = b"\1\x0d\0\0" + about.to_bytes(10, "little") + checksum + b"\0\3\0\0" + checksum
    path = folder / "a.tak"
    path.write_bytes(b"tBaK" + blocks + b"\xff\xa0" * 1000)
    return path


def test_tak_gets_an_apev2_tag(tmp_path, writer, journal):
    track = tak(tmp_path)
    before = track.read_bytes()
    assert refusal(track, ["Jazz"]) == ""
    assert writer.write(track, ["Jazz", "Blues"])
    assert track.read_bytes().startswith(before)
    assert list(mutagen.File(track).tags["Genre"]) == ["Jazz", "Blues"]
    writer.restore(journal.writes(1)[0])
    assert read_genres(track) == ()
