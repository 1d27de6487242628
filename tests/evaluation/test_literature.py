"""Published figures beside measured ones."""

import re

from trainer.evaluation.entry import Entry
from trainer.evaluation.literature import HEADER, PUBLISHED, literature, sources
from trainer.tables import WIDTH, table

RUN = Entry(
    name="mine",
    network="vgg16",
    weights="best",
    parameters=1,
    data=("gtzan",),
    trained_on=("train",),
    protocol="290 tracks of the split 'test', none of them in training",
    tracks=290,
    groups=290,
    window_accuracy=0.6,
    track_accuracy=0.67,
    track_accuracy_interval=(0.6, 0.7),
    macro_f1=0.6,
    calibration_error=0.1,
    windows_per_second=20.0,
    split="test",
)


def test_every_published_figure_has_a_protocol_and_a_source():
    rows = literature([RUN])
    assert rows[0] == HEADER
    assert rows[1] == ("mine", "split 'test'", "60.0%", "67.0%", "measured")
    assert len(rows) == 2 + len(PUBLISHED)
    listed = dict(re.findall(r"^(\[\d+\]) (.+)$", sources(), re.M))
    for found, (system, split, windows, tracks, source) in zip(PUBLISHED, rows[2:], strict=True):
        assert (system, split) == (found.system, found.split)
        assert listed[source] == found.source
        assert {windows, tracks} != {"–"}
    assert max(map(len, table(rows).splitlines())) <= WIDTH


def test_a_run_on_a_split_of_windows_is_marked():
    flattering = Entry(**vars(RUN) | {"protocol": "9 tracks, flattering: windows of the same"})
    assert "flattering" in literature([flattering])[1][1]
