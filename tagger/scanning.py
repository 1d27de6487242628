"""The work of `genretag scan`: brings files, model, outputs and display together."""

from contextlib import ExitStack, closing

from tagger.console import ScanDisplay, complain
from tagger.decide import Rules
from tagger.errors import ExitCode
from tagger.listen import Listening
from tagger.model import GenreModel
from tagger.options import ScanOptions
from tagger.output import STANDARD_OUTPUT, CsvWriter, JsonLinesWriter, Writer, opened
from tagger.scan import scan
from tagger.walk import find_music

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
    jobs = options.jobs or cpu_count()
    if total == 0:
        complain(f"No music was found in {', '.join(map(str, options.paths))}.")
    to_stdout = STANDARD_OUTPUT in (options.csv, options.jsonl)
    with ExitStack() as stack:
        writers: list[Writer] = []
        if options.csv:
            writers.append(CsvWriter(stack.enter_context(opened(options.csv)), facts.labels))
        if options.jsonl:
            writers.append(
                JsonLinesWriter(stack.enter_context(opened(options.jsonl)), facts.labels)
            )
        display = stack.enter_context(
            ScanDisplay(total, quiet=options.quiet, results=not to_stdout, stderr=to_stdout)
        )
        heard = "all" if options.seconds is None else f"{options.seconds:g} s"
        display.header(
            f"{model.path.stem} ({len(facts.labels)} genres) on {model.device}, "
            f"decoding in {jobs} {'process' if jobs == 1 else 'processes'}, {heard} of each track"
        )
        if model.notice:
            display.header(f"The GPU is not used: {model.notice}.")
        results = scan(
            find_music(options.paths, options.exclude),
            model,
            Listening(facts.front_end, facts.grid, options.seconds, jobs),
            Rules(
                facts.min_confidence if options.min_confidence is None else options.min_confidence,
                options.top,
                options.overwrite,
            ),
            batch_size=options.batch_size or BATCH_SIZE[model.device],
            write_tags=options.write_tags,
        )
        interrupted = False
        try:
            with closing(results):
                for result in results:
                    for writer in writers:
                        writer.write(result)
                    display.add(result)
        except KeyboardInterrupt:
            interrupted = True
        display.summary(interrupted=interrupted, write_tags=options.write_tags)
    if interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.SOME_FILES_FAILED if display.any_failed else ExitCode.DONE
