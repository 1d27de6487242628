"""Where the results of a scan go: files, and notes for `apply`."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from tagger.commands.scan_cache import Tell
from tagger.commands.state import open_journal
from tagger.errors import StateError
from tagger.options import ScanOptions
from tagger.output.console import complain
from tagger.pipeline.decide import Rules
from tagger.pipeline.lazy_model import LazyModel
from tagger.tracks import Result

if TYPE_CHECKING:
    from tagger.output.resultfile import ResultFile
    from tagger.output.table import Writer
    from tagger.report.writer import ReportWriter
    from tagger.writing.journal import Journal


class Outputs:
    """The files that the results go to."""

    def __init__(
        self, options: ScanOptions, model: LazyModel, rules: Rules, stack: ExitStack
    ) -> None:
        """Open them; they are closed with the stack."""
        labels = model.metadata.labels
        self._writers: list[Writer] = []
        self._files: list[ResultFile] = []
        self._report: ReportWriter | None = None
        self._force = options.force
        if options.csv:
            from tagger.output.table import CsvWriter

            stream = self._open(options.csv, CsvWriter.HEADER_LINES, stack).stream
            self._writers.append(CsvWriter(stream, labels))
        if options.jsonl:
            from tagger.output.table import JsonLinesWriter

            stream = self._open(options.jsonl, 0, stack).stream
            self._writers.append(JsonLinesWriter(stream, labels))
        if options.report:
            file = self._open(options.report, 0, stack)
            self._report = _new_report(options, model, rules, file)
            self._writers.append(self._report)

    def _open(self, target: Path, header_lines: int, stack: ExitStack) -> "ResultFile":
        from tagger.output.resultfile import opened

        file = stack.enter_context(
            opened(target, force=self._force, header_lines=header_lines, tell=complain)
        )
        self._files.append(file)
        return file

    def write(self, result: Result) -> None:
        """Add a result to each."""
        for writer in self._writers:
            writer.write(result)

    def finish(self) -> None:
        """Let them take their places; call it when the results are complete."""
        if self._report is not None:
            self._report.finish()
        for file in self._files:
            file.finish()


def _new_report(
    options: ScanOptions, model: LazyModel, rules: Rules, file: "ResultFile"
) -> "ReportWriter":
    from tagger.commands.auditor import new_auditor  # other scans start without these
    from tagger.report.page import heading
    from tagger.report.writer import ReportWriter

    return ReportWriter(
        file.stream,
        new_auditor(options),
        heading(options.paths, model.path),
        threshold=rules.min_confidence,
    )


class PlanNotes:
    """Notes in the journal what the files of a CSV are like, for `apply` to see what changed.

    A dry run can do without when the journal cannot be used: `apply` goes by the genres then.
    """

    def __init__(self, stack: ExitStack, tell: Tell) -> None:
        self._tell = tell
        self._journal: Journal | None = None
        try:
            self._journal = stack.enter_context(open_journal())
        except StateError as error:
            tell(str(error))

    def note(self, result: Result, source: str) -> None:
        """Note a file, whatever its action: its row may be edited to `write`.

        Args:
            result: of the file.
            source: to be noted beside its genres, unless they are edited.
        """
        if self._journal is None or result.identity is None:
            return
        try:
            self._journal.remember(result.path, result.identity, source)
        except StateError as error:
            self._journal = None
            self._tell(str(error))
