"""The best label over time, in few bytes."""

import numpy as np

from tagger.inference.timeline import MOST_PARTS, timeline_of


def test_each_window_is_a_part_with_its_best_label_and_probability():
    windows = np.array([[1, 0], [0.4, 0.6], [0.2, 0.8]], np.float32)
    assert list(timeline_of(windows)) == [0, 255, 1, 153, 1, 204]


def test_many_windows_are_joined():
    windows = np.zeros((1000, 3), np.float32)
    windows[:500, 2] = windows[500:, 0] = 1
    timeline = timeline_of(windows)
    assert len(timeline) == 2 * MOST_PARTS
    assert timeline[:MOST_PARTS:2] == bytes([2]) * (MOST_PARTS // 2)
    assert timeline[MOST_PARTS::2] == bytes([0]) * (MOST_PARTS // 2)


def test_more_labels_than_a_byte_can_number_have_no_timeline():
    assert timeline_of(np.full((2, 300), 1 / 300, np.float32)) == b""
