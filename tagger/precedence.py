"""Options by where they come from: the command line beats the environment, and that the file."""

from keyword import iskeyword
from pathlib import Path
from typing import Annotated

import typer

from tagger.errors import UsageError
from tagger.options import Mtime

_OF_ALL_WRITERS = ("mtime", "strict_owner")  # options of a scan that other commands have too
_SOURCES = ("COMMANDLINE", "ENVIRONMENT", "DEFAULT_MAP")
"""Where options come from, the strongest first; the last is the configuration file."""


def one_of(ctx: typer.Context, **flags: bool) -> tuple[bool, ...]:
    """Return flags of which one may be set; of several, the one from the strongest source is.

    Raises:
        UsageError: two from the same source are set.
    """
    given = [name for name, value in flags.items() if value]
    strength = {name: _SOURCES.index(_source(ctx, name)) for name in given}
    strongest = [name for name in given if strength[name] == min(strength.values())]
    if len(strongest) > 1:
        first, second = (f"--{name.replace('_', '-')}" for name in strongest[:2])
        raise UsageError(f"{first} and {second} exclude each other.")
    return tuple(name in strongest for name in flags)


def chosen_mtime(ctx: typer.Context, mtime: Mtime, keep: bool) -> Mtime:
    """Return what `--mtime` and `--keep-mtime` ask for; the stronger source counts.

    Raises:
        UsageError: both are from the same source, and ask for different times.
    """
    if keep and mtime != "keep" and _source(ctx, "mtime") in _SOURCES:
        return "keep" if one_of(ctx, mtime=True, keep_mtime=True)[1] else mtime
    return "keep" if keep else mtime


def _source(ctx: typer.Context, name: str) -> str:
    source = ctx.get_parameter_source(name)
    return source.name if source else ""


def given_options(ctx: typer.Context) -> frozenset[str]:
    """Return the names of the options on the command line and in the environment."""
    return frozenset(name for name in ctx.params if _source(ctx, name) in _SOURCES[:2])


def read_settings(ctx: typer.Context, file: Path | None) -> Path | None:
    """Let the configuration file set the defaults of a scan's options.

    Raises:
        ConfigError: the file cannot be read, or has a wrong key or value.
    """
    if not ctx.resilient_parsing:
        from tagger.settings.file import load

        settings = load(file).scan
        ctx.default_map = {f"{k}_" if iskeyword(k) else k: v for k, v in settings.items()}
    return file


def read_writing_settings(ctx: typer.Context, file: Path | None) -> Path | None:
    """Let the configuration file say of a command that writes what it says of a scan's writes.

    Raises:
        ConfigError: the file cannot be read, or has a wrong key or value.
    """
    read_settings(ctx, file)
    given = ctx.default_map or {}
    ctx.default_map = {name: given[name] for name in _OF_ALL_WRITERS if name in given}
    return file


SettingsFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        callback=read_settings,
        is_eager=True,
        help="Read this configuration file; see genretag config.",
    ),
]

WritingSettingsFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        callback=read_writing_settings,
        is_eager=True,
        help="Read this configuration file.",
    ),
]
