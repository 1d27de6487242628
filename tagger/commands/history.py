"""The work of `genretag history`."""

from tagger.commands.state import open_journal
from tagger.errors import ExitCode
from tagger.output.console import complain, show_table, when
from tagger.writing.journal import State


def run_history() -> ExitCode:
    """List the runs that wrote."""
    with open_journal() as journal:
        rows = [
            (
                str(run.id),
                when(run.started),
                run.command,
                *(str(run.counts.get(state, 0) or "") for state in _SHOWN),
            )
            for run in journal.runs()
        ]
    if not rows:
        complain("Nothing was written yet.")
        return ExitCode.DONE
    show_table(("run", "when", "command", "written", "failed", "undone", "unfinished"), rows)
    return ExitCode.DONE


_SHOWN = (State.DONE, State.FAILED, State.UNDONE, State.BEGUN)
