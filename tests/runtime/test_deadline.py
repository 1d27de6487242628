"""The time of `scan --for`."""

import pytest
from conftest import wait_until

from tagger.errors import ExitCode
from tagger.runtime import deadline
from tagger.runtime.deadline import parse_duration, stopped_after
from tagger.runtime.interrupt import Stop


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30m", 1800), ("4h", 14400), ("1h30m", 5400), ("1H5S", 3605)],
)
def test_times(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "4", "h", "30m1h", "-1h", "1.5h", "0s", "4 hours"])
def test_what_is_no_time(text):
    with pytest.raises(ValueError, match="no time such as '90s'"):
        parse_duration(text)


def test_when_the_time_is_up_the_run_stops_and_that_is_no_failure(monkeypatch):
    stop = Stop()
    monkeypatch.setattr(deadline, "parse_duration", lambda text: 0.01)
    with stopped_after(stop, "4h"):
        wait_until(stop.is_set)
    assert (stop.exit_code, stop.why) == (ExitCode.DONE, "Time is up")


def test_a_run_that_is_done_before_is_not_stopped_later():
    stop = Stop()
    with stopped_after(stop, "1h"):
        pass
    assert not stop.is_set()
