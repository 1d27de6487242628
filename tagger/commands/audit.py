"""The work of `genretag audit`."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tagger import SHIPPED_MODEL
from tagger.audit.display import AuditDisplay
from tagger.audit.findings import Auditor
from tagger.audit.outputs import as_json, write_csv
from tagger.audit.word_map import WordMap
from tagger.commands.scan import run_scan
from tagger.errors import ExitCode
from tagger.inference.metadata import read_metadata
from tagger.options import ScanOptions
from tagger.output.console import complain
from tagger.output.resultfile import STANDARD_OUTPUT, opened
from tagger.pipeline.decide import Rules
from tagger.settings.file import load


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


def new_auditor(options: ScanOptions) -> Auditor:
    """Return what audits the results of a scan, with the user's genre words.

    Raises:
        GenretagError: model or configuration cannot be read.
    """
    labels = read_metadata(options.model or SHIPPED_MODEL).labels
    settings = load(options.config)
    written = Rules(min_confidence=0, names=settings.genres)
    return Auditor(labels, WordMap(labels, written.names_of, settings.genre_words))
