"""A run as one line of a comparison."""

from dataclasses import dataclass

from trainer.evaluation.intervals import SIGNIFICANT, Interval


@dataclass(frozen=True, kw_only=True)
class Gain:
    """What a run gains over the first one, on the same tracks.

    Attributes:
        gain: Share of the tracks.
        interval: Its 95 % bootstrap interval over artists.
        p: Probability of so large a difference by chance, by artist, adjusted for the number of
            comparisons (Holm).
        mcnemar: The p-value of McNemar's exact test, which takes all tracks for independent, not
            adjusted.
    """

    gain: float
    interval: Interval
    p: float
    mcnemar: float

    @property
    def is_clear(self) -> bool:
        """Tell whether chance would hardly bring about so large a difference."""
        return self.p < SIGNIFICANT


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One run in the comparison; the gain is over the first run, on the same tracks."""

    name: str
    network: str
    weights: str
    parameters: int
    data: tuple[str, ...]
    trained_on: tuple[str, ...]
    protocol: str
    tracks: int
    groups: int
    window_accuracy: float
    track_accuracy: float
    track_accuracy_interval: Interval
    macro_f1: float
    calibration_error: float
    windows_per_second: float
    split: str = "valid"
    gain: Gain | None = None

    @property
    def is_flattering(self) -> bool:
        """Tell whether the protocol says so."""
        return "flattering" in self.protocol


NETWORK_HEADER = ("run", "network", "million weights", "windows/s", "data")


def network_cells(entry: Entry) -> tuple[str, ...]:
    """Say what a run is."""
    return (
        entry.name,
        f"{entry.network}, {entry.weights}",
        f"{entry.parameters / 1e6:.1f}",
        f"{entry.windows_per_second:.0f}",
        f"{' + '.join(entry.data)} ({', '.join(entry.trained_on)})",
    )


ACCURACY_HEADER = ("run", "windows", "tracks", "95 % interval", "macro-F1", "calibration error")


def accuracy_cells(entry: Entry) -> tuple[str, ...]:
    """Say how good a run is."""
    low, high = entry.track_accuracy_interval
    return (
        entry.name,
        f"{entry.window_accuracy:.1%}",
        f"{entry.track_accuracy:.1%}",
        f"{low:.1%} – {high:.1%}",
        f"{entry.macro_f1:.1%}",
        f"{entry.calibration_error:.1%}",
    )


GAIN_HEADER = ("run", "gain", "95 % interval", "p (Holm)", "p (McNemar)", "")


def gain_cells(entry: Entry) -> tuple[str, ...]:
    """Say what a run gains over the first one."""
    if entry.gain is None:
        return (entry.name, "other tracks", "", "", "", "")
    gain = entry.gain
    return (
        entry.name,
        f"{100 * gain.gain:+.1f}",
        " – ".join(f"{100 * end:+.1f}" for end in gain.interval),
        f"{gain.p:.3f}",
        f"{gain.mcnemar:.3f}",
        "clear" if gain.is_clear else "may be chance",
    )
