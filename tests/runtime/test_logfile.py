"""The log of `scan --log`."""

import re
from pathlib import Path

import pytest

from tagger.errors import PathError
from tagger.output.console import complain, logger
from tagger.runtime import logfile
from tagger.runtime.logfile import logging_to


def test_lines_have_a_time_and_a_level_and_hold_no_line_breaks(tmp_path, capfd):
    file = tmp_path / "a.log"
    with logging_to(file):
        logger.info("start")
        complain("a\nb \x1b[31m\udcff.mp3")
    logger.info("not logged any more")
    first, second = file.read_text("utf-8").splitlines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d INFO +start", first)
    assert re.fullmatch(r"[\d:\- ]+ WARNING a�b �\[31m�\.mp3", second)
    assert capfd.readouterr().err.count("a\n") == 1  # said once, and not by the log as well


def test_a_large_log_is_set_aside_and_few_old_ones_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(logfile, "LARGEST", 1000)
    for _ in range(20):
        with logging_to(tmp_path / "a.log"):
            for _ in range(10):
                logger.info("x" * 100)
    names = sorted(path.name for path in tmp_path.glob("a.log*"))
    assert names == ["a.log", *(f"a.log.{number}" for number in range(1, logfile.OLDER + 1))]


def test_a_log_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(PathError, match=r"The log .*a.log cannot be written"):
        logging_to(tmp_path / "missing" / "a.log").__enter__()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_told_once_and_the_run_goes_on(capfd):
    with logging_to(Path("/dev/full")):
        for _ in range(3):
            logger.info("start")
    assert capfd.readouterr().err == (
        "The log /dev/full cannot be written any more (no space left on device).\n"
    )
