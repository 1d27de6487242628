"""Puts the page together: template, style, scripts and data in one HTML file.

The page opens offline and asks for nothing: its Content-Security-Policy forbids every request, and
allows only the style and the script whose digests it names.
"""

import base64
import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from tagger import __version__
from tagger.output.console import printable

# In the order in which they are run.
SCRIPTS = ("data", "edits", "view", "rows", "list", "charts", "details", "main")


@dataclass(frozen=True, kw_only=True)
class Heading:
    """What stands at the top of the page."""

    places: str  # that were scanned
    model: str
    made: str  # when
    version: str  # of genretag


def heading(paths: Sequence[Path], model: Path) -> Heading:
    """Return the heading of a report that is made now."""
    return Heading(
        places=", ".join(printable(path) for path in paths),
        model=model.stem,
        made=time.strftime("%Y-%m-%d %H:%M"),
        version=__version__,
    )


def render(heading: Heading, data: str) -> str:
    """Return the HTML of a report.

    Args:
        heading: shown as text, whatever it holds.
        data: in base64, see `Columns.packed`.
    """
    from jinja2 import Environment
    from markupsafe import Markup

    style = _asset("page.css")
    script = '"use strict";\n' + "\n".join(_asset(f"{name}.js") for name in SCRIPTS)
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_digest(script)}'",
            f"style-src '{_digest(style)}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    template = Environment(autoescape=True).from_string(_asset("page.html"))
    return template.render(
        heading=heading,
        policy=policy,
        style=Markup(style),
        script=Markup(script),
        data=data,
    )


def _asset(name: str) -> str:
    return (files("tagger.report") / "assets" / name).read_text("utf-8")


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
