"""The work of `genretag scan`: brings files, model, outputs and display together."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

from tagger import config
from tagger.console import ScanDisplay, complain, count_of
from tagger.decide import Rules
from tagger.errors import ExitCode, StateError, UsageError
from tagger.facts import ModelFacts
from tagger.interrupt import told_to_stop
from tagger.journal import Journal, state_folder
from tagger.listen import Listening
from tagger.lock import only_writer
from tagger.model import GenreModel
from tagger.options import ScanOptions
from tagger.output import STANDARD_OUTPUT, CsvWriter, JsonLinesWriter, Writer, opened
from tagger.scan import scan
from tagger.tracks import Result
from tagger.walk import find_music
from tagger.writer import TagWriter

# Strips in one call of the model. A strip already holds many windows, so on a CPU more of them
# cost memory and save no time; a GPU wants more work at a time.
BATCH_SIZE = {"CPU": 2, "CUDA": 32}


def run_scan(options: ScanOptions) -> ExitCode:
    """Scan, show and save the results.

    Raises:
        GenretagError: the scan could not start.
    """
    from joblib import cpu_count

    # The files are counted first, for the progress bar, and walked again while they are heard:
    # a long list would have to be kept in memory.
    total = sum(1 for _ in find_music(options.paths, options.exclude))
    model = GenreModel(options.model, options.device)
    facts = model.facts
    rules = _rules(options, facts)
    least = facts.front_end.samples_for(facts.grid.window) / facts.front_end.sample_rate
    if options.seconds is not None and options.seconds < least:
        raise UsageError(f"This model needs {least:.2f} seconds or more of each track.")
    jobs = max(1, min(options.jobs or cpu_count(), total))
    if total == 0:
        complain(f"No music was found in {', '.join(map(str, options.paths))}.")
    with ExitStack() as stack:
        tag_writer = stack.enter_context(_tag_writer(options)) if options.write_tags else None
        writers = _result_writers(options, facts, stack)
        to_stdout = STANDARD_OUTPUT in (options.csv, options.jsonl)
        display = stack.enter_context(
            ScanDisplay(total, quiet=options.quiet, results=not to_stdout, stderr=to_stdout)
        )
        display.header(_headline(model, jobs, options.seconds))
        if model.notice:
            display.header(f"The GPU is not used: {model.notice}.")
        stop = stack.enter_context(told_to_stop())
        results = scan(
            find_music(options.paths, options.exclude),
            model,
            Listening(facts.front_end, facts.grid, options.seconds, jobs),
            rules,
            batch_size=options.batch_size or BATCH_SIZE[model.device],
            by_album=options.album,
            writer=tag_writer,
            stop=stop,
        )
        with closing(results):
            for result in results:
                for writer in writers:
                    writer.write(result)
                display.add(result)
        display.summary(interrupted=stop.is_set(), write_tags=options.write_tags)
    if stop.is_set():
        return ExitCode.INTERRUPTED
    return ExitCode.SOME_FILES_FAILED if display.any_failed else ExitCode.DONE


def _rules(options: ScanOptions, facts: ModelFacts) -> Rules:
    asked = options.min_confidence
    return Rules(
        min_confidence=facts.min_confidence if asked is None else asked,
        top=options.top,
        overwrite=options.overwrite,
        append=options.append,
        names=config.load(options.config).genres,
    )


def _headline(model: GenreModel, jobs: int, seconds: float | None) -> str:
    heard = "all" if seconds is None else f"{seconds:g} s"
    return (
        f"{model.path.stem} ({count_of(len(model.facts.labels), 'genre')}) on {model.device}, "
        f"decoding in {jobs} {'process' if jobs == 1 else 'processes'}, {heard} of each track"
    )


@contextmanager
def _tag_writer(options: ScanOptions) -> Iterator[TagWriter]:
    with only_writer(state_folder()), Journal(state_folder()) as journal:
        yield TagWriter(journal, "scan --write-tags", keep_mtime=options.keep_mtime)


def _result_writers(options: ScanOptions, facts: ModelFacts, stack: ExitStack) -> list[Writer]:
    """Open what the results go to."""
    writers: list[Writer] = []
    if options.csv:
        writers.append(CsvWriter(stack.enter_context(opened(options.csv)), facts.labels))
    if options.jsonl:
        writers.append(JsonLinesWriter(stack.enter_context(opened(options.jsonl)), facts.labels))
    if options.csv and not options.write_tags:
        try:
            writers.append(PlanMemory(stack.enter_context(Journal(state_folder()))))
        except StateError as error:
            # A dry run can do without: `apply` goes by the genres then.
            complain(str(error))
    return writers


class PlanMemory:
    """Notes what the files of a CSV were like, so that `apply` can tell whether they changed."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def write(self, result: Result) -> None:
        """Note a file; whatever its row says now may be edited to `write`."""
        if result.identity is not None:
            self._journal.remember(result.path, result.identity)
