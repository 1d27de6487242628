"""The work of `genretag report`."""

from tagger.commands.scan import run_scan
from tagger.errors import ExitCode
from tagger.options import STANDARD_OUTPUT, ScanOptions
from tagger.output.scandisplay import ScanDisplay


def run_report(options: ScanOptions) -> ExitCode:
    """Scan without a line for each track, and save the page.

    Raises:
        GenretagError: the scan could not start, or the page cannot be written.
    """
    to_stdout = options.report == STANDARD_OUTPUT
    display = ScanDisplay(quiet=options.quiet, results=False, stderr=to_stdout)
    code = run_scan(options, display)
    if code in (ExitCode.DONE, ExitCode.SOME_FILES_FAILED) and not to_stdout:
        display.header(f"The report is in {options.report}.")
    return code
