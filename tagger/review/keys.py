"""What each key of a review does."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from tagger.output.cells import cell_genres
from tagger.review.player import Player
from tagger.review.screen import MOST_CANDIDATES
from tagger.review.session import Review
from tagger.settings.values import nearest
from tagger.tags.genre_names import NO_ID3V1_GENRE, id3v1_number, plain
from tagger.tracks import Action

_RIGHT_OR_DOWN = ("\x1b[C", "\x1b[B", "\x1bOC", "\x1bOB", "\xe0M", "\xe0P")  # the last of Windows
_LEFT_OR_UP = ("\x1b[D", "\x1b[A", "\x1bOD", "\x1bOA", "\xe0K", "\xe0H")
_LIKENESS = 0.8  # "Reggea" is to be Reggae, but "Folk Rock" is no mistake for Rock


@dataclass(frozen=True, kw_only=True)
class Step:
    """What follows from a key.

    Attributes:
        review: the new state; None: the review ends.
        message: a sentence about it.
    """

    review: Review | None
    message: str = ""


class Keys:
    """The keys of a review."""

    def __init__(self, player: Player, ask: Callable[[], str]) -> None:
        """Use a player, and a function that lets the user type a genre; empty: none."""
        self._player = player
        self._ask = ask
        works: Mapping[tuple[str, ...], Callable[[Review], Step]] = {
            ("\r", "\n", "t"): self._take,
            ("c",): self._type,
            ("s",): lambda review: _decided(review, review.left_alone()),
            (" ", "n", *_RIGHT_OR_DOWN): partial(_move, by=1),
            ("b", *_LEFT_OR_UP): partial(_move, by=-1),
            ("p",): self._play,
            ("u",): _undo,
            ("q", "\x04"): lambda _: Step(review=None),  # or Ctrl-D
        }
        self._works = {key: work for keys, work in works.items() for key in keys}
        for number in range(MOST_CANDIDATES):
            self._works[str(number + 1)] = partial(_pick, number=number)

    def press(self, key: str, review: Review) -> Step:
        """Do what a key stands for; one that stands for nothing leaves all as it is.

        Args:
            key: as the terminal sends it.
            review: the state.
        """
        work = self._works.get(key)
        return work(review) if work else Step(review=review)

    def _take(self, review: Review) -> Step:
        row = review.row
        return _decided(review, review.written(row.genres or row.candidates[0].genres))

    def _type(self, review: Review) -> Step:
        genres = cell_genres(self._ask())
        if not genres:
            return Step(review=review)
        step = _decided(review, review.written(genres))
        return replace(step, message=f"{step.message}{_hint(genres, review.known)}")

    def _play(self, review: Review) -> Step:
        return Step(review=review, message=self._player.play(review.row.path, review.row.seconds))


def _hint(genres: Sequence[str], known: Collection[str]) -> str:
    """Return what a typed genre was perhaps meant to be; empty if all are known, or like none."""
    spelled = {plain(name) for name in known}
    hints = (
        nearest(genre, known, likeness=_LIKENESS)
        for genre in genres
        if plain(genre) not in spelled and id3v1_number(genre) == NO_ID3V1_GENRE
    )
    hint = next(filter(None, hints), "")
    return f"{hint} u takes it back." if hint else ""


def _pick(review: Review, number: int) -> Step:
    candidates = review.row.candidates
    if number >= len(candidates):
        return Step(review=review)
    return _decided(review, review.written(candidates[number].genres))


def _move(review: Review, by: int) -> Step:
    moved = review.moved(by)
    edge = "the last" if by > 0 else "the first"
    return Step(review=moved, message=f"This is {edge} track." if moved.at == review.at else "")


def _undo(review: Review) -> Step:
    message = "The last decision is undone." if review.past else "There is nothing to undo."
    return Step(review=review.undone(), message=message)


def _decided(before: Review, review: Review) -> Step:
    """Say what was decided: the screen shows the next track by now."""
    decision = review.decisions[before.at]
    writes = decision.action is Action.WRITE
    what = f"write {', '.join(decision.genres)}" if writes else "leave alone"
    last = " It was the last track; q quits." if review.at == before.at else ""
    return Step(review=review, message=f"{before.row.path.name}: {what}.{last}")
