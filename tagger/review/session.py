"""A review as values: the rows of a table, what was decided about them, and where the user is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tagger.output.cells import cell_genres, cell_path, cell_text, genres_cell
from tagger.output.planfile import Table
from tagger.pipeline.decide import Rules
from tagger.tracks import Action, Status

_PROBABILITY = "p_"  # begins the columns of the labels


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A genre that the user may pick."""

    genres: tuple[str, ...]
    probability: float | None


@dataclass(frozen=True, kw_only=True)
class Row:
    """A track as the table has it.

    Attributes:
        place: of its row in the table.
        path: of the music file.
        status: of the analysis.
        genres: in the cell `genre`.
        existing: genres in the file.
        action: in the cell `action`.
        seconds: that were analysed; None: not known.
        candidates: the most probable first.
    """

    place: int
    path: Path
    status: str
    genres: tuple[str, ...]
    existing: tuple[str, ...]
    action: str
    seconds: float | None
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What the user wants with a track."""

    action: Action
    genres: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Review:
    """The state of a review; every step returns a new one.

    Attributes:
        rows: to be reviewed.
        at: the number of the row that is shown.
        decisions: by the number of the row.
        past: position and decisions before each step that can be undone.
    """

    rows: tuple[Row, ...]
    at: int = 0
    decisions: Mapping[int, Decision] = field(default_factory=dict)
    past: tuple[tuple[int, Mapping[int, Decision]], ...] = ()

    @property
    def row(self) -> Row:
        """The row that is shown."""
        return self.rows[self.at]

    @property
    def known(self) -> frozenset[str]:
        """The genres of all candidates, and those that are in the table already."""
        return frozenset(
            genre
            for row in self.rows
            for genres in (row.genres, row.existing, *(one.genres for one in row.candidates))
            for genre in genres
        )

    @property
    def decision(self) -> Decision:
        """What is to be done about it, decided now or by the scan."""
        return self.decisions.get(self.at) or Decision(
            action=Action(self.row.action or Action.SKIP), genres=self.row.genres
        )

    def decided(self, decision: Decision) -> "Review":
        """Return the review with a decision, at the next row."""
        return replace(
            self,
            decisions={**self.decisions, self.at: decision},
            past=(*self.past, (self.at, self.decisions)),
        ).moved(1)

    def written(self, genres: Sequence[str]) -> "Review":
        """Return the review with the decision to write these genres."""
        return self.decided(Decision(action=Action.WRITE, genres=tuple(genres)))

    def left_alone(self) -> "Review":
        """Return the review with the decision to leave the file as it is."""
        return self.decided(Decision(action=Action.SKIP, genres=self.row.genres))

    def moved(self, by: int) -> "Review":
        """Return the review at another row, which is never beyond the first or the last."""
        return replace(self, at=min(max(self.at + by, 0), len(self.rows) - 1))

    def at_path(self, path: Path | None) -> "Review":
        """Return the review at the row of a file; itself if there is none."""
        found = (number for number, row in enumerate(self.rows) if row.path == path)
        return replace(self, at=next(found, self.at))

    def undone(self) -> "Review":
        """Return the review before the last decision; itself if there is none."""
        if not self.past:
            return self
        *past, (at, decisions) = self.past
        return replace(self, at=at, decisions=decisions, past=tuple(past))

    def changes(self) -> dict[int, dict[str, str]]:
        """Return the new cells of the table, by the place of their row."""
        return {
            self.rows[number].place: {
                "genre": genres_cell(decision.genres),
                "action": str(decision.action),
            }
            for number, decision in self.decisions.items()
        }


def rows_of(table: Table, rules: Rules, *, uncertain: bool = False) -> tuple[Row, ...]:
    """Return the rows of a table that have a guess, as far as they are to be reviewed.

    Args:
        table: of a scan.
        rules: the names of the model's labels.
        uncertain: only those of uncertain tracks.
    """
    rows = (_row(place, row.cells, rules) for place, row in enumerate(table.rows))
    return tuple(
        row
        for row in rows
        if row.candidates
        and row.action in ("", Action.WRITE, Action.KEEP, Action.SKIP)
        and (row.status == Status.UNCERTAIN or not uncertain)
    )


def _row(place: int, cells: Mapping[str, str], rules: Rules) -> Row:
    return Row(
        place=place,
        path=cell_path(cells["path"]),
        status=cells.get("status", ""),
        genres=cell_genres(cells["genre"]),
        existing=cell_genres(cells["existing_genre"]),
        action=cells["action"].strip().lower(),
        seconds=_number(cells.get("seconds", "")),
        candidates=_candidates(cells, rules),
    )


def _candidates(cells: Mapping[str, str], rules: Rules) -> tuple[Candidate, ...]:
    """Return a candidate for each label, or the two best where the columns of labels are gone."""
    labels = {
        column.removeprefix(_PROBABILITY): _number(cell)
        for column, cell in cells.items()
        if column.startswith(_PROBABILITY)
    }
    found = [
        Candidate(
            genres=rules.guess_of(cell_text(label)),
            probability=probability,
        )
        for label, probability in labels.items()
        if probability is not None
    ]
    found.sort(key=lambda candidate: -(candidate.probability or 0))
    if not found:
        pairs = (("genre", "confidence"), ("second_genre", "second_confidence"))
        found = [
            Candidate(
                genres=cell_genres(cells.get(genre, "")), probability=_number(cells.get(p, ""))
            )
            for genre, p in pairs
            if cells.get(genre)
        ]
    return tuple(found)


def _number(cell: str) -> float | None:
    """Read a number, with the decimal comma of some spreadsheets as well."""
    try:
        return float(cell.replace(",", "."))
    except ValueError:
        return None
