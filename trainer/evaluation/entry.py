"""A run as one line of a comparison."""

from dataclasses import dataclass

HEADER = (
    "run",
    "network",
    "data",
    "million weights",
    "windows",
    "tracks",
    "95 % interval",
    "macro-F1",
    "calibration error",
    "windows/s",
    "gain",
    "95 % interval",
)


@dataclass(frozen=True)
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
    window_accuracy: float
    track_accuracy: float
    track_accuracy_interval: tuple[float, float]
    macro_f1: float
    calibration_error: float
    windows_per_second: float
    gain: float | None = None
    gain_interval: tuple[float, float] | None = None

    @property
    def gain_is_clear(self) -> bool:
        """Tell whether the interval leaves out zero."""
        return self.gain_interval is not None and not (
            self.gain_interval[0] <= 0 <= self.gain_interval[1]
        )

    def cells(self) -> tuple[str, ...]:
        """Return the row of the table."""
        low, high = self.track_accuracy_interval
        gain = ("", "")
        if self.gain is not None and self.gain_interval is not None:
            ends = " – ".join(f"{100 * end:+.1f}" for end in self.gain_interval)
            gain = (f"{100 * self.gain:+.1f}", f"{ends}{'  clear' if self.gain_is_clear else ''}")
        return (
            self.name,
            f"{self.network}, {self.weights}",
            f"{' + '.join(self.data)} ({', '.join(self.trained_on)})",
            f"{self.parameters / 1e6:.1f}",
            f"{self.window_accuracy:.1%}",
            f"{self.track_accuracy:.1%}",
            f"{low:.1%} – {high:.1%}",
            f"{self.macro_f1:.1%}",
            f"{self.calibration_error:.1%}",
            f"{self.windows_per_second:.0f}",
            *gain,
        )
