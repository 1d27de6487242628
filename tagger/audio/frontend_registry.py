"""The kinds of front end that a model file may ask for."""

from collections.abc import Mapping
from typing import Any

from tagger.audio.frontend import FrontEnd
from tagger.audio.log_mel import MelStrip, MelWindow
from tagger.audio.pictures import SpectrogramPicture
from tagger.audio.summary import SummaryFeatures

KINDS: Mapping[str, type[FrontEnd]] = {
    front_end.kind: front_end
    for front_end in (MelStrip, MelWindow, SpectrogramPicture, SummaryFeatures)
}


def front_end_of(values: Mapping[str, Any]) -> FrontEnd:
    """Read a front end from what its `to_dict` wrote; without a kind it is a mel strip.

    Raises:
        ValueError: a kind that is not known here.
    """
    kind = values.get("kind", MelStrip.kind)
    if kind not in KINDS:
        raise ValueError(f"its front end {kind!r} is not known")
    return KINDS[kind].from_dict(values)
