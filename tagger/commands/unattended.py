"""A scan that runs by itself: its log, its time, its priority, what follows it, and watching."""

import time
from contextlib import ExitStack
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from tagger import __version__
from tagger.commands.scan import run_scan
from tagger.errors import ExitCode, GenretagError, LockedError, UsageError
from tagger.options import ScanOptions
from tagger.output.console import complain, logger
from tagger.runtime.interrupt import Stop, told_to_stop
from tagger.tracks import Action, Result

_LOCKED = 60  # seconds until a watching scan tries again, after another run held the lock


def run_unattended(options: ScanOptions) -> ExitCode:
    """Scan as often as the options say.

    Raises:
        GenretagError: the scan could not start.
    """
    if options.watch and find_spec("watchfiles") is None:
        raise UsageError("--watch needs one more package: pip install 'genretag[watch]'")
    if options.nice:
        from tagger.runtime.priority import lower_priority

        lower_priority()
    with ExitStack() as stack:
        stop = stack.enter_context(told_to_stop())
        if options.for_ is not None:
            from tagger.runtime.deadline import stopped_after

            stack.enter_context(stopped_after(stop, options.for_))
        if options.log is not None:
            from tagger.runtime.logfile import logging_to

            stack.enter_context(logging_to(options.log))
        logger.info("start: genretag %s, %s", __version__, options.command_line())
        code = ExitCode.INTERRUPTED
        try:
            code = _watch(options, stop) if options.watch else _scan_once(options, stop)
        except GenretagError as error:
            logger.error("%s", error)
            code = error.exit_code
            raise
        finally:
            logger.info("end: exit code %d", code)
    return code


def _scan_once(options: ScanOptions, stop: Stop) -> ExitCode:
    """Scan, and then run the command of `--after` if something was written, whatever happened."""
    written: list[Path] = []

    def note(result: Result) -> None:
        if result.action is Action.WRITTEN:
            written.append(result.path)

    followed = True
    try:
        code = run_scan(options, stop=stop, note=note)
    finally:
        if options.after and written:
            from tagger.runtime.after import run_after

            followed = run_after(options.after, written, quiet=options.quiet)
    return code if followed or code is not ExitCode.DONE else ExitCode.AFTER_FAILED


def _watch(options: ScanOptions, stop: Stop) -> ExitCode:
    """Scan for what is new, whenever something has changed, until told to stop."""
    from tagger.pipeline.watch import changes

    options = replace(options, new=True)
    _scan_unless_locked(options, stop)
    if not options.quiet:
        print("Watching for new music; Ctrl-C ends it.", flush=True)
    for _ in changes(options.paths, stop):
        _scan_unless_locked(options, stop)
    return ExitCode.DONE  # to be stopped is its usual end


def _scan_unless_locked(options: ScanOptions, stop: Stop) -> None:
    """Scan once no other run holds the lock any more; that it does is said once."""
    said = False
    while not stop.is_set():
        try:
            _scan_once(options, stop)
        except LockedError as error:
            if not said:
                complain(str(error))
            said = True
            _wait(stop, _LOCKED)
        else:
            return


def _wait(stop: Stop, seconds: int) -> None:
    """Wait, or until told to stop.

    Not by `stop.wait`: a signal handler that sets the flag could wait for its lock for ever.
    """
    for _ in range(seconds):
        if not stop.is_set():
            time.sleep(1)
