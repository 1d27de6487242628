"""An evaluation as one HTML page that needs no other file."""

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from pathlib import Path

from trainer.evaluation.results import Evaluation
from trainer.evaluation.text import describe
from trainer.files import whole

PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto }}
pre {{ overflow-x: auto; font-size: 13px }}
img {{ max-width: 100%; height: auto; margin: 1rem 0 }}
</style>
<h1>{title}</h1>
<pre>{text}</pre>
{charts}
</html>
"""


def write_report(file: Path, found: Evaluation, run: str, charts: Sequence[Path]) -> None:
    """Write the figures and charts of an evaluation.

    Args:
        file: The HTML file.
        found: The figures.
        run: Name of the run.
        charts: SVG files.

    Raises:
        DataError: it cannot be written.
    """
    pictures = [
        f'<img alt="{escape(chart.stem)}" src="data:image/svg+xml;base64,'
        f'{b64encode(chart.read_bytes()).decode()}">'
        for chart in charts
    ]
    page = PAGE.format(
        title=escape(f"{run}: {found.track.accuracy:.1%} of {found.protocol}"),
        text=escape(describe(found)),
        charts="\n".join(pictures),
    )
    with whole(file) as stream:
        stream.write(page.encode("utf-8", "backslashreplace"))
