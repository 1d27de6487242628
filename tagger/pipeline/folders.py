"""Which settings hold in a folder, by the `[[folder]]` rules of the configuration."""

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from tagger.settings.schema import FolderRule


class FolderRules:
    """The rules for all folders; where several hold, the innermost that says something counts."""

    def __init__(self, rules: Iterable[FolderRule] = (), *, but_not: Iterable[str] = ()) -> None:
        """Take the rules of a configuration.

        Args:
            rules: in any order.
            but_not: the settings that the command line gives for all folders.
        """
        nothing = dict.fromkeys(set(but_not) & _SETTINGS)
        resolved = [
            replace(rule, path=Path(os.path.realpath(rule.path)), **nothing) for rule in rules
        ]
        self._outermost_first = sorted(resolved, key=lambda rule: len(rule.path.parts))
        self._known: dict[Path, FolderRule] = {}

    @property
    def any_albums(self) -> bool:
        """Tell whether the tracks of any folder are to vote as one."""
        return any(rule.album for rule in self._outermost_first)

    def of(self, folder: Path) -> FolderRule:
        """Return what holds for the files of a folder."""
        if not self._outermost_first:
            return _NO_RULE
        if folder not in self._known:
            self._known[folder] = self._find(Path(os.path.realpath(folder)))
        return self._known[folder]

    def _find(self, folder: Path) -> FolderRule:
        found = _NO_RULE
        for rule in self._outermost_first:
            if folder.is_relative_to(rule.path):
                said = {name: getattr(rule, name) for name in _SETTINGS}
                found = replace(found, **{k: v for k, v in said.items() if v is not None})
        return found


_NO_RULE = FolderRule(path=Path())
_SETTINGS = {"skip", "album", "min_confidence"}
