"""Small pictures of the covers that music files carry, one for each album."""

import base64
import io
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import av

SIDE = 72  # pixels: twice what the page shows, for screens of high resolution
_QUALITY = "8"  # of MJPEG, 2 (best) to 31: about 1.5 kB for a cover


def cover_url(path: Path) -> str:
    """Return the cover in a music file as a data URL; empty if there is none that can be read."""
    import av

    try:
        with av.open(str(path)) as container:
            for stream in container.streams.video:
                if stream.disposition & av.stream.Disposition.attached_pic:
                    frame = next(container.decode(stream))
                    return f"data:image/jpeg;base64,{_as_jpeg(frame)}"
    except (OSError, ValueError, StopIteration):  # PyAV's errors are kinds of the first two
        pass
    return ""


def _as_jpeg(frame: "av.VideoFrame") -> str:
    import av

    small = frame.reformat(SIDE, SIDE, format="yuvj420p")
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width = encoder.height = SIDE
    encoder.pix_fmt = "yuvj420p"
    encoder.options = {"qmin": _QUALITY, "qmax": _QUALITY}
    encoder.time_base = Fraction(1)
    encoded = io.BytesIO()
    for packet in [*encoder.encode(small), *encoder.encode(None)]:
        encoded.write(bytes(packet))
    return base64.b64encode(encoded.getvalue()).decode("ascii")
