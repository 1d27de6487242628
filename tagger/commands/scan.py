"""The work of `genretag scan`: brings files, model, outputs and display together."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagger.commands.analysis import Analysis, analysing, check_cluster
from tagger.commands.results import Outputs, PlanNotes
from tagger.commands.rules import check_seconds, rules_for
from tagger.commands.scan_cache import Tell, open_result_cache
from tagger.commands.state import open_journal
from tagger.errors import ExitCode, GenretagError, StateError
from tagger.inference.confidence import writes_nothing
from tagger.options import STANDARD_OUTPUT, ScanOptions
from tagger.output.console import complain, count_of, counted
from tagger.output.scandisplay import ScanDisplay, other_kinds
from tagger.paths import state_folder
from tagger.pipeline.decide import Rules
from tagger.pipeline.lazy_model import LazyModel
from tagger.pipeline.roots import Roots
from tagger.pipeline.scan import scan
from tagger.pipeline.under_way import UnderWay
from tagger.pipeline.walk import find_music
from tagger.pipeline.worklist import WorkList
from tagger.runtime.interrupt import Stop, told_to_stop
from tagger.runtime.iteration import until
from tagger.state.cache import Cache
from tagger.state.lock import only_writer
from tagger.state.result_cache import NullCache
from tagger.tracks import Result

if TYPE_CHECKING:
    from tagger.writing.writer import TagWriter


def run_scan(
    options: ScanOptions,
    display: ScanDisplay | None = None,
    *,
    stop: Stop | None = None,
    note: Callable[[Result], None] = lambda _: None,
) -> ExitCode:
    """Scan, show and save the results.

    Args:
        options: what the user asked for.
        display: shows the results, if not as `genretag scan` does.
        stop: tells to stop; without one, signals do.
        note: is told of every result.

    Raises:
        GenretagError: the scan could not start.
    """
    with ExitStack() as stack:
        # From here on, since Ctrl-C within the import of a library becomes errors of its own.
        stop = stop or stack.enter_context(told_to_stop())
        if options.new or options.write_tags:
            stack.enter_context(only_writer(state_folder()))
        display = display or _display(options)
        tell = _once(display.complain)  # journal and cache may fail for the same reason
        work = _find_work(options, stack, stop, tell)
        if stop.is_set():
            display.header(f"{stop.why} while looking for music; nothing was analysed.")
            return stop.exit_code
        if options.new and work.list.to_analyse == 0:
            return ExitCode.DONE
        return _run(options, work, stack, stop, display, tell, note)


@dataclass(frozen=True, kw_only=True)
class _Work:
    """What a scan is about to do."""

    model: LazyModel
    rules: Rules
    database: Cache | None
    cache: NullCache
    list: WorkList
    roots: Roots
    left_out: Counter[str]  # files of other kinds, by suffix


def _find_work(options: ScanOptions, stack: ExitStack, stop: Stop, tell: Tell) -> _Work:
    """Read the model's metadata, open the cache and find the files.

    Raises:
        GenretagError: the scan cannot start.
    """
    model = LazyModel(options.model, options.device)
    rules = rules_for(options, model.metadata, model.path.stem)
    check_seconds(options, model.metadata)
    check_cluster(options)
    database, cache = open_result_cache(options, model, stack, tell)
    left_out: Counter[str] = Counter()
    roots = Roots(options.paths)
    music = find_music(options.paths, options.exclude, rules.skips, left_out)
    walked = counted(music, shown=not options.quiet)
    found = WorkList(until(stop, walked), cache, only_new=options.new)
    if found.files == 0 and not stop.is_set():
        places = ", ".join(map(str, options.paths))
        complain(" ".join([f"No music was found in {places}.", *other_kinds(left_out)]))
    if options.new and found.unsettled and not options.quiet:
        complain(
            f"{count_of(found.unsettled, 'file')} changed a moment ago: left for the next run."
        )
    return _Work(
        model=model,
        rules=rules,
        database=database,
        cache=cache,
        list=found,
        left_out=left_out,
        roots=roots,
    )


def _run(
    options: ScanOptions,
    work: _Work,
    stack: ExitStack,
    stop: Stop,
    display: ScanDisplay,
    tell: Tell,
    note: Callable[[Result], None],
) -> ExitCode:
    """Analyse the files, and show and save the results."""
    model, todo = work.model, work.list
    tag_writer = _tag_writer(options, work, stack) if options.write_tags else None
    under_way = UnderWay()
    # This loads the model: a scan that cannot run replaces no table.
    analysis = stack.enter_context(
        analysing(
            under_way.begun(todo.entries(work.cache)),
            todo.to_analyse,
            model,
            options,
            work.cache.location,
            display,
            stop,
        )
    )
    outputs = Outputs(options, model, work.rules, stack)
    to_be_edited = options.csv or options.report
    plan = PlanNotes(stack, tell) if to_be_edited and not options.write_tags else None
    display.leave_out(work.left_out)
    display.expect(todo.to_analyse if options.new else todo.files)
    stack.enter_context(display)
    for line in _header(work, analysis, options):
        display.header(line)
    display.follow(under_way.slow)
    results = scan(
        under_way.done(analysis.tracks),
        model,
        work.rules,
        batch_size=analysis.batch_size,
        named=options.paths,
        writer=tag_writer,
        cache=work.cache,
        only_new=options.new,
        stop=stop,
    )
    try:
        with closing(results):
            for result in results:
                if result.failed:
                    work.roots.check(result.path)
                outputs.write(result)
                if plan is not None:
                    plan.note(result, work.rules.source_of(result))
                note(result)
                display.add(result)
        work.cache.flush()
    except GenretagError as error:
        display.summary(write_tags=options.write_tags, cut_short="Stopped")
        if not isinstance(error, StateError):
            raise
        tell(str(error))  # unless the cache has failed for the same reason before
        return error.exit_code
    display.summary(write_tags=options.write_tags, cut_short=stop.why if stop.is_set() else "")
    if tag_writer is not None and tag_writer.notice:
        display.complain(tag_writer.notice)
    if stop.is_set() and stop.exit_code is not ExitCode.DONE:
        return stop.exit_code
    if not stop.is_set():
        outputs.finish()
    return ExitCode.SOME_FILES_FAILED if display.any_failed else ExitCode.DONE


def _once(tell: Tell) -> Tell:
    """Return what tells a first sentence, and no other."""
    told: list[str] = []

    def first(text: str) -> None:
        if not told:
            told.append(text)
            tell(text)

    return first


def _header(work: _Work, analysis: Analysis, options: ScanOptions) -> Iterator[str]:
    """Yield the first lines of a scan."""
    model, todo = work.model, work.list
    if todo.files == 0:
        return
    if options.min_confidence is None and (
        warning := writes_nothing(model.metadata.min_confidence)
    ):
        yield warning
    name = f"{model.path.stem} ({count_of(len(model.metadata.labels), 'genre')})"
    least = f"minimum confidence {100 * work.rules.min_confidence:.3g}%"
    if todo.to_analyse == 0:
        yield (
            f"{name}: all results are cached; nothing is analysed, and no device is needed; {least}"
        )
        return
    part = "all" if options.seconds is None else f"{options.seconds:g} s"
    cached = f"; {todo.known} of {count_of(todo.files, 'track')} cached" if todo.known else ""
    yield f"{name} {analysis.where}, {part} of each track, {least}{cached}"
    if analysis.notice:
        yield analysis.notice


def _tag_writer(options: ScanOptions, work: _Work, stack: ExitStack) -> "TagWriter":
    from tagger.writing.writer import TagWriter  # a dry run starts without it

    return TagWriter(
        stack.enter_context(open_journal()),
        options.command_line(),
        mtime=options.mtime,
        strict_owner=options.strict_owner,
        style=work.rules.style,
        within=options.paths,
        wrote=work.database.wrote if work.database else None,
    )


def _display(options: ScanOptions) -> ScanDisplay:
    to_stdout = STANDARD_OUTPUT in (options.csv, options.jsonl, options.report)
    return ScanDisplay(quiet=options.quiet, results=not to_stdout, stderr=to_stdout)
