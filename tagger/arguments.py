"""Types of the command line and options that several commands share."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from tagger.errors import ExitCode, UsageError
from tagger.options import Mtime

WHOLE_TRACK = float("inf")
"""What `--seconds full` is read as: None would stand for an option that was not given."""


def parse_seconds(text: str | float) -> float:
    """Read a number of seconds; "full" is infinity.

    Raises:
        typer.BadParameter: it is neither.
    """
    if text == "full":
        return WHOLE_TRACK
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not (0 < seconds < float("inf") or text == WHOLE_TRACK):
        raise typer.BadParameter(f"{text!r} is neither a number of seconds nor 'full'.")
    return seconds


def parse_probability(text: str | float) -> float:
    """Read a probability, and take nobody's percent for one.

    Raises:
        typer.BadParameter: it is not between 0 and 1.
    """
    try:
        value = float(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a number between 0 and 1.") from None
    if not 0 <= value <= 1:
        hint = f"; did you mean {value / 100:g}?" if 1 < value <= 100 else "."  # noqa: PLR2004
        raise typer.BadParameter(f"{text!r} is not between 0 and 1{hint}")
    return value


def parse_duration(text: str) -> str:
    """Let a time such as "4h" pass.

    Raises:
        typer.BadParameter: it is none.
    """
    from tagger.runtime import deadline

    try:
        deadline.parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return text


class PlainCommand(TyperCommand):
    """A command that names its arguments without their Python types, and variables it read."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Blame an environment variable, and not the option that it stands for, in plain words.

        Raises:
            typer.BadParameter: a value cannot be read.
        """
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            name = error.param and error.param.name
            source = ctx.get_parameter_source(name) if name else None
            if source is not None and source.name == "ENVIRONMENT":
                error.param_hint = f"{ctx.auto_envvar_prefix}_{name}".upper()
            error.message = error.message.removeprefix("Value error, ").partition(", unable")[0]
            raise

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Name arguments in the usage line; only optional ones are in brackets."""
        return [piece.translate(_NO_BRACES) for piece in super().collect_usage_pieces(ctx)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """List arguments and options."""
        rows: dict[str, list[tuple[str, str]]] = {"argument": [], "option": []}
        parameters: list[Any] = self.get_params(ctx)
        for parameter in parameters:
            parameter.show_envvar = False  # each has one, which would fill the page
            switch = parameter.default is False  # off; its --no-… is for what a file turns on
            parameter.show_default = parameter.show_default and not switch
            if record := parameter.get_help_record(ctx):
                name, words = record
                if parameter.param_type_name == "argument":
                    name = name.partition(" <")[0]
                elif switch:
                    name = name.partition(" / ")[0]
                rows[parameter.param_type_name].append((name, words))
        for title, listed in (("Arguments", rows["argument"]), ("Options", rows["option"])):
            if listed:
                with formatter.section(title):
                    formatter.write_dl(listed)


_NO_BRACES = str.maketrans("", "", "{}")


def new_group(words: str, environment: str | None = None) -> typer.Typer:
    """Return an empty group of commands.

    Args:
        words: its help.
        environment: the first part of the variables that stand for options.
    """
    return typer.Typer(
        help=words,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # frames and columns of types leave too little room for words
        context_settings={
            "help_option_names": ["-h", "--help"],
            "auto_envvar_prefix": environment,
        },
    )


def run(work: Callable[[], int]) -> None:
    """Do the work of a command and end with its exit code."""
    try:
        code = work()
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    raise typer.Exit(code)


def as_paths(arguments: Sequence[str] | None) -> tuple[Path, ...]:
    """Return arguments as paths.

    Raises:
        UsageError: one is empty, and would stand for the current folder.
    """
    given = tuple(arguments or ())
    if "" in given:
        raise UsageError("A path is empty; is it a variable that is not set?")
    return tuple(map(Path, given))


DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what would be done, and change nothing.")
]
MtimeChoice = Annotated[
    Mtime,
    typer.Option(
        "--mtime",
        help="Modification time of written files: the present, the old one plus a second, or"
        " the old one.",
    ),
]
KeepMtime = Annotated[bool, typer.Option("--keep-mtime", help="Same as --mtime keep.")]
StrictOwner = Annotated[
    bool,
    typer.Option(
        "--strict-owner/--no-strict-owner",
        help="Refuse files whose owner, group or permissions cannot be kept.",
    ),
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet/--no-quiet", "-q", help="Print only failures, on standard error."),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Seconds = Annotated[
    float,
    typer.Option(
        "--seconds",
        parser=parse_seconds,
        metavar="S|full",
        help="Analyse S seconds from the middle of each track, or all of it.",
    ),
]
Paths = Annotated[
    list[str] | None,
    typer.Argument(metavar="PATH", help="Files, or folders of them.", show_default=False),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Read this configuration file."),
]
ModelFile = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", help="A model file; by default the packaged one.", show_default=False
    ),
]
ModelOption = Annotated[
    Path | None,
    typer.Option(
        "--model", metavar="FILE", help="Model made by genretag-train export, not the packaged one."
    ),
]
