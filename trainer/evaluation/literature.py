"""Published figures on GTZAN, each with its protocol and where it was read.

They are quoted and not measured here. What counts most is the split: the same kind of network is
right in 70 % of windows where whole songs are split, and in 89 % where windows are.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from trainer.evaluation.entry import Entry
from trainer.evaluation.text import percent

ARTISTS = "artists apart, faults left out"
TRACKS = "tracks at random"
WINDOWS = "windows at random, flattering"
UNKNOWN = "not in the abstract"


@dataclass(frozen=True, kw_only=True)
class Published:
    """A figure that others published.

    Attributes:
        system: What they trained.
        split: How training and test were split.
        source: Where the figure stands.
        windows: Share of windows, or excerpts, that are right; None if it is not given.
        tracks: Share of tracks that are right; None if it is not given.
    """

    system: str
    split: str
    source: str
    windows: float | None = None
    tracks: float | None = None


TRANSFER = "github.com/jordipons/sklearn-audio-transfer-learning, README"
PUBLISHED = (
    Published(
        system="MFCC + SVM",
        split=ARTISTS,
        tracks=0.5344,
        source=f"arXiv:1805.00237, as quoted in {TRANSFER}",
    ),
    Published(system="VGGish + linear SVM", split=ARTISTS, tracks=0.7724, source=TRANSFER),
    Published(
        system="best known there",
        split=ARTISTS,
        tracks=0.821,
        source=f"doi:10.3390/app8010150, as quoted in {TRANSFER}",
    ),
    Published(
        system="CNN on log-mel",
        split=TRACKS,
        windows=0.7034,
        tracks=0.7760,
        source="github.com/Hguimaraes/gtzan.keras, README (mean of five trainings)",
    ),
    Published(
        system="InceptionV3, pictures of 10 s",
        split=TRACKS,
        windows=0.84,
        source="github.com/fferlito/Music-Genre-Classifier, README",
    ),
    Published(
        system="MobileNetV2, pictures of 10 s",
        split=TRACKS,
        windows=0.77,
        source="github.com/fferlito/Music-Genre-Classifier, README",
    ),
    Published(
        system="VGG16, half overlapping windows",
        split=WINDOWS,
        windows=0.8921,
        source="github.com/NazarPonochevnyi/Trained-CNN-for-Genre-classification, README",
    ),
    Published(
        system="VGG16 + GRU",
        split=UNKNOWN,
        windows=0.896,
        source="Ashraf and Ashraf, VAWKUM Transactions on Computer Sciences 12(2), 2024",
    ),
    Published(
        system="Inception-ResNet",
        split=UNKNOWN,
        windows=0.941,
        source="Valdera and Arifin, IAES International Journal of Artificial Intelligence 14(4), "
        "2025",
    ),
    Published(
        system="CNN and VGG16 with RNN",
        split=UNKNOWN,
        windows=0.955,
        source="Ahmad and Sahil, doi:10.35940/ijitee.A3956.119119, 2019",
    ),
)
HEADER = ("system", "split", "windows", "tracks", "source")


def literature(entries: Sequence[Entry]) -> list[tuple[str, ...]]:
    """Return measured and published figures side by side, with a header.

    A source is a number of the list that `sources` gives.
    """
    places = {source: place for place, source in enumerate(_sources(), 1)}
    return [
        HEADER,
        *(
            (
                *(entry.name, WINDOWS if entry.is_flattering else f"split {entry.split!r}"),
                *(percent(entry.window_accuracy), percent(entry.track_accuracy), "measured"),
            )
            for entry in entries
        ),
        *(
            (
                *(found.system, found.split, percent(found.windows), percent(found.tracks)),
                f"[{places[found.source]}]",
            )
            for found in PUBLISHED
        ),
    ]


def sources() -> str:
    """Return where the published figures stand, a numbered line each."""
    return "\n".join(f"[{place}] {source}" for place, source in enumerate(_sources(), 1))


def to_list() -> list[dict[str, Any]]:
    """Return the published figures as plain values for JSON."""
    return list(map(asdict, PUBLISHED))


def _sources() -> list[str]:
    return list(dict.fromkeys(found.source for found in PUBLISHED))
