"""Writing tags as if the library were irreplaceable."""

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from threading import Event

import formats
import pytest
import second_reader
from conftest import RATE, music, nobody, open_to_all, write_audio

from tagger.audio.decode import decode
from tagger.errors import TagError
from tagger.identity import Identity
from tagger.runtime.threads import in_parallel
from tagger.tags import content
from tagger.tags.containers.base import open_data
from tagger.tags.containers.id3 import read_tag
from tagger.tags.mutagen_tags import open_tags, read_genres
from tagger.writing import safewrite
from tagger.writing.journal import Journal
from tagger.writing.planning import plan
from tagger.writing.writer import TagWriter


@pytest.fixture
def journal(tmp_path):
    with Journal(tmp_path / "state") as journal:
        yield journal


@pytest.fixture
def writer(journal):
    return TagWriter(journal, "test")


@pytest.fixture(params=formats.KINDS)
def track(request, tmp_path) -> Path:
    return formats.make(request.param, tmp_path)


def sound_of(path: Path, kind: str) -> bytes:
    if kind in formats.UNDECODABLE:
        return b"".join(map(bytes, content._audio(open_data(path))))
    return decode(path, 22_050, None).tobytes()


@pytest.mark.parametrize("kind", formats.KINDS)
def test_every_format_is_written_read_back_and_restored(kind, tmp_path, writer, journal):
    track = formats.make(kind, tmp_path)
    before, others, sound = read_genres(track), open_tags(track).others(), sound_of(track, kind)
    held = content.read_content(track)
    assert held.items or kind == "mp3-bare"
    assert before == ()

    assert writer.write(track, ["Hip-Hop", "Jazz"])
    assert content.read_content(track) == held
    assert second_reader.genres_in(track) == ["Hip-Hop", "Jazz"]
    assert read_genres(track) == ("Hip-Hop", "Jazz")
    assert open_tags(track).others() == others
    assert sound_of(track, kind) == sound
    assert not writer.write(track, ["Hip-Hop", "Jazz"])

    assert writer.write(track, ["日本の歌", "Ærø"])
    assert read_genres(track) == ("日本の歌", "Ærø")

    (run,) = journal.runs()
    for write in journal.writes(run.id):
        writer.restore(write)
    assert read_genres(track) == ()
    assert open_tags(track).others() == others
    assert sound_of(track, kind) == sound
    assert not list(tmp_path.glob(".genretag-*"))


def test_id3v1_is_kept_in_step_and_otherwise_as_it_is(tmp_path, writer):
    track = formats.make("mp3-v1", tmp_path)
    before = track.read_bytes()[-128:]
    writer.write(track, ["Jazz"])
    assert track.read_bytes()[-128:] == before[:-1] + bytes([8])
    writer.write(track, ["My own"])
    assert second_reader.id3v1_genre(track) == 255
    bare = formats.make("mp3-bare", tmp_path)
    writer.write(bare, ["Jazz"])
    assert second_reader.id3v1_genre(bare) is None


@pytest.mark.parametrize("texts", [["(17)"], ["17", "Jazz"], ["Rock/Pop"]])
def test_undo_brings_back_the_very_words(tmp_path, writer, journal, texts):
    track = formats.make("mp3-v24", tmp_path)
    file = open_tags(track)
    file.texts = texts
    file.save()
    writer.write(track, ["Blues"])
    (run,) = journal.runs()
    writer.restore(journal.writes(run.id)[0])
    assert open_tags(track).texts == tuple(texts)


def test_content_is_all_but_the_genre(track, writer):
    before = content.read_content(track)
    original = track.with_name(f"original{track.suffix}")
    original.write_bytes(track.read_bytes())
    writer.write(
        track, ["A genre that needs more room than any padding has left, " * 200 + "truly"]
    )
    assert content.read_content(track) == before
    assert content.same_audio(original, track)
    whole = track.read_bytes()
    changed = 0
    spots = range(len(whole) // 40, len(whole), len(whole) // 20)
    for spot in spots:
        track.write_bytes(whole[:spot] + bytes([whole[spot] ^ 0xFF]) + whole[spot + 1 :])
        try:
            same = content.same_audio(original, track)
            changed += not same or content.read_content(track) != before
        except TagError:
            changed += 1
    # The long genre is most of what else there is.
    assert changed >= len(spots) // 8


def id3v1(title: bytes = b"Only here", genre: int = 8) -> bytes:
    return b"TAG" + title.ljust(30, b"\0") + bytes(94) + bytes([genre])


@pytest.mark.parametrize("kind", ["ape", "wavpack", "musepack", "tta"])
def test_id3v1_behind_other_tags_stays(tmp_path, writer, kind):
    track = formats.make(kind, tmp_path)
    with track.open("ab") as file:
        file.write(id3v1())
    writer.write(track, ["Rock"])
    assert track.read_bytes()[-128:] == id3v1(genre=17)
    assert second_reader.genres_in(track) == ["Rock"]


def test_a_song_with_nothing_but_id3v1(tmp_path, writer):
    track = formats.make("mp3-bare", tmp_path)
    with track.open("ab") as file:
        file.write(id3v1())
    assert read_genres(track) == ("Jazz",)
    writer.write(track, ["Rock"])
    assert second_reader.genres_in(track) == ["Rock"]
    assert track.read_bytes()[-128:] == id3v1(genre=17)
    assert str(open_tags(track).tags["TIT2"]) == "Only here"


def id3v2(version: int, *frames: tuple[bytes, bytes]) -> bytes:
    """Build a tag of short frames by hand."""
    narrow = version == 2
    body = b"".join(
        name + len(content).to_bytes(3 if narrow else 4) + (b"" if narrow else b"\0\0") + content
        for name, content in frames
    )
    size = len(body) + 100
    return b"ID3" + bytes([version, 0, 0, 0, 0, size >> 7, size & 127]) + body + bytes(100)


def test_id3v22_keeps_its_version(tmp_path, writer):
    track = formats.make("mp3-bare", tmp_path)
    tag = id3v2(2, (b"TT2", b"\0Title"), (b"TYE", b"\x001999"), (b"TCO", b"\0(17)"))
    track.write_bytes(tag + track.read_bytes())
    assert read_genres(track) == ("Rock",)
    writer.write(track, ["Jazz"])
    assert track.read_bytes().startswith(tag[:10])
    tags = open_tags(track).tags
    assert (str(tags["TIT2"]), str(tags["TDRC"]), tags["TCON"].text) == ("Title", "1999", ["Jazz"])
    assert read_genres(track) == ("Jazz",)


def frames_in(track: Path) -> list[bytes]:
    """The frames of the first ID3v2 tag but the genre, byte by byte."""
    tag = read_tag(open_data(track))
    return [raw for name, raw in tag.frames if name not in (b"TCON", b"TCO")]


DOUBLE = {
    "comments of one language": [(b"COMM", b"\0eng\0one"), (b"COMM", b"\0eng\0two")],
    "texts without a name": [(b"TXXX", b"\0\0one"), (b"TXXX", b"\0\0two")],
    "objects of one name": [(b"GEOB", b"\0a/b\0a\0n\0one"), (b"GEOB", b"\0a/b\0a\0n\0two")],
    "empty frames": [(b"TCOM", b""), (b"TPE1", b"\0One"), (b"TXXX", b"\0")],
    "titles": [(b"TIT2", b"\0one"), (b"TIT2", b"\0two")],
}


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("frames", DOUBLE.values(), ids=DOUBLE)
def test_frames_that_libraries_join_or_drop_stay_byte_by_byte(tmp_path, writer, version, frames):
    track = formats.make("mp3-bare", tmp_path)
    track.write_bytes(id3v2(version, *frames) + track.read_bytes())
    before, size = frames_in(track), track.stat().st_size
    assert writer.write(track, ["Jazz"])
    assert frames_in(track) == before
    assert len(before) == len(frames)
    assert track.stat().st_size == size  # the padding was used
    assert second_reader.genres_in(track) == ["Jazz"]


@pytest.mark.parametrize("version", [2, 3])
def test_frames_of_unsynchronised_and_old_tags_stay(tmp_path, writer, version):
    track = formats.make("mp3-bare", tmp_path)
    name = b"GEO" if version == 2 else b"GEOB"
    objects = [(name, b"\0text/plain\0a\0same\0" + text) for text in (b"one", b"two")]
    tag = bytearray(id3v2(version, *objects))
    tag[5] = 0x80 if version > 2 else 0
    track.write_bytes(bytes(tag) + track.read_bytes())
    before = frames_in(track)
    assert writer.write(track, ["Jazz"])
    assert frames_in(track) == before
    assert read_genres(track) == ("Jazz",)


def test_a_broken_frame_at_the_end_of_a_tag_stays(tmp_path, writer):
    track = formats.make("mp3-bare", tmp_path)
    tag = id3v2(3, (b"TIT2", b"\0Title"))
    broken = b"TALB\0\0\x7f\xff\0\0cut"
    at = len(tag) - 100
    track.write_bytes(tag[:at] + broken.ljust(100, b"\0") + track.read_bytes())
    assert writer.write(track, ["Jazz"])
    assert broken in track.read_bytes()
    assert read_genres(track) == ("Jazz",)


@pytest.mark.parametrize(
    "content", [b"", b"\0", b"\0\0", b"\0\0\0", b"\0Rock\0", b"\1\xff\xfe\0\0", b"\3(17)\0Pop\0"]
)
@pytest.mark.parametrize("version", [3, 4])
def test_undo_brings_back_every_byte_of_odd_genre_frames(
    tmp_path, writer, journal, version, content
):
    track = formats.make("mp3-bare", tmp_path)
    frames = (b"TIT2", b"\0Title"), (b"TCON", content)
    track.write_bytes(id3v2(version, *frames) + track.read_bytes())
    before = track.read_bytes()
    assert writer.write(track, ["Jazz"])
    assert read_genres(track) == ("Jazz",)
    assert writer.restore(journal.writes(1)[0])
    assert track.read_bytes() == before


def test_several_values_in_id3v23_stay_several(tmp_path, writer, journal):
    track = formats.make("mp3-bare", tmp_path)
    frames = (b"TPE1", b"\0One\0Two"), (b"TCON", b"\0Rock\0Pop")
    track.write_bytes(id3v2(3, *frames) + track.read_bytes())
    writer.write(track, ["Jazz"])
    assert open_tags(track).tags["TPE1"].text == ["One", "Two"]
    writer.restore(journal.writes(1)[0])
    assert open_tags(track).texts == ("Rock", "Pop")


def test_frame_sizes_as_itunes_wrote_them_are_understood(tmp_path, writer):
    """iTunes wrote plain sizes where v2.4 wants seven bits in a byte."""
    track = formats.make("mp3-bare", tmp_path)
    frames = (b"TXXX", b"\0long\0" + b"x" * 200), (b"TIT2", b"\0Title")
    track.write_bytes(id3v2(4, *frames) + track.read_bytes())
    assert writer.write(track, ["Jazz"])
    assert str(open_tags(track).tags["TIT2"]) == "Title"


def test_the_genre_of_id3v1_counts_and_comes_back(tmp_path, writer, journal):
    track = formats.make("mp3-v24", tmp_path)
    with track.open("ab") as file:
        file.write(id3v1(genre=17))
    assert read_genres(track) == ("Rock",)
    writer.write(track, ["Jazz"])
    assert second_reader.id3v1_genre(track) == 8
    writer.restore(journal.writes(1)[0])
    assert second_reader.id3v1_genre(track) == 17


def test_id3v1_behind_flac(tmp_path, writer):
    track = formats.make("flac", tmp_path)
    with track.open("ab") as file:
        file.write(id3v1())
    writer.write(track, ["Rock"])
    assert track.read_bytes()[-128:] == id3v1(genre=17)


@pytest.mark.parametrize(("kind", "genre"), [("mp3-v24", "17"), ("mp3-v23", "(17)")])
def test_a_genre_that_would_mean_another_is_refused(tmp_path, writer, kind, genre):
    track = formats.make(kind, tmp_path)
    before = track.read_bytes()
    with pytest.raises(TagError, match="cannot hold"):
        writer.write(track, [genre])
    assert track.read_bytes() == before


def test_long_disc_number_atoms_of_other_muxers_stay(tmp_path, writer):
    track = formats.make("m4a-aac", tmp_path)
    file = open_tags(track)
    file.tags["disk"] = [(1, 2)]
    file.save()
    data = track.read_bytes()
    at = data.index(b"disk") - 4
    grown = data[:at] + (32).to_bytes(4) + b"disk" + (24).to_bytes(4) + data[at + 12 : at + 24]
    grown += data[at + 24 : at + 30] + b"\0\0" + data[at + 30 :]
    for atom in (b"ilst", b"meta", b"udta", b"moov"):
        spot = grown.index(atom) - 4
        total = int.from_bytes(grown[spot : spot + 4]) + 2
        grown = grown[:spot] + total.to_bytes(4) + grown[spot + 4 :]
    track.write_bytes(grown)
    if open_tags(track).tags.get("disk") != [(1, 2)]:
        pytest.fail("the test built a bad file")
    writer.write(track, ["Jazz"])
    assert open_tags(track).tags["disk"] == [(1, 2)]


def test_a_damaged_count_of_items_does_not_hang(tmp_path):
    track = formats.make("ape", tmp_path)
    data = track.read_bytes()
    track.write_bytes(data[:-16] + b"\xff" * 4 + data[-12:])
    content.read_content(track)


def test_undo_wants_the_same_recording(tmp_path, writer, journal):
    track = formats.make("flac", tmp_path)
    writer.write(track, ["Jazz"])
    other = write_audio(tmp_path / "other.flac", music(1, seed=5))
    TagWriter(journal, "other").write(other, ["Jazz"])
    other.replace(track)
    (write,) = journal.writes(1)
    with pytest.raises(TagError, match="another recording"):
        writer.restore(write)
    assert writer.restore(write, force=True)


def test_what_a_killed_run_did_is_found_out_when_its_drive_is_back(tmp_path, journal):
    drive = tmp_path / "drive"
    drive.mkdir()
    track = formats.make("flac", drive)
    change = plan(track, genres=["Jazz"])
    run = journal.begin_run("killed")
    journal.begin(run, change)
    safewrite.make(change)
    drive.rename(tmp_path / "away")
    TagWriter(journal, "next")
    assert len(journal.unfinished()) == 1
    (tmp_path / "away").rename(drive)
    writer = TagWriter(journal, "next")
    assert not journal.unfinished()
    writer.restore(journal.writes(run)[0])
    assert read_genres(track) == ()


def test_empty_frames_are_no_loss(tmp_path, writer):
    track = formats.make("mp3-bare", tmp_path)
    tag = id3v2(4, (b"TIT2", b"\3Title"), (b"TCOM", b"\3"))
    track.write_bytes(tag + track.read_bytes())
    assert writer.write(track, ["Jazz"])


@pytest.mark.parametrize("comment", [b"ARTIST=caf\xe9", b"noequals", "schl\u00fcssel=1".encode()])
def test_vorbis_comments_that_are_no_text_are_not_lost(tmp_path, writer, comment):
    track = formats.make("flac", tmp_path)
    data = track.read_bytes()
    body = len(b"x").to_bytes(4, "little") + b"x" + (1).to_bytes(4, "little")
    body += len(comment).to_bytes(4, "little") + comment
    size = 4 + int.from_bytes(data[43:46])
    assert data[42] & 0x7F == 4
    track.write_bytes(data[:43] + len(body).to_bytes(3) + body + data[42 + size :])
    before = track.read_bytes()
    try:
        writer.write(track, ["Jazz"])
    except TagError:
        assert track.read_bytes() == before
    else:
        assert comment in track.read_bytes()


def test_a_name_beside_a_cover_is_not_lost(tmp_path, writer):
    track = formats.make("m4a-aac", tmp_path)
    data = track.read_bytes()
    at = data.index(b"covr") - 4
    size = int.from_bytes(data[at : at + 4])
    name = (14).to_bytes(4) + b"name" + b"a.jpeg"
    grown = data[: at + size] + name + data[at + size :]
    for atom in (b"covr", b"ilst", b"meta", b"udta", b"moov"):
        spot = grown.index(atom) - 4
        total = int.from_bytes(grown[spot : spot + 4]) + len(name)
        grown = grown[:spot] + total.to_bytes(4) + grown[spot + 4 :]
    track.write_bytes(grown)
    assert writer.write(track, ["Jazz"])
    assert name in track.read_bytes()
    assert read_genres(track) == ("Jazz",)


def test_a_streamed_wav_is_left_alone(tmp_path, writer):
    track = formats.make("wav", tmp_path)
    data = bytearray(track.read_bytes())
    data[4:8] = b"\xff" * 4
    at = data.index(b"data")
    data[at + 4 : at + 8] = b"\xff" * 4
    track.write_bytes(data)
    with pytest.raises(TagError):
        writer.write(track, ["Jazz"])
    assert track.read_bytes() == data


def test_owner_mode_and_extended_attributes_are_kept(tmp_path, journal):
    track = formats.make("flac", tmp_path)
    track.chmod(0o640)
    os.utime(track, ns=(10**18, 10**18))
    marked = False
    if hasattr(os, "setxattr"):
        try:
            os.setxattr(track, "user.mood", b"calm")
            marked = True
        except OSError:
            pass  # this file system has none
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        with contextlib.suppress(OSError):  # not every container has these users
            os.chown(track, 1234, 4321)
    before = track.stat()
    TagWriter(journal, "test", mtime="keep").write(track, ["Jazz"])
    after = track.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode,
        before.st_uid,
        before.st_gid,
    )
    assert after.st_mtime_ns == before.st_mtime_ns
    assert not marked or os.getxattr(track, "user.mood") == b"calm"


@pytest.mark.parametrize("strict", [False, True])
def test_owner_that_cannot_be_kept_is_reported_or_refused(tmp_path, journal, monkeypatch, strict):
    track = formats.make("flac", tmp_path)
    try:
        os.chown(track, 1234, 4321)
    except (AttributeError, OSError):
        pytest.skip("no file of another owner can be made here")
    before = track.read_bytes()
    chown = os.chown

    def only_the_group(path: Path, user: int, group: int) -> None:
        if user != -1:
            raise PermissionError
        chown(path, user, group)

    monkeypatch.setattr(os, "chown", only_the_group)
    writer = TagWriter(journal, "test", strict_owner=strict)
    if strict:
        with pytest.raises(TagError, match="its owner could not be kept"):
            writer.write(track, ["Jazz"])
        assert track.read_bytes() == before
    else:
        assert writer.write(track, ["Jazz"])
        assert track.stat().st_gid == 4321
        assert "owner (1)" in writer.notice


@pytest.mark.parametrize(("mtime", "seconds"), [("keep", 0), ("bump", 1), ("now", None)])
def test_modification_time_is_what_was_asked_for(tmp_path, journal, mtime, seconds):
    track = formats.make("flac", tmp_path)
    before = 10**18
    os.utime(track, ns=(before, before))
    TagWriter(journal, "test", mtime=mtime).write(track, ["Jazz"])
    after = track.stat().st_mtime_ns
    assert after > before + 10**10 if seconds is None else after == before + seconds * 10**9


def test_symbolic_links_stay_and_other_hard_links_keep_the_old_file(tmp_path, writer):
    track = formats.make("flac", tmp_path)
    symbolic, hard = tmp_path / "symbolic.flac", tmp_path / "hard.flac"
    symbolic.symlink_to(track.name)
    os.link(track, hard)
    writer.write(symbolic, ["Jazz"])
    assert symbolic.is_symlink()
    assert read_genres(track) == ("Jazz",)
    assert read_genres(hard) == ()


def test_file_that_changed_since_its_analysis_is_not_overwritten(tmp_path, writer):
    track = formats.make("flac", tmp_path)
    analysed_as = Identity.of(track)
    file = open_tags(track)
    file.texts = ["Polka"]
    file.save()
    with pytest.raises(TagError, match="changed since"):
        writer.write(track, ["Jazz"], analysed_as)
    assert read_genres(track) == ("Polka",)


def test_file_that_changes_while_it_is_written_is_not_overwritten(tmp_path, writer, monkeypatch):
    track = formats.make("flac", tmp_path)
    flush = safewrite.flush

    def meddle(path):
        flush(path)
        os.utime(track, ns=(1, 1))

    monkeypatch.setattr(safewrite, "flush", meddle)
    before = track.read_bytes()
    with pytest.raises(TagError, match="while it was being written"):
        writer.write(track, ["Jazz"])
    assert track.read_bytes() == before
    assert not list(tmp_path.glob(".genretag-*"))


DAMAGE = {
    "genre": (b"GENRE=Jazz", b"GENRE=Jizz"),
    "another tag": (b"TITLE=", b"TOTLE="),
    "the audio": (None, b"?"),
}


@pytest.mark.parametrize(("old", "new"), DAMAGE.values(), ids=DAMAGE)
def test_a_copy_that_is_not_what_it_should_be_is_thrown_away(
    tmp_path, writer, monkeypatch, old, new
):
    track = formats.make("flac", tmp_path)
    before = track.read_bytes()
    copy = safewrite._copy

    def damage(change):
        copy(change)
        content = change.temporary.read_bytes()
        change.temporary.write_bytes(content.replace(old, new) if old else content[:-1] + new)

    monkeypatch.setattr(safewrite, "_copy", damage)
    with pytest.raises(TagError, match="left alone"):
        writer.write(track, ["Jazz"])
    assert track.read_bytes() == before
    assert not list(tmp_path.glob(".genretag-*"))


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="permissions of this kind are POSIX's")
def test_read_only_files_and_folders_are_left_alone(tmp_path_factory, writer, journal):
    folder = tmp_path_factory.mktemp("readonly")
    track = formats.make("flac", folder)
    open_to_all(folder)
    journal.file.parent.chmod(0o777)
    before = track.read_bytes()
    for mode, folder_mode in ((0o444, 0o777), (0o666, 0o555)):
        track.chmod(mode)
        folder.chmod(folder_mode)
        try:
            with nobody(), pytest.raises(TagError, match="read-only"):
                writer.write(track, ["Jazz"])
        finally:
            folder.chmod(0o755)
        assert track.read_bytes() == before
        assert not list(folder.glob(".genretag-*"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("mode", ["kill", "full"])
@pytest.mark.parametrize(
    ("kind", "count"), [("flac", 1), ("mp3-v23", 1), ("m4a-aac", 1), ("flac", 3)]
)
def test_faults_at_every_point_leave_the_old_or_the_new_file(tmp_path, kind, count, mode):
    track = formats.make(kind, tmp_path)
    script = Path(__file__).parents[1] / "faults.py"
    done = subprocess.run(
        [sys.executable, script, track, tmp_path / "s", mode, str(count)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 10 * count  # so many points there are at least


def test_copy_is_on_the_disk_before_it_replaces_the_file(tmp_path, journal, monkeypatch):
    """Of a power cut no test can be made; what has to be flushed before what can be tested."""
    tracks = [formats.make("flac", tmp_path)]
    tracks += [tracks[0].with_name(f"{number}.flac") for number in range(12)]
    for track in tracks[1:]:
        shutil.copy(tracks[0], track)
    events: list[tuple[str, object]] = []

    def watch(owner, name, before="", after="", what=lambda *args: args[0]):
        call = getattr(owner, name)

        def watched(*args, **kwargs):
            events.append((before, what(*args)))
            result = call(*args, **kwargs)
            events.append((after, what(*args)))
            return result

        monkeypatch.setattr(owner, name, watched)

    watch(safewrite, "_copy", "copying", "", lambda change: change.path)
    watch(os, "fsync", "flushing", "flushed", lambda descriptor: os.fstat(descriptor).st_ino)
    watch(Path, "replace", "replacing", "replaced", lambda source, target: target)
    watch(Journal, "begin", "", "begun", lambda journal, run, change: change.path)
    watch(Journal, "mark", "marking", "", lambda journal, write, state: write)

    writer = TagWriter(journal, "test")
    assert all(in_parallel(lambda track: writer.write(track, ["Jazz"]), tracks, Event()))

    folder = tmp_path.stat().st_ino
    for write in journal.writes(1):
        inode = write.path.stat().st_ino  # of the copy that became the file
        replaced = events.index(("replaced", write.path))
        marking = events.index(("marking", write.id))
        assert events.index(("begun", write.path)) < events.index(("copying", write.path))
        assert events.index(("flushed", inode)) < events.index(("replacing", write.path))
        flushing = events.index(("flushing", folder), replaced)
        assert flushing < events.index(("flushed", folder), flushing) < marking
    assert len(journal.writes(1)) == len(tracks)


def unmount(place: Path) -> None:
    """Take a file system away at once; whatever still looks into it keeps what it sees."""
    subprocess.run(["umount", "-l", place], check=True)


def test_a_full_file_system_leaves_the_old_file(tmp_path, journal):
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", place]
    if (
        not shutil.which("mount")
        or subprocess.run(mount, capture_output=True, check=False).returncode
    ):
        pytest.skip("mounting a tmpfs is not allowed here")
    try:
        track = write_audio(place / "a.wav", music(4))  # 176 kB: no room for a copy
        before = track.read_bytes()
        with pytest.raises(TagError, match="no space"):
            TagWriter(journal, "test").write(track, ["Jazz"])
        assert track.read_bytes() == before
        assert list(place.iterdir()) == [track]
    finally:
        unmount(place)


@pytest.mark.parametrize(
    ("make", "size"),
    [(["mkfs.btrfs", "-q"], 1 << 28), (["mkfs.xfs", "-q", "-m", "reflink=1"], 1 << 29)],
)
def test_blocks_are_shared_where_the_file_system_can(tmp_path, journal, make, size):
    if not shutil.which(make[0]) or not shutil.which("mount"):
        pytest.skip(f"{make[0]} or mount is not installed")
    image, place = tmp_path / "image", tmp_path / "mount"
    place.mkdir()
    with image.open("wb") as file:
        file.truncate(size)
    for command in ([*make, image], ["mount", "-o", "loop", image, place]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"{command[0]} is not possible or not allowed here: {done.stderr.strip()}")
    try:
        track = write_audio(place / "a.mp3", music(300), RATE)  # 3.6 MB
        size = track.stat().st_size
        writer = TagWriter(journal, "test")
        writer.write(track, ["Rock"])  # leaves room for the next genre
        before = track.read_bytes()
        os.link(track, place / "old.mp3")
        free = free_bytes(place)
        writer.write(track, ["Jazz"])
        assert free - free_bytes(place) < size / 4
        assert (place / "old.mp3").read_bytes() == before
        assert read_genres(track) == ("Jazz",)
        assert content.same_audio(track, place / "old.mp3")
    finally:
        unmount(place)


def free_bytes(place: Path) -> int:
    os.sync()
    status = os.statvfs(place)
    return status.f_bfree * status.f_bsize
