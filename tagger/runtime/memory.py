"""Limits for the memory of a process, and for what it leaves when it crashes."""

import os
import sys

MEMORY_EXIT = 12  # ENOMEM: exit code of a process that `end_above` ended


def limit_memory(size: int) -> None:
    """Let this process have at most `size` bytes; more than that raises a MemoryError.

    Only Linux keeps to the limit. macOS takes it and does not, see `end_above`; Windows has none.
    """
    if sys.platform == "linux":
        import resource

        # Not RLIMIT_AS, in which address space that is reserved and never used counts as well.
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        if hard == resource.RLIM_INFINITY or size < hard:
            resource.setrlimit(resource.RLIMIT_DATA, (size, hard))


def leave_no_core_dump() -> None:
    """Let no crash of this process fill a disk with what it had in memory."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def end_above(size: int) -> None:
    """End this process if it ever used more than `size` bytes, on macOS; to be called at times."""
    if sys.platform == "darwin":
        import resource

        if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > size:  # in bytes there
            os._exit(MEMORY_EXIT)
