"""The work of `genretag scan`: brings files, model, outputs and display together."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

from tagger import config
from tagger.errors import ExitCode, GenretagError, StateError, UsageError
from tagger.inference.confidence import writes_nothing
from tagger.inference.metadata import ModelFacts
from tagger.options import ScanOptions
from tagger.output.console import ScanDisplay, complain, count_of
from tagger.output.table import STANDARD_OUTPUT, CsvWriter, JsonLinesWriter, Writer, opened
from tagger.paths import state_folder
from tagger.pipeline.decide import Rules
from tagger.pipeline.extract import Listening
from tagger.pipeline.lazy_model import ModelOnDemand
from tagger.pipeline.scan import scan
from tagger.pipeline.walk import find_music
from tagger.pipeline.workers import listening_to
from tagger.runtime.interrupt import told_to_stop
from tagger.state.cache import Cache
from tagger.state.lock import only_writer
from tagger.state.memory import Forgetful, Memory, Survey
from tagger.tracks import Result
from tagger.writing.journal import Journal
from tagger.writing.writer import TagWriter


def run_scan(options: ScanOptions) -> ExitCode:
    """Scan, show and save the results.

    Raises:
        GenretagError: the scan could not start.
    """
    with ExitStack() as stack:
        # From here on, since Ctrl-C within the import of a library becomes errors of its own.
        stop = stack.enter_context(told_to_stop())
        if options.new or options.write_tags:
            stack.enter_context(only_writer(state_folder()))
        tell = _Once(complain)  # journal and cache are one file and fail for one reason
        cache = _cache(options, stack, tell)
        model, memory = _model(options, cache, tell)
        facts = model.facts
        rules = _rules(options, facts)
        _check_seconds(options, facts)
        # The files are looked at first, to know what there is to do, and walked again while they
        # are heard: a long list would have to be kept in memory.
        found = memory.survey(find_music(options.paths, options.exclude))
        _complain_about(found, options)
        to_hear = found.files - found.known - (found.unsettled if options.new else 0)
        if options.new and to_hear == 0:
            return ExitCode.DONE
        jobs = _jobs(options.jobs, to_hear)
        tag_writer = _tag_writer(options, cache, stack) if options.write_tags else None
        tracks = stack.enter_context(
            listening_to(
                memory.split(find_music(options.paths, options.exclude)),
                Listening(facts.front_end, facts.grid, options.seconds, jobs, memory.recall),
            )
        )
        # Meanwhile the model is loaded; a scan that cannot run replaces no table.
        at_once = model.loaded.strips_at_once() if to_hear else 1
        header = list(_header(model, found, to_hear, jobs, options))
        writers = _result_writers(options, facts, stack, tell)
        display = stack.enter_context(_display(options, to_hear if options.new else found.files))
        tell.tell = display.complain
        for line in header:
            display.header(line)
        results = scan(
            tracks,
            model,
            rules,
            batch_size=options.batch_size or at_once,
            by_album=options.paths if options.album else None,
            writer=tag_writer,
            memory=memory,
            stop=stop,
        )
        try:
            with closing(memory), closing(results):
                for result in results:
                    for writer in writers:
                        writer.write(result)
                    display.add(result)
        except GenretagError as error:
            display.summary(write_tags=options.write_tags, cut_short="Stopped")
            if not isinstance(error, StateError):
                raise
            tell(str(error))  # unless the cache has failed for the same reason before
            return error.exit_code
        display.summary(
            write_tags=options.write_tags, cut_short="Interrupted" if stop.is_set() else ""
        )
    if stop.is_set():
        return ExitCode.INTERRUPTED
    return ExitCode.SOME_FILES_FAILED if display.any_failed else ExitCode.DONE


class _Once:
    """Tells a first sentence, and no other."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.tell = tell
        self._told = False

    def __call__(self, text: str) -> None:
        if not self._told:
            self._told = True
            self.tell(text)


def _cache(options: ScanOptions, stack: ExitStack, tell: Callable[[str], None]) -> Cache | None:
    """Open the cache; where nothing is to be written, a scan does without one that is unusable."""
    if not options.cache:
        return None
    try:
        return stack.enter_context(Cache(state_folder()))
    except StateError as error:
        if options.new or options.write_tags:
            raise
        tell(str(error))
        return None


def _model(
    options: ScanOptions, cache: Cache | None, tell: Callable[[str], None]
) -> tuple[ModelOnDemand, Forgetful]:
    try:
        model = ModelOnDemand(options.model, options.device, cache)
        if cache is None or model.digest is None:
            return model, Forgetful()
        listener = cache.listener(model.digest, options.seconds)
    except StateError as error:
        if options.new:
            raise
        tell(str(error))
        return ModelOnDemand(options.model, options.device), Forgetful()
    return model, Memory(cache, listener, only_new=options.new, tell=tell)


def _check_seconds(options: ScanOptions, facts: ModelFacts) -> None:
    least = facts.front_end.samples_for(facts.grid.window) / facts.front_end.sample_rate
    if options.seconds is not None and options.seconds < least:
        raise UsageError(f"This model needs {least:.2f} seconds or more of each track.")


def _complain_about(found: Survey, options: ScanOptions) -> None:
    if found.files == 0:
        complain(f"No music was found in {', '.join(map(str, options.paths))}.")
    if options.new and found.unsettled and not options.quiet:
        complain(
            f"{count_of(found.unsettled, 'file')} changed a moment ago: left for the next run."
        )


def _jobs(asked: int | None, to_hear: int) -> int:
    if to_hear == 0:
        return 1
    from joblib import cpu_count

    return max(1, min(asked or cpu_count(), to_hear))


def _rules(options: ScanOptions, facts: ModelFacts) -> Rules:
    asked = options.min_confidence
    return Rules(
        min_confidence=facts.min_confidence if asked is None else asked,
        top=options.top,
        overwrite=options.overwrite,
        append=options.append,
        names=config.load(options.config).genres,
    )


def _header(
    model: ModelOnDemand, found: Survey, to_hear: int, jobs: int, options: ScanOptions
) -> Iterator[str]:
    """Yield the first lines of a scan; the model is loaded if there is something to hear."""
    if found.files == 0:
        return
    if options.min_confidence is None and (warning := writes_nothing(model.facts.min_confidence)):
        yield warning
    name = f"{model.path.stem} ({count_of(len(model.facts.labels), 'genre')})"
    if to_hear == 0:
        yield f"{name} knows all of this; nothing is listened to, and no device is needed"
        return
    heard = "all" if options.seconds is None else f"{options.seconds:g} s"
    known = f"; {found.known} of {count_of(found.files, 'track')} known" if found.known else ""
    yield (
        f"{name} on {model.loaded.device_name}, decoding in "
        f"{jobs} {'process' if jobs == 1 else 'processes'}, {heard} of each track{known}"
    )
    if model.loaded.notice:
        yield f"The GPU is not used: {model.loaded.notice}."


def _tag_writer(options: ScanOptions, cache: Cache | None, stack: ExitStack) -> TagWriter:
    journal = stack.enter_context(Journal(state_folder()))
    return TagWriter(
        journal,
        "scan --write-tags",
        keep_mtime=options.keep_mtime,
        wrote=cache.wrote if cache else None,
    )


def _display(options: ScanOptions, total: int) -> ScanDisplay:
    to_stdout = STANDARD_OUTPUT in (options.csv, options.jsonl)
    return ScanDisplay(total, quiet=options.quiet, results=not to_stdout, stderr=to_stdout)


def _result_writers(
    options: ScanOptions, facts: ModelFacts, stack: ExitStack, tell: Callable[[str], None]
) -> list[Writer]:
    """Open what the results go to."""
    writers: list[Writer] = []
    if options.csv:
        writers.append(CsvWriter(stack.enter_context(opened(options.csv)), facts.labels))
    if options.jsonl:
        writers.append(JsonLinesWriter(stack.enter_context(opened(options.jsonl)), facts.labels))
    if options.csv and not options.write_tags:
        writers.append(PlanMemory(stack, tell))
    return writers


class PlanMemory:
    """Notes what the files of a CSV were like, so that `apply` can tell whether they changed.

    A dry run can do without, when the journal cannot be used: `apply` goes by the genres then.
    """

    def __init__(self, stack: ExitStack, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._journal: Journal | None = None
        with self._forgiven():
            self._journal = stack.enter_context(Journal(state_folder()))

    def write(self, result: Result) -> None:
        """Note a file; whatever its row says now may be edited to `write`."""
        if result.identity is not None and self._journal is not None:
            with self._forgiven():
                self._journal.remember(result.path, result.identity)

    @contextmanager
    def _forgiven(self) -> Iterator[None]:
        try:
            yield
        except StateError as error:
            self._journal = None
            self._tell(str(error))
