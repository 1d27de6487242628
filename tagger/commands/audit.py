"""The work of `genretag audit`."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tagger.audit.display import AuditDisplay
from tagger.audit.outputs import as_json, write_csv
from tagger.commands.auditor import new_auditor
from tagger.commands.scan import run_scan
from tagger.errors import ExitCode
from tagger.options import STANDARD_OUTPUT, ScanOptions
from tagger.output.console import complain
from tagger.output.resultfile import opened


@dataclass(frozen=True, kw_only=True)
class AuditOptions:
    """The options of `genretag audit`.

    Attributes:
        scan: the analysis; a dry run.
        csv: where to save the findings.
        json: print the findings as JSON.
        force: replace a CSV that genretag did not write, or that was edited.
        limit: most contradictions to list.
    """

    scan: ScanOptions
    csv: Path | None = None
    json: bool = False
    force: bool = False
    limit: int


def run_audit(options: AuditOptions) -> ExitCode:
    """Compare existing genres with predictions, show and save the findings.

    Raises:
        GenretagError: the scan could not start, or the CSV cannot be written.
    """
    auditor = new_auditor(options.scan)
    display = AuditDisplay(
        auditor,
        limit=options.limit,
        tables=not options.json and options.csv != STANDARD_OUTPUT,
        quiet=options.scan.quiet,
    )
    with ExitStack() as stack:
        file = None
        if options.csv:
            file = stack.enter_context(opened(options.csv, force=options.force, tell=complain))
        code = run_scan(options.scan, display)
        if file is not None and code in (ExitCode.DONE, ExitCode.SOME_FILES_FAILED):
            write_csv(file.stream, display.findings)
            file.finish()
    if options.json:
        print(as_json(display.findings))
    return code
