import os
from pathlib import Path

import pytest

from tagger.errors import PathError
from tagger.identity import Identity
from tagger.pipeline.walk import Seen, _mark, find_music


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "music"
    for name in (
        "b/2.mp3",
        "b/10.flac",
        "a/x.OGG",
        "z.wav",
        "cover.jpg",
        ".hidden.mp3",
        ".s/1.mp3",
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return root


def names(root: Path, exclude: tuple[str, ...] = ()) -> list[str]:
    return [file.path.relative_to(root).as_posix() for file in find_music([root], exclude)]


def test_music_is_found_in_order_and_hidden_things_are_not(tree):
    assert names(tree) == ["z.wav", "a/x.OGG", "b/10.flac", "b/2.mp3"]


def test_skipped_folders_are_left_out_with_the_files_that_are_named_in_them(tree):
    def found(*paths: Path) -> list[str]:
        skips = {tree / "b"}.__contains__
        return [file.path.name for file in find_music(paths, skips=skips)]

    assert found(tree) == ["z.wav", "x.OGG"]
    assert found(tree / "b", tree / "b" / "2.mp3", tree / "a" / "x.OGG") == ["x.OGG"]


def test_links_are_followed_once_and_loops_end(tree):
    (tree / "a" / "loop").symlink_to(tree)
    (tree / "c").symlink_to(tree / "b")
    (tree / "y.wav").symlink_to(tree / "z.wav")
    assert names(tree) == ["y.wav", "a/x.OGG", "b/10.flac", "b/2.mp3"]


def test_a_link_to_a_file_elsewhere_is_followed(tree, tmp_path):
    elsewhere = tmp_path / "elsewhere.mp3"
    elsewhere.write_text("!")
    (tree / "a" / "in.mp3").symlink_to(elsewhere)
    assert "a/in.mp3" in names(tree)


def test_a_broken_link_is_reported_later_not_dropped(tree):
    (tree / "broken.mp3").symlink_to(tree / "nothing.mp3")
    assert "broken.mp3" in names(tree)


def test_the_same_place_given_twice_counts_once(tree):
    found = [file.path for file in find_music([tree / "b", tree, tree / "b" / "2.mp3"])]
    assert len(found) == len(set(found)) == 4


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("*.flac", ["z.wav", "a/x.OGG", "b/2.mp3"]),
        ("b", ["z.wav", "a/x.OGG"]),
        ("b/*.mp3", ["z.wav", "a/x.OGG", "b/10.flac"]),
        ("b/", ["z.wav", "a/x.OGG"]),
    ],
)
def test_exclude(tree, pattern, left):
    assert names(tree, (pattern,)) == left


@pytest.mark.parametrize("pattern", ["music/b/1*", "./music/b/1*", "b/1*"])
def test_exclude_takes_paths_as_they_are_typed(tree, monkeypatch, pattern):
    monkeypatch.chdir(tree.parent)
    found = [file.path.as_posix() for file in find_music([Path("music")], (pattern,))]
    assert found == ["music/z.wav", "music/a/x.OGG", "music/b/2.mp3"]


def test_what_is_named_itself_is_always_yielded(tree):
    assert [file.path for file in find_music([tree / "cover.jpg", tree / ".hidden.mp3"])] == [
        tree / "cover.jpg",
        tree / ".hidden.mp3",
    ]


def test_a_missing_path_stops_before_anything_else(tree):
    with pytest.raises(PathError, match="nowhere"):
        next(find_music([tree, tree / "nowhere"]))


def test_names_that_are_not_utf8(tree):
    name = os.fsdecode(b"caf\xe9.mp3")
    (tree / name).write_text("!")
    assert name in names(tree)


def test_links_that_lead_to_themselves(tree):
    (tree / "a" / "self.mp3").symlink_to("self.mp3")
    assert "a/self.mp3" in names(tree)


def test_the_discs_of_an_album_stand_together(tmp_path):
    for name in ("m/al/0.mp3", "m/al/Bonus/1.mp3", "m/al/CD1/2.mp3", "m/al/CD2/3.mp3"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    assert names(tmp_path / "m" / "al") == ["0.mp3", "CD1/2.mp3", "CD2/3.mp3", "Bonus/1.mp3"]


def test_files_are_told_apart_by_device_and_inode_in_little_memory():
    seen: Seen = {}
    for device in (1, 2, 2**40):
        for inode in [*range(1, 500), 2**63 + 5, 2**64 - 1]:
            identity = Identity(device=device, inode=inode, size=0, mtime_ns=0)
            assert _mark(identity, seen)
            assert not _mark(identity, seen)
    assert len(seen) == 3 * (8 + 2)


def test_each_file_comes_with_its_identity(tree):
    for file in find_music([tree]):
        assert file.identity == Identity.of(file.path)
    (tree / "broken.mp3").symlink_to(tree / "nothing.mp3")
    assert [file.path.name for file in find_music([tree]) if file.identity is None] == [
        "broken.mp3"
    ]
