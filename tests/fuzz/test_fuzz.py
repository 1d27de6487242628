"""Short runs of the fuzzers; `tests/fuzz/run.py` makes long ones."""

import json
import os
import subprocess
import sys
from itertools import islice
from pathlib import Path

import bad_files
import pytest
import targets
from formats import KINDS, make
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

EXAMPLES = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
DAMAGES = (
    bad_files.truncations,
    bad_files.wrong_sizes,
    bad_files.rearranged,
    lambda content: bad_files.flips(content, 50),
)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    folder = tmp_path_factory.mktemp("good")
    return {kind: make(kind, folder, 0.1) for kind in KINDS}


@st.composite
def damages(draw):
    """Draw a kind of file, a suffix, and up to three damages, each the n-th of its sort."""
    kinds = st.sampled_from(KINDS)
    steps = st.tuples(st.sampled_from(DAMAGES), st.integers(0, 200))
    return draw(kinds), draw(kinds), draw(st.lists(steps, min_size=1, max_size=3))


def damaged(good, damage):
    kind, suffix_of, steps = damage
    content = good[kind].read_bytes()
    for change, number in steps:
        if cases := list(islice(change(content), number + 1)):
            content = cases[-1][1]
    return good[suffix_of].suffix, content


@given(damages())
@EXAMPLES
def test_readers_of_containers_give_a_result_or_a_sentence(good, damage):
    targets.read_containers(damaged(good, damage)[1])


@given(st.binary(max_size=400))
@example(b"")
@settings(EXAMPLES, max_examples=100)
def test_readers_of_containers_survive_any_bytes(content):
    targets.read_containers(content)


@given(damages())
@settings(EXAMPLES, max_examples=15)
def test_tags_of_damaged_files_are_read_or_refused(good, tmp_path, damage):
    suffix, content = damaged(good, damage)
    path = tmp_path / f"song{suffix}"
    path.write_bytes(content)
    targets.read_tags(path)


@given(damages())
@settings(EXAMPLES, max_examples=15)
def test_a_write_changes_only_the_genre_or_nothing(good, tmp_path, damage):
    suffix, content = damaged(good, damage)
    path = tmp_path / f"song{suffix}"
    path.write_bytes(content)
    targets.write(path)


@pytest.mark.parametrize("change", DAMAGES)
def test_damages_can_follow_one_that_leaves_nothing(change):
    list(change(b""))


NAMES = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=20
)


@given(st.lists(st.tuples(NAMES, st.sampled_from(["folder", "file", "loop", "up", "broken"]))))
@EXAMPLES
@example([("a", "folder"), ("b", "loop"), ("c", "up"), ("d", "file"), ("e", "broken")])
def test_any_folder_is_walked_to_its_end(tmp_path_factory, entries):
    folder = tmp_path_factory.mktemp("walk")
    place = folder
    for name, what in entries:
        path = place / f"{name[:20]}.mp3"
        try:
            if what == "folder":
                path.mkdir()
                place = path
            elif what == "file":
                path.write_bytes(b"")
            else:
                target = {"loop": folder, "up": Path(".."), "broken": Path("nowhere")}[what]
                path.symlink_to(target)
        except OSError:  # a name that the file system does not take, or a second time
            continue
    targets.discover(folder)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the long run forks")
def test_decoders_and_files_with_wrong_suffixes():
    """One child process: a decoder that crashes does not end the tests."""
    script = Path(__file__).with_name("run.py")
    command = [sys.executable, script, "--seconds", "60", "--most", "80", "--targets", "decode"]
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, "PYTHONPATH": ""},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    counts = json.loads(done.stdout.splitlines()[-1])["decode"]
    assert set(counts) <= {"read", "refused"}
