"""Which tracks a network has seen in training, and the refusal to score it on them.

A run folder keeps `trained_on.npz`: name, digest and fingerprint of every strip that the run was
trained on, and of all that the runs were trained on that it started from or learnt from. A figure
on any of these tracks would flatter, whatever split they are in now.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from tagger.audio.frontend import FrontEnd
from tagger.errors import DataError
from tagger.output.console import printable
from trainer.data.dataset import Track
from trainer.data.fingerprints import STEP, Fingerprint, digest, find, fingerprint
from trainer.data.recordings import Recordings
from trainer.files import whole

SEEN_FILE = "trained_on.npz"
SHOWN = 3  # tracks that an error names


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Strips by name and by audio; the four tuples are of one length.

    Attributes:
        names: Genre and track, `genre/track`.
        runs: The run that was trained on the strip; empty for the run itself.
        digests: Digests of the strips.
        fingerprints: Their fingerprints; empty where there are none.
        unknown: Runs of which nobody knows what they were trained on.
    """

    names: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    fingerprints: tuple[Fingerprint, ...] = ()
    unknown: tuple[str, ...] = ()

    def joined(self, others: Iterable["Seen"]) -> "Seen":
        """Return these strips and those of others, each digest once."""
        names, runs, digests, fingerprints = [], [], [], []
        unknown = dict.fromkeys(self.unknown)
        known: set[tuple[str, str]] = set()
        for seen in (self, *others):
            unknown |= dict.fromkeys(seen.unknown)
            for name, run, one, bits in zip(
                seen.names, seen.runs, seen.digests, seen.fingerprints, strict=True
            ):
                if (name, one) not in known:
                    known.add((name, one))
                    names.append(name)
                    runs.append(run)
                    digests.append(one)
                    fingerprints.append(bits)
        return Seen(
            names=tuple(names),
            runs=tuple(runs),
            digests=tuple(digests),
            fingerprints=tuple(fingerprints),
            unknown=tuple(unknown),
        )

    def of_run(self, run: str) -> "Seen":
        """Return the same, as what another run gets from this one."""
        return Seen(
            names=self.names,
            runs=tuple(origin or run for origin in self.runs),
            digests=self.digests,
            fingerprints=self.fingerprints,
            unknown=self.unknown,
        )

    def save(self, folder: Path) -> None:
        """Write `trained_on.npz`.

        Raises:
            DataError: it cannot be written.
        """
        bits = self.fingerprints
        with whole(folder / SEEN_FILE) as file:
            np.savez_compressed(
                file,
                names=_strings(self.names),
                runs=_strings(self.runs),
                digests=_strings(self.digests),
                step=np.array(STEP),
                lengths=np.array([len(one) for one in bits], np.int64),
                fingerprints=np.concatenate(bits) if bits else np.zeros(0, np.uint16),
                unknown=_strings(self.unknown),
            )


def load_seen(folder: Path) -> Seen:
    """Read what a run was trained on; of an older run nothing is known."""
    try:
        with np.load(folder / SEEN_FILE, allow_pickle=False) as stored:
            ends = np.cumsum(stored["lengths"])[:-1]
            bits = np.split(stored["fingerprints"], ends) if len(stored["lengths"]) else []
            unknown = _texts(stored["unknown"])
            if int(stored.get("step", 0)) != STEP:  # of an older version, nothing to compare with
                bits = [np.zeros(0, np.uint16)] * len(bits)
                unknown = tuple(dict.fromkeys((*unknown, folder.name)))
            return Seen(
                names=_texts(stored["names"]),
                runs=_texts(stored["runs"]),
                digests=_texts(stored["digests"]),
                fingerprints=tuple(bits),
                unknown=unknown,
            )
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return Seen(unknown=(folder.name,))


def seen_in(tracks: Iterable[Track], front_end: FrontEnd) -> Seen:
    """Return the strips of tracks, as far as their split has them."""
    names, digests, fingerprints = [], [], []
    for track in tracks:
        for strip in track.load():
            names.append(track.full_name)
            digests.append(digest(strip))
            fingerprints.append(fingerprint(strip, front_end))
    return Seen(
        names=tuple(names),
        runs=("",) * len(names),
        digests=tuple(digests),
        fingerprints=tuple(fingerprints),
    )


def seen_in_recordings(recordings: Recordings, split: str) -> Seen:
    """Return the strips of a split of recordings."""
    indices = recordings.split(split)
    strips = [recordings.load(index) for index in indices]
    return Seen(
        names=tuple(recordings.rows[index].full_name for index in indices),
        runs=("",) * len(strips),
        digests=tuple(map(digest, strips)),
        fingerprints=tuple(fingerprint(strip, recordings.front_end) for strip in strips),
    )


def seen_as_taught(recordings: Recordings) -> Seen:
    """Return what is seen of recordings by learning a teacher's vectors for them.

    Its knowledge is learnt as well, and of the teacher nobody says what it has seen.
    """
    teacher = recordings.targets.teacher or f"the teacher of {recordings.folder.name}"
    return replace(seen_in_recordings(recordings, "train"), unknown=(teacher,))


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """A track that is to be scored, and the one in training that it is."""

    track: str
    seen: str
    run: str
    reason: str

    def __str__(self) -> str:
        through = f" of {self.run}" if self.run else ""
        same = "" if self.track == self.seen else f", which is {self.seen}{through}"
        return f"{printable(self.track)} ({self.reason}{printable(same)})"


def overlaps(scored: Seen, seen: Seen) -> list[Overlap]:
    """Return the tracks to be scored that were seen in training: by name, or by their audio."""
    by_name = {name: place for place, name in enumerate(seen.names)}
    by_digest = {one: place for place, one in enumerate(seen.digests)}
    found: dict[str, Overlap] = {}

    def note(name: str, place: int, reason: str) -> None:
        found.setdefault(
            name,
            Overlap(track=name, seen=seen.names[place], run=seen.runs[place], reason=reason),
        )

    for name, one in zip(scored.names, scored.digests, strict=True):
        if name in by_name:
            note(name, by_name[name], "same name")
        elif one in by_digest:
            note(name, by_digest[one], "same audio")
    left = [place for place, name in enumerate(scored.names) if name not in found]
    matches = find([scored.fingerprints[place] for place in left], seen.fingerprints)
    for place, match in zip(left, matches, strict=True):
        if match and match.is_same:
            note(scored.names[place], match.index, "same recording")
    return list(found.values())


def refuse_seen(subject: str, scored: Seen, seen: Seen) -> None:
    """Raise DataError, with names, if tracks that are to be scored were seen in training.

    Args:
        subject: What was trained, such as a run folder; it begins the sentence.
        scored: The tracks to be scored.
        seen: The tracks that were seen.
    """
    found = overlaps(scored, seen)
    if not found:
        return
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    names = ", ".join(map(str, found[:SHOWN]))
    raise DataError(
        f"{subject} was trained on {len(found)} of the {len(set(scored.names))} tracks that it "
        f"would be scored on: {names}{more}. Figures on them would mean nothing."
    )


def refuse_seen_names(subject: str, names: Sequence[str], seen: Seen) -> None:
    """Raise DataError if tracks that were scored, of which there are only names, had been seen."""
    scored = Seen(
        names=tuple(names),
        runs=("",) * len(names),
        digests=("",) * len(names),
        fingerprints=(np.zeros(0, np.uint16),) * len(names),
    )
    refuse_seen(subject, scored, seen)


def refuse_seen_tracks(
    subject: str, tracks: Sequence[Track], front_end: FrontEnd, seen: Seen
) -> None:
    """Raise DataError, with names, if tracks that are to be scored were seen in training.

    A split of windows, whose figures are marked as flattering everywhere, is not looked at.
    """
    refuse_seen(subject, seen_in([t for t in tracks if not t.window], front_end), seen)


def scored_names(predictions: Path) -> list[str]:
    """Read the names of the tracks in a `predictions.csv`; none if it cannot be read."""
    try:
        with predictions.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
            return [line["track"] for line in csv.DictReader(file)]
    except (OSError, KeyError, csv.Error):
        return []


def divided_groups(tracks: Sequence[Track], held_out: Sequence[Track]) -> list[str]:
    """Return the artists or albums that are in training and in validation."""
    trained = {track.group for track in tracks if not track.window}
    return sorted({track.group for track in held_out if not track.window} & trained - {""})


def _strings(texts: Sequence[str]) -> np.ndarray:
    """Return texts as an array; names of files need not be valid UTF-8."""
    return np.array([text.encode("utf-8", "surrogateescape").hex() for text in texts], "U")


def _texts(array: np.ndarray) -> tuple[str, ...]:
    return tuple(bytes.fromhex(text).decode("utf-8", "surrogateescape") for text in array)
