"""Many threads: in order, together, and until told to stop."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from conftest import wait_until

from tagger.runtime.threads import Together, in_parallel


def test_outcomes_come_in_order():
    def work(number: int) -> int:
        time.sleep(0.001 * (number % 3))
        return number

    assert list(in_parallel(work, range(50), Event())) == list(range(50))


def test_told_to_stop_it_reports_what_has_begun_and_begins_nothing_else():
    begun: list[int] = []
    stop = Event()

    def work(number: int) -> int:
        begun.append(number)
        if number == 20:
            stop.set()
        time.sleep(0.001)
        return number

    outcomes = list(in_parallel(work, range(1000), stop))
    assert outcomes == sorted(begun)
    assert 20 <= outcomes[-1] < 100


def test_an_error_ends_it():
    begun: list[int] = []

    def work(number: int) -> None:
        begun.append(number)
        if number == 5:
            raise OSError

    with pytest.raises(OSError):
        list(in_parallel(work, range(1000), Event()))
    assert len(begun) < 100


def test_what_had_begun_beside_an_error_is_reported():
    begun: list[int] = []
    others_work = Event()

    def work(number: int) -> int:
        begun.append(number)
        if number == 0:
            assert others_work.wait(60)
            raise OSError
        if number == 3:
            others_work.set()
        return number

    outcomes: list[int] = []
    with pytest.raises(OSError):
        for outcome in in_parallel(work, range(1000), Event()):
            outcomes.append(outcome)  # noqa: PERF402 - extend would lose them
    assert outcomes == sorted(begun)[1:]
    assert 3 in outcomes


def test_those_that_wait_are_served_together():
    batches: list[int] = []
    others_wait = Event()

    def double(numbers):
        batches.append(len(numbers))
        assert others_wait.wait(300)
        return [2 * number for number in numbers]

    together = Together(double)
    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(together, 0)]
        wait_until(lambda: batches)
        futures += [pool.submit(together, number) for number in range(1, 8)]
        wait_until(lambda: len(together._waiting) == 7)
        others_wait.set()
        assert [future.result() for future in futures] == list(range(0, 16, 2))
    assert batches == [1, 7]


def test_an_error_concerns_all_that_waited_for_it():
    def fail(_):
        raise OSError("full")

    together = Together(fail)
    for _ in range(2):
        with pytest.raises(OSError, match="full"):
            together(1)
