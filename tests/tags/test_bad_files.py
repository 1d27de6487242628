"""Files that were made to hurt: each once stopped a scan, or took seconds or gigabytes."""

import bad_files
import pytest
from bad_files import HOSTILE, frame, id3, packed_frame
from formats import ARTIST, TITLE, make
from mutagen.id3 import ID3

from tagger.errors import OversizedTagError, TagError
from tagger.tags.containers import id3 as id3_reader
from tagger.tags.containers import mp4, xiph
from tagger.tags.containers.base import Data
from tagger.tags.content import content_of
from tagger.tags.genre_fields.layouts import layout_of
from tagger.writing.planning import plan
from tagger.writing.safewrite import make as make_change


def hostile(name, folder):
    kind, hurt = HOSTILE[name]
    return Data.of(hurt(make(kind, folder, 0.1).read_bytes()))


def test_atoms_in_atoms_in_atoms_end_with_a_sentence(tmp_path):
    with pytest.raises(OversizedTagError, match="in one another"):
        content_of(hostile("MP4 atoms, 5,000 deep", tmp_path))


def test_asf_extensions_within_extensions_are_not_followed(tmp_path):
    content_of(hostile("ASF header extensions, 3,000 deep", tmp_path))


def test_atoms_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(mp4, "_MOST_ATOMS", 300)
    data = make("m4a-aac", tmp_path, 0.1).read_bytes()
    for empty in (b"\0\0\0\x08free", b"\0\0\0\x08moov"):
        with pytest.raises(OversizedTagError, match="MP4 atoms"):
            content_of(Data.of(data + empty * 300))
    content_of(Data.of(data))


def test_offsets_of_samples_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(mp4, "_MOST_OFFSETS", 1)
    with pytest.raises(OversizedTagError, match="offsets of samples"):
        content_of(hostile("MP4 offsets that are looked for in thousands of parts", tmp_path))


def test_id3_tags_are_counted(tmp_path):
    good = make("mp3-v23", tmp_path, 0.1).read_bytes()
    layout_of(Data.of(id3(b"") * 90 + good))
    for read in (content_of, layout_of):
        with pytest.raises(OversizedTagError, match="100 ID3 tags"):
            read(Data.of(id3(b"") * 100 + good))


def test_frames_that_unpack_exactly_to_the_bound_do_not_lift_it(monkeypatch):
    monkeypatch.setattr(id3_reader, "MOST_UNPACKED", 1 << 12)
    id3_reader.read_tag(Data.of(id3(packed_frame(1 << 12))))
    with pytest.raises(OversizedTagError, match="compressed ID3 frames"):
        id3_reader.read_tag(Data.of(id3(packed_frame(1 << 12) + packed_frame(1 << 20))))


def test_flac_blocks_are_counted(tmp_path):
    good = make("flac", tmp_path, 0.1).read_bytes()
    with pytest.raises(OversizedTagError, match="FLAC metadata blocks"):
        layout_of(Data.of(bad_files.empty_blocks(good, 10_001)))


def test_ogg_pages_without_content_are_counted(tmp_path):
    good = make("ogg-vorbis", tmp_path, 0.1).read_bytes()
    with pytest.raises(OversizedTagError, match="Ogg pages without content"):
        content_of(Data.of(bad_files.empty_pages(good, 10_001)))


@pytest.mark.parametrize("read", [content_of, layout_of])
def test_ogg_headers_have_a_greatest_size(tmp_path, monkeypatch, read):
    monkeypatch.setattr(xiph, "MOST_BYTES", 1 << 17)
    with pytest.raises(OversizedTagError, match="Ogg headers"):
        read(hostile("an Ogg packet without end", tmp_path))


def test_a_recording_that_was_broken_off_is_not_left_to_the_decoder(tmp_path):
    good = make("wav", tmp_path, 0.1).read_bytes()
    with pytest.raises(OversizedTagError, match="megabytes of zeros"):
        layout_of(Data.of(good + bytes(5 << 20)))
    layout_of(Data.of(good + bytes(5)))


def test_comments_that_lie_about_their_number_or_size(tmp_path):
    for name in ("four thousand million comments", "comments of four gigabytes"):
        with pytest.raises((ValueError, TagError)):
            layout_of(hostile(name, tmp_path))


def test_a_damaged_ogg_page_is_not_made_whole_by_a_new_checksum(tmp_path):
    """Decoders drop it, and would play noise instead."""
    path = make("ogg-vorbis", tmp_path, 0.1)
    good = path.read_bytes()
    last = good.rindex(b"OggS")
    long = ["Jazz", "x" * 70_000]  # more pages: all that follow get new numbers
    for at, genres in ((good.index(b"TITLE"), ["Jazz"]), (last + 60, long)):
        bad = bad_files.put(good, at, bytes([good[at] ^ 1]))
        path.write_bytes(bad)
        with pytest.raises(TagError, match="a page of it is damaged"):
            plan(path, genres=genres)
    path.write_bytes(good)
    assert plan(path, genres=long).splices


def test_a_tag_of_which_nothing_can_be_read_does_not_hide_another(tmp_path):
    """FFmpeg reads ID3v1 only where it finds nothing in ID3v2."""
    path = make("mp3-v1", tmp_path, 0.1)
    good = path.read_bytes()
    path.write_bytes(bad_files.put(good, 14, b"\x7f"))  # the size of the first frame
    with pytest.raises(TagError, match="begins with a broken frame"):
        plan(path, genres=["Jazz"])


def test_a_tag_that_is_all_encrypted_does_not_hide_another(tmp_path):
    path = make("mp3-v1", tmp_path, 0.1)
    good = path.read_bytes()
    audio = good[-1600:]
    path.write_bytes(id3(frame(b"TIT2", b"\0secret", 0x40)) + audio[audio.index(b"\xff") :])
    with pytest.raises(TagError, match="only encrypted ones"):
        plan(path, genres=["Jazz"])


def test_frames_behind_a_wrong_flag_for_an_extended_header_are_kept(tmp_path):
    """Some taggers set the flag, and write no such header."""
    path = make("mp3-v1", tmp_path, 0.1)
    good = path.read_bytes()
    assert good[:3] == b"ID3"
    path.write_bytes(bad_files.put(good, 5, bytes([good[5] | 0x40])))
    make_change(plan(path, genres=["Jazz"]))
    tags = ID3(path, load_v1=False)
    assert [tags[name].text for name in ("TCON", "TIT2", "TPE1")] == [["Jazz"], [TITLE], [ARTIST]]


@pytest.mark.parametrize("size", [b"\0\0\0\x05", b"\0\0\x01\x20", b"\x7f\x7f\x7f\x7f"])
def test_an_extended_header_with_a_wrong_size_takes_no_frames_with_it(tmp_path, size):
    path = make("mp3-v1", tmp_path, 0.1)
    good = path.read_bytes()
    tag = bytearray(good[: id3_reader.after_id3(Data.of(good))])
    audio = good[len(tag) :]
    tag[5] |= 0x40
    tag[6:10] = bad_files.syncsafe(len(tag) - 10 + 6)
    path.write_bytes(bytes(tag[:10]) + size + b"\x01\0" + bytes(tag[10:]) + audio)
    with pytest.raises(TagError, match="extended header of its ID3 tag is damaged"):
        plan(path, genres=["Jazz"])


def test_an_apev2_tag_with_a_wrong_count_of_items_is_left_alone(tmp_path):
    path = make("wavpack", tmp_path, 0.1)
    good = path.read_bytes()
    at = good.rindex(b"APETAGEX") + 16
    path.write_bytes(bad_files.put(good, at + 3, b"\xef"))
    with pytest.raises(TagError, match="wrong count of items"):
        plan(path, genres=["Jazz"])


def test_large_items_are_compared_without_being_kept(tmp_path):
    good = make("m4a-aac", tmp_path, 0.1).read_bytes()
    pictures = [good + bad_files.box(b"uuid", bytes([value]) * (1 << 20)) for value in (1, 2, 1)]
    one, other, same = (content_of(Data.of(content)).items for content in pictures)
    assert one == same != other
    assert sum(len(value) for _, value in one) < 1 << 16


def test_a_genre_in_an_empty_tag_does_not_hide_id3v1(tmp_path):
    path = make("mp3-v1", tmp_path, 0.1)
    audio = path.read_bytes()[-1600:]  # frames of audio, and ID3v1
    path.write_bytes(id3(bytes(500)) + audio[audio.index(b"\xff") :])
    change = plan(path, genres=["Jazz"])
    make_change(change)
    tags = ID3(path, load_v1=False)
    assert [tags[name].text for name in ("TCON", "TIT2", "TPE1")] == [["Jazz"], [TITLE], [ARTIST]]
