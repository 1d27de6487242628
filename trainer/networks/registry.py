"""What is known of each network without building it, which would take Keras and seconds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tagger.audio.frontend import FrontEnd, WindowGrid
from tagger.audio.log_mel import MelStrip, MelWindow
from tagger.audio.pictures import SpectrogramPicture
from tagger.audio.summary import SummaryFeatures
from tagger.errors import DataError

VGG_STRIDE = 32  # bands, and frames, in one feature column: five poolings halve them
Optimizer = Literal["adamw", "adam", "sgd"]
Augment = Literal["off", "normal", "strong"]


@dataclass(frozen=True)
class Defaults:
    """How a network is trained if nothing else is said."""

    batch_size: int = 32
    dropout: float = 0.5
    optimizer: Optimizer = "adamw"
    augment: Augment = "normal"


@dataclass(frozen=True)
class Network:
    """A network for one kind of input, and how it is usually trained."""

    front_end: type[FrontEnd]
    built_by: str  # module of this package, and what in it
    defaults: Defaults = Defaults()
    stride: int = 1  # bands and frames that become one feature, where strips are taken as a whole
    blocks: int = 0  # that a training can begin with, see blocks.py

    @property
    def prepared(self) -> str:
        """What `prepare --front-end` makes for it; windows are cut from strips."""
        kind = MelStrip if issubclass(self.front_end, MelStrip) else self.front_end
        return kind.kind.replace(" ", "-")

    def takes(self, front_end: FrontEnd) -> bool:
        """Tell whether data of a front end can be used."""
        return issubclass(self.front_end, type(front_end))

    def front_end_for(self, front_end: FrontEnd) -> FrontEnd:
        """Return the front end for use, out of that of data that it takes."""
        return self.front_end.from_dict(front_end.to_dict())


def check_multiples(rows: int, grid: WindowGrid, cells: int) -> None:
    """Raise DataError if squares of so many cells do not fit into windows and between them."""
    if rows % cells or grid.window % cells or grid.hop % cells:
        raise DataError(
            f"Bands ({rows}), window ({grid.window}) and hop ({grid.hop}) have to be multiples of "
            f"{cells} for this network with this --shrink; choose another."
        )


NETWORKS: Mapping[str, Sequence[Network]] = {
    "vgg16": (
        Network(MelStrip, "strip_vgg:VGG16", stride=VGG_STRIDE, blocks=5),
        Network(SpectrogramPicture, "picture_vgg:VGG16", blocks=5),
    ),
    "vgg16-half": (Network(MelStrip, "strip_vgg:VGG16_HALF", stride=VGG_STRIDE, blocks=5),),
    "vgg16-quarter": (Network(MelStrip, "strip_vgg:VGG16_QUARTER", stride=VGG_STRIDE, blocks=5),),
    "vgg19": (
        Network(MelStrip, "strip_vgg:VGG19", stride=VGG_STRIDE, blocks=5),
        Network(SpectrogramPicture, "picture_vgg:VGG19", blocks=5),
    ),
    "inceptionv3": (
        Network(MelWindow, "applications:INCEPTION_V3", blocks=10),
        Network(SpectrogramPicture, "applications:INCEPTION_V3_OF_PICTURES", blocks=10),
    ),
    "efficientnetb0": (
        Network(MelWindow, "applications:EFFICIENTNET_B0", blocks=7),
        Network(SpectrogramPicture, "applications:EFFICIENTNET_B0_OF_PICTURES", blocks=7),
    ),
    "mobilenetv2": (
        Network(MelWindow, "applications:MOBILENET_V2", blocks=16),
        Network(SpectrogramPicture, "applications:MOBILENET_V2_OF_PICTURES", blocks=16),
    ),
    "cnn14": (Network(MelWindow, "cnn14:CNN14", Defaults(dropout=0.3)),),
    "cnn-small": (
        Network(
            SpectrogramPicture,
            "cnn_small:CNN_SMALL",
            Defaults(dropout=0.2, augment="off", optimizer="adam"),
        ),
    ),
    "ann": (
        Network(
            SummaryFeatures,
            "ann:ANN",
            Defaults(batch_size=128, dropout=0.2, augment="off", optimizer="adam"),
        ),
    ),
}
"""The networks by name, each once for every kind of input that it takes."""


def network(name: str, front_end: FrontEnd) -> Network:
    """Return what is known of a network that takes data of a front end.

    Raises:
        DataError: there is none of that name, or the data was prepared for others.
    """
    if name not in NETWORKS:
        raise DataError(f"There is no architecture {name!r}; choose from {', '.join(NETWORKS)}.")
    forms = NETWORKS[name]
    if found := next((form for form in forms if form.takes(front_end)), None):
        return found
    raise DataError(
        f"The data is prepared for networks that take {front_end.kind}, and {name} takes "
        f"{' or '.join(form.front_end.kind for form in forms)}; prepare it again with --front-end "
        f"{' or '.join(form.prepared for form in forms)}."
    )


def front_end_for(name: str, data: FrontEnd) -> FrontEnd:
    """Return the front end of a network on data of a front end.

    Raises:
        DataError: there is none of that name, or the data was prepared for others.
    """
    return network(name, data).front_end_for(data)


def defaults_for(name: str, data: FrontEnd) -> Defaults:
    """Return how a network is trained on data of a front end, which it need not take."""
    forms = NETWORKS[name]
    return next((form for form in forms if form.takes(data)), forms[0]).defaults
