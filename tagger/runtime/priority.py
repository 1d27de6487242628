"""Low priority for the processor and the disk: `scan --nice`."""

from contextlib import suppress


def lower_priority() -> None:
    """Let all other programs go first.

    It counts for threads and processes that are started later, so call it before any. On Linux the
    disk serves this program only when nobody else needs it; macOS has no such call.
    """
    import psutil

    process = psutil.Process()
    with suppress(psutil.Error, OSError):  # a container may forbid it, and nothing else is lost
        process.nice(psutil.IDLE_PRIORITY_CLASS if psutil.WINDOWS else 19)
    with suppress(psutil.Error, OSError):
        if psutil.WINDOWS:
            process.ionice(psutil.IOPRIO_VERYLOW)
        elif psutil.LINUX:
            process.ionice(psutil.IOPRIO_CLASS_IDLE)
