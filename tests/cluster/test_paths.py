from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tagger.cluster.paths import PathMap
from tagger.errors import UsageError

NAMES = st.text(st.characters(blacklist_characters="/\0"), min_size=1).filter(
    lambda name: name not in (".", "..")
)
FOLDERS = st.lists(NAMES, min_size=1, max_size=3).map(lambda names: PurePosixPath("/", *names))


def folders(*texts: str) -> PathMap:
    return PathMap.parse(texts)


def test_a_path_in_no_folder_of_the_map_stays():
    assert folders("/mnt/a=/srv/b").on_workers(PurePosixPath("/mnt/ab/x.mp3")) == "/mnt/ab/x.mp3"
    assert folders().on_workers(PurePosixPath("/mnt/x.mp3")) == "/mnt/x.mp3"


def test_the_innermost_folder_counts():
    paths = folders("/mnt=/srv", "/mnt/a=/fast", "/=/all")
    assert paths.on_workers(PurePosixPath("/mnt/a/x.mp3")) == "/fast/x.mp3"
    assert paths.on_workers(PurePosixPath("/mnt/b/x.mp3")) == "/srv/b/x.mp3"
    assert paths.on_workers(PurePosixPath("/mnt")) == "/srv"
    assert paths.on_workers(PurePosixPath("/x.mp3")) == "/all/x.mp3"


def test_workers_may_run_another_system():
    path = PurePosixPath("/mnt/a/b c/x.mp3")
    assert folders("/mnt/a=Z:\\Music").on_workers(path) == "Z:\\Music\\b c\\x.mp3"
    assert folders(r"/mnt/a=\\nas\music").on_workers(path) == r"\\nas\music\b c\x.mp3"
    home = PathMap(((PureWindowsPath("Z:/Music"), PurePosixPath("/srv")),))
    assert home.on_workers(PureWindowsPath("z:\\music\\a\\x.mp3")) == "/srv/a/x.mp3"


@pytest.mark.parametrize("text", ["", "/a", "/a=", "=/a", "a=/b", "/a=b", "/a==", "C:=/b"])
def test_what_is_not_two_absolute_paths_is_refused(text):
    with pytest.raises(UsageError, match="not a folder here and its path on the workers"):
        folders(text)


def test_a_folder_has_one_place():
    assert folders("/a=/b", "/a/=/b").folders == folders("/a=/b").folders
    with pytest.raises(UsageError, match="two places for /a"):
        folders("/a=/b", "/a/=/c")


@settings(max_examples=30)
@given(FOLDERS, FOLDERS, st.lists(NAMES, max_size=3))
def test_every_path_below_a_folder_comes_out_below_the_other(here, there, names):
    assume("=" not in str(here))
    paths = folders(f"{here}={there}")
    assert paths.on_workers(here.joinpath(*names)) == str(there.joinpath(*names))


@settings(max_examples=30)
@given(FOLDERS, FOLDERS, FOLDERS)
def test_the_way_back_is_the_map_turned_round(here, there, path):
    assume(path.is_relative_to(here) or not path.is_relative_to(there))
    back = PathMap(((there, here),))
    assert back.on_workers(PurePosixPath(PathMap(((here, there),)).on_workers(path))) == str(path)
