"""An evaluation as text for a terminal of 80 columns."""

from textwrap import fill

from tagger.inference.confidence import writes_nothing
from tagger.output.console import count_of, printable
from trainer.evaluation.calibration import at_end_of_grid, too_few
from trainer.evaluation.results import Evaluation
from trainer.evaluation.scores import Confusion, Scores, share_text
from trainer.evaluation.settings import Settings
from trainer.tables import WIDTH, table

ABBREVIATED = 3  # letters of a genre over a column of the confusion matrix


def describe(found: Evaluation) -> str:
    """Return the figures as text."""
    parts = [
        sentence(f"{found.protocol}; windows {found.window_accuracy:.1%}"),
        table(_accuracies(found)),
        table(_sources(found)),
        table(confusion(found)),
        table(genres(found)),
        "\n".join(confidence(found)),
        *map(sentence, warnings(found.settings)),
    ]
    if found.mistakes:
        parts.append(table(_mistakes(found)))
    return "\n\n".join(parts)


def warnings(settings: Settings) -> list[str]:
    """Return what to be warned of before a model with these settings is used, in sentences."""
    return [
        text
        for text in (
            too_few(settings.tracks),
            at_end_of_grid(settings.temperature),
            writes_nothing(settings.min_confidence),
        )
        if text
    ]


def percent(share: float | None) -> str:
    """Return a share as text; a dash if there is none."""
    return "–" if share is None else f"{share:.1%}"


def interval(ends: tuple[float, float]) -> str:
    """Return an interval of shares as text."""
    return f"{ends[0]:.1%} – {ends[1]:.1%}"


def sentence(text: str) -> str:
    """Fold a sentence to the width of a terminal."""
    return fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _accuracies(found: Evaluation) -> list[tuple[str, ...]]:
    def line(name: str, score: Scores) -> tuple[str, ...]:
        return (
            name,
            percent(score.accuracy),
            interval(score.accuracy_interval),
            percent(score.macro_f1),
            interval(score.macro_f1_interval),
        )

    rows = [
        ("", "accuracy", "95 % interval", "macro-F1", "95 % interval"),
        line("tracks, all windows", found.track),
        line("tracks, first window", found.first_window),
    ]
    if found.baseline:
        rows.append(line("MFCC + SVM", found.baseline))
    return rows


def _sources(found: Evaluation) -> list[tuple[str, ...]]:
    return [
        ("data set", "tracks", "artists", "right", "95 % interval", "written", "of it right"),
        *(
            (
                printable(source.source) or "–",
                str(source.tracks),
                str(source.groups),
                percent(source.accuracy),
                interval(source.accuracy_interval),
                percent(source.written),
                percent(source.written_right),
            )
            for source in found.sources
        ),
    ]


def confusion(found: Confusion) -> list[tuple[str, ...]]:
    """Return the confusion matrix, with a header."""
    return [
        ("true \\ predicted", *(label[:ABBREVIATED] for label in found.labels)),
        *(
            (label, *(str(count or "") for count in counts))
            for label, counts in zip(found.labels, found.track.confusion, strict=True)
        ),
    ]


def genres(found: Confusion) -> list[tuple[str, ...]]:
    """Return recall, precision and F1 of each genre, with a header; a dash where there is none."""
    return [
        ("genre", "tracks", "recall", "precision", "F1"),
        *(
            (label, str(sum(counts)), *map(share_text, shares))
            for label, counts, shares in zip(
                found.labels, found.track.confusion, found.track.of_genres, strict=True
            )
        ),
    ]


def confidence(found: Evaluation) -> list[str]:
    """Return the settings and what the confidence is worth, a line each."""
    settings, calibration, worth = found.settings, found.calibration, found.confidence
    fitted_to = f"{count_of(settings.tracks, 'validation track')}"
    if settings.source:
        fitted_to += f" of {settings.source}"
    if settings.unknown:
        fitted_to += f" and {settings.unknown} of other music"
    lines = [
        f"voting {settings.voting}, temperature {settings.temperature:.2f}, "
        f"minimum confidence {settings.min_confidence:.2f}",
        f"fitted to {fitted_to}, for {settings.precision_goal:.0%} right",
        f"expected calibration error {calibration.error_before:.1%}, calibrated "
        f"{calibration.error_after:.1%}",
    ]
    if worth is None or calibration.error_cross_validated is None:
        return lines
    lines[-1] += f" ({calibration.error_cross_validated:.1%} cross-validated)"
    lines.append(
        f"cross-validated by artist: {worth.written:.0%} written, "
        f"{percent(worth.written_right)} of it right"
    )
    if worth.unknown_written is not None:
        lines.append(f"written of other music: {worth.unknown_written:.0%}")
    if worth.learned_risk is not None and worth.learned_coverage is not None:
        taken = "in the model file" if settings.confidence else "no better, not used"
        lines.append(
            f"logistic confidence ({taken}): area under risk–coverage "
            f"{worth.learned_risk:.3f} (plain {worth.plain_risk:.3f}),"
        )
        lines.append(
            f"  {worth.learned_coverage:.0%} written at {settings.precision_goal:.0%} right "
            f"(plain {worth.plain_coverage:.0%})"
        )
    return lines


def _mistakes(found: Evaluation) -> list[tuple[str, ...]]:
    return [
        ("surest mistakes", "predicted", "confidence"),
        *(
            (printable(wrong.track), wrong.predicted, f"{wrong.confidence:.0%}")
            for wrong in found.mistakes
        ),
    ]
