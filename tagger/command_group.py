"""The group of all commands, each imported when it is needed."""

import shlex
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

from typer.core import TyperGroup
from typer.main import get_group

from tagger.arguments import new_group


class CommandGroup(TyperGroup):
    """The commands of a program; a path in place of a command brings up `scan`.

    Listing the commands imports none of them, and running one imports that one alone.

    Attributes:
        modules: what `--help` says of each command, by the module that adds it, in their order.
    """

    modules: ClassVar[Mapping[str, Mapping[str, str]]] = {}

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        commands: Any = _LazyCommands(self.modules)
        self.commands = commands

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the options before the command; unlike those of commands, without variables."""
        parameters: list[Any] = super().get_params(ctx)
        for parameter in parameters:
            parameter.allow_from_autoenv = False  # GENRETAG_VERSION is often set in containers
        return parameters

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands, in the order in which they are listed."""
        return list(self.commands)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List the commands."""
        with formatter.section("Commands"):
            formatter.write_dl([row for listed in self.modules.values() for row in listed.items()])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that the arguments name."""
        if args[0] not in self.commands and not ctx.resilient_parsing and Path(args[0]).exists():
            meant = shlex.join(["genretag", "scan", *args])
            ctx.fail(f"{args[0]!r} is a path and not a command. To scan it: {meant}")
        return super().resolve_command(ctx, args)


class _LazyCommands(Mapping[str, Any]):
    """Commands by their names, each made when it is looked up."""

    def __init__(self, modules: Mapping[str, Mapping[str, str]]) -> None:
        self._modules = {name: module for module, listed in modules.items() for name in listed}
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            group = new_group("")
            import_module(self._modules[name]).add_to(group)
            self._made |= get_group(group).commands
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)
