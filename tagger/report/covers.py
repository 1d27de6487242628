"""Small pictures of the covers that music files carry, one for each album."""

import base64
import io
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from tagger.audio.demux import open_audio, open_container
from tagger.errors import TrackError

if TYPE_CHECKING:
    import av

SIDE = 72  # pixels: twice what the page shows, for screens of high resolution
_QUALITY = "8"  # of MJPEG, 2 (best) to 31: about 1.5 kB for a cover
_MOST_PIXELS = 6000 * 6000  # a larger cover is none: one of 16000 × 16000 takes 800 MB


def cover_url(path: Path) -> str:
    """Return the cover in a music file as a data URL; empty if there is none that can be read."""
    import av

    try:
        with open_audio(path) as file, open_container(file) as container:
            for stream in container.streams.video:
                if stream.disposition & av.stream.Disposition.attached_pic:
                    stream.codec_context.options = {"max_pixels": str(_MOST_PIXELS)}
                    frame = next(container.decode(stream), None)
                    return f"data:image/jpeg;base64,{_as_jpeg(frame)}" if frame else ""
    except (TrackError, ValueError):
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
