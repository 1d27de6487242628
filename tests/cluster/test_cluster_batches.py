"""Batches go out and come back; the cluster is one of this test, without processes."""

import random
from collections import Counter
from pathlib import Path
from threading import Event

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagger.cluster.batches import AHEAD, FILES, FINISHED_AHEAD, Answer, analysed, batch_files
from tagger.cluster.paths import PathMap
from tagger.errors import ClusterError
from tagger.identity import Identity, MusicFile
from tagger.tracks import PredictedTrack, Prediction, Source, Status, Track


class FakeCluster:
    """Answers in any order."""

    def __init__(self, slots: int = 2, seed: int = 0):
        self.slots = slots
        self.analysed: Counter[str] = Counter()
        self.most_under_way = 0
        self.sent: list[list[str]] = []
        self._random = random.Random(seed)
        self._under_way: dict[str, list[str]] = {}

    def submit(self, files):
        self.sent.append([file.path for file in files])
        self._under_way[str(len(self.sent))] = self.sent[-1]
        self.most_under_way = max(self.most_under_way, len(self._under_way))
        return str(len(self.sent))

    def finished(self):
        if self._random.random() < 0.3:
            return None
        name = self._random.choice([*self._under_way])
        paths = self._under_way.pop(name)
        return name, self.answers(paths)

    def answers(self, paths):
        self.analysed.update(paths)
        return [
            Answer(prediction=Prediction(status=Status.OK, probabilities=(float(Path(path).stem),)))
            for path in paths
        ]


def entries_of(number: int, cached: frozenset[int] = frozenset()):
    for n in range(number):
        path = Path(f"/music/{n}.mp3")
        if n in cached:
            prediction = Prediction(status=Status.OK, probabilities=(float(n),))
            yield PredictedTrack(
                track=Track(path=path), prediction=prediction, source=Source.STAT_KEY
            )
        else:
            yield MusicFile(path=path, identity=None)


def numbers(tracks) -> list[float]:
    return [track.prediction.probabilities[0] for track in tracks]


@settings(max_examples=40)
@given(
    number=st.integers(0, 200),
    seconds=st.sampled_from([30.0, None]),
    miscounted=st.integers(-20, 20),
    slots=st.integers(0, 4),
    seed=st.integers(0, 1000),
    cached=st.frozensets(st.integers(0, 199)),
)
def test_every_file_is_analysed_once_and_comes_in_its_place(
    number, seconds, miscounted, slots, seed, cached
):
    cluster = FakeCluster(slots, seed)
    entries = entries_of(number, cached)
    files = number + miscounted  # files may come and go while they are counted
    analysis = analysed(entries, cluster, PathMap(), files=files, seconds=seconds, stop=Event())
    tracks = list(analysis)
    assert numbers(tracks) == [*map(float, range(number))]
    wanted = {f"/music/{n}.mp3" for n in range(number) if n not in cached}
    assert cluster.analysed == Counter(wanted)
    assert cluster.most_under_way <= AHEAD * max(1, slots)
    assert all(len(paths) <= FILES for paths in cluster.sent)


def test_a_batch_that_takes_long_lets_a_limited_number_of_others_finish():
    stop = Event()

    class Stuck(FakeCluster):
        def finished(self):
            others = [name for name in self._under_way if name != "1"]
            if not others:
                stop.set()
                return None
            return others[0], self.answers(self._under_way.pop(others[0]))

    cluster = Stuck(slots=1)
    tracks = analysed(entries_of(10_000), cluster, PathMap(), files=10_000, seconds=30, stop=stop)
    assert list(tracks) == []
    assert cluster.analysed.total() == (FINISHED_AHEAD - 1) * FILES


def test_a_lost_scheduler_ends_the_stream_after_what_came_before():
    class Dying(FakeCluster):
        def finished(self):
            if len(self.sent) > 5:
                raise ClusterError("gone")
            name = next(iter(self._under_way))
            return name, self.answers(self._under_way.pop(name))

    tracks = analysed(entries_of(16), Dying(slots=1), PathMap(), files=16, seconds=30, stop=Event())
    seen = []
    with pytest.raises(ClusterError, match="gone"):
        seen.extend(tracks)
    assert numbers(seen) == [*map(float, range(4 + 3 + 2 + 1))]


def test_this_machines_stat_key_counts_and_a_file_that_changed_is_not_cached(tmp_path):
    class Fingerprints(FakeCluster):
        def submit(self, files):
            (tmp_path / "changed.mp3").write_bytes(b"another state")
            self.files = [(file.path, file.size) for file in files]
            return "1"

        def finished(self):
            silent = Prediction(status=Status.SILENT)
            return "1", [Answer(prediction=silent, fingerprint=b"print") for _ in self.files]

    files = []
    for name in ("changed.mp3", "same.mp3"):
        (tmp_path / name).write_bytes(b"sound")
        files.append(MusicFile(path=tmp_path / name, identity=Identity.of(tmp_path / name)))
    cluster = Fingerprints()
    paths = PathMap.parse([f"{tmp_path}=/srv"])
    changed, same = analysed(files, cluster, paths, files=16, seconds=30, stop=Event())
    assert cluster.files == [("/srv/changed.mp3", 5), ("/srv/same.mp3", 5)]
    assert (changed.track.identity, same.track.identity) == (files[0].identity, files[1].identity)
    assert (changed.track.fingerprint, same.track.fingerprint) == (None, b"print")


def test_batches_are_smaller_for_few_files_and_for_long_ones():
    assert batch_files(30, 10_000, 8) == 16
    assert batch_files(None, 10_000, 8) == 2
    assert batch_files(30, 64, 4) == 4
    assert batch_files(30, 3, 8) == 1
    assert batch_files(30, 3, 0) == 1


def test_batches_get_smaller_towards_the_end_so_that_no_slot_waits_long_for_another():
    cluster = FakeCluster(slots=2)
    list(analysed(entries_of(200), cluster, PathMap(), files=200, seconds=30, stop=Event()))
    sizes = [len(paths) for paths in cluster.sent]
    assert sizes == sorted(sizes, reverse=True)
    assert (sizes[0], sizes[-1]) == (16, 1)
    assert len(sizes) < 40
