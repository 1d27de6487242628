"""A time after which a run stops in order: `scan --for`."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer

from tagger.runtime.interrupt import Stop

_UNITS = (3600, 60, 1)  # seconds
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def parse_duration(text: str) -> float:
    """Return the seconds of a text such as "90s", "30m", "4h" or "1h30m".

    Raises:
        ValueError: it is none, or no time at all.
    """
    match = _DURATION.fullmatch(text.strip().lower())
    parts = match.groups(default="0") if match else ()
    seconds = sum(int(part) * unit for part, unit in zip(parts, _UNITS, strict=False))
    if seconds == 0:
        raise ValueError(f"{text!r} is no time such as '90s', '30m', '4h' or '1h30m'.")
    return float(seconds)


@contextmanager
def stopped_after(stop: Stop, duration: str) -> Iterator[None]:
    """Tell a run to stop after some time, which is no failure.

    Raises:
        ValueError: it is no time.
    """
    timer = Timer(parse_duration(duration), stop.because_time_is_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
