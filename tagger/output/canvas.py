"""Pictures with text: SVG, written here, and PNG by way of Pillow. Units are pixels."""

import struct
import zlib
from base64 import b64encode
from html import escape
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from tagger.errors import UsageError

Pixels = NDArray[np.uint8]
"""Red, green and blue, `[rows, columns, 3]`."""

Anchor = Literal["start", "end"]


class Canvas(Protocol):
    """What is drawn on; (0, 0) is the upper left corner."""

    def rectangle(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """Fill a rectangle."""

    def text(self, x: float, y: float, text: str, *, size: int, anchor: Anchor = "start") -> None:
        """Write a line whose base line is at y and that starts, or ends, at x."""

    def picture(self, x: int, y: int, pixels: Pixels) -> None:
        """Put a picture down."""

    def content(self) -> bytes:
        """Return the file."""


def new_canvas(suffix: str, width: int, height: int) -> Canvas:
    """Return an empty white canvas for files with this suffix.

    Raises:
        UsageError: the suffix is another, or Pillow is missing.
    """
    if suffix.lower() == ".svg":
        return SvgCanvas(width, height)
    if suffix.lower() != ".png":
        raise UsageError("The name of an image ends in .png or .svg.")
    try:
        return PngCanvas(width, height)
    except ImportError:
        raise UsageError(
            "A PNG needs Pillow: pip install 'genretag[image]'. An SVG needs nothing more."
        ) from None


class SvgCanvas:
    """A canvas that becomes SVG 1.1."""

    def __init__(self, width: int, height: int) -> None:
        self._parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
            f' viewBox="0 0 {width} {height}" font-family="sans-serif" fill="#222">'
        ]
        self.rectangle(0, 0, width, height, "#ffffff")

    def rectangle(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """Fill a rectangle."""
        self._parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
            f' fill="{colour}"/>'
        )

    def text(self, x: float, y: float, text: str, *, size: int, anchor: Anchor = "start") -> None:
        """Write a line."""
        self._parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}">'
            f"{escape(text)}</text>"
        )

    def picture(self, x: int, y: int, pixels: Pixels) -> None:
        """Put a picture down."""
        height, width, _ = pixels.shape
        data = b64encode(png(pixels)).decode()
        self._parts.append(
            f'<image x="{x}" y="{y}" width="{width}" height="{height}"'
            f' href="data:image/png;base64,{data}"/>'
        )

    def content(self) -> bytes:
        """Return the file."""
        return "\n".join([*self._parts, "</svg>", ""]).encode()


class PngCanvas:
    """A canvas that becomes PNG, drawn by Pillow."""

    def __init__(self, width: int, height: int) -> None:
        """Make an empty one.

        Raises:
            ImportError: Pillow is missing.
        """
        from PIL import Image, ImageDraw

        self._image = Image.new("RGB", (width, height), "#ffffff")
        self._draw = ImageDraw.Draw(self._image)

    def rectangle(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """Fill a rectangle."""
        self._draw.rectangle((x, y, x + width - 1, y + height - 1), fill=colour)

    def text(self, x: float, y: float, text: str, *, size: int, anchor: Anchor = "start") -> None:
        """Write a line."""
        from PIL import ImageFont

        font = ImageFont.load_default(size)
        self._draw.text((x, y), text, "#222222", font, "ls" if anchor == "start" else "rs")

    def picture(self, x: int, y: int, pixels: Pixels) -> None:
        """Put a picture down."""
        from PIL import Image

        self._image.paste(Image.fromarray(pixels), (x, y))

    def content(self) -> bytes:
        """Return the file."""
        from io import BytesIO

        file = BytesIO()
        self._image.save(file, "PNG", optimize=True)
        return file.getvalue()


def png(pixels: Pixels) -> bytes:
    """Encode a picture (PNG specification, ISO/IEC 15948: signature, IHDR, IDAT, IEND)."""
    height, width, _ = pixels.shape
    filtered = np.hstack([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)])
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8 bits, RGB
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(filtered.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
