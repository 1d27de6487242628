"""A command of the user's that follows a run which wrote: `scan --after`."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tagger.output.console import complain, logger, printable


def run_after(command: str, written: Sequence[Path], *, quiet: bool) -> bool:
    """Run a command in the shell, once; returns whether it succeeded, and says if it did not.

    The files are on its standard input, one absolute path a line, and their number is in the
    environment, as GENRETAG_WRITTEN. A path with a line break is left out, since it would be taken
    for two. Its output goes to standard error: on ours there may be a table.

    Args:
        command: as the shell of the system takes it.
        written: the files whose genre was written.
        quiet: show its output only if it fails.
    """
    paths = [os.fsencode(path.absolute()) for path in written]
    done = subprocess.run(
        command,
        shell=True,
        check=False,
        input=b"".join(path + b"\n" for path in paths if b"\n" not in path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "GENRETAG_WRITTEN": str(len(written))},
    )
    output = done.stdout.decode("utf-8", "replace").rstrip()
    for line in output.splitlines():
        logger.info("after: %s", line)
        if done.returncode or not quiet:
            sys.stderr.write(f"{printable(line)}\n")
    if done.returncode:
        complain(f"The command of --after failed with exit code {done.returncode}: {command}")
        return False
    logger.info("after: done, %s", command)
    return True
