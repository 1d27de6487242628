"""By how much training windows are varied before the network sees them."""

from dataclasses import dataclass, fields, replace

from tagger.audio.pictures import TOP_OF_SCALE


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """What is done to a window before the network sees it; the defaults suit log-mel."""

    mixup: float = 0.4  # parameter of the Beta distribution; 0: off (Zhang et al. 2018)
    masks: int = 1  # of each kind (SpecAugment, Park et al. 2019)
    mask_bands: int = 20  # widest mask over mel bands
    mask_frames: int = 20  # widest mask over frames
    shift_bands: float = 3.0  # furthest shift along the mel axis, a cheap change of pitch
    stretch_bands: float = 0.0  # the mel axis is stretched by 1 ± this
    stretch_frames: float = 0.0  # and time, as far as the strip has the frames
    equaliser: float = 0.0  # deviation of each of the slow waves over the bands that are added
    gain: float = 0.2  # contrast is scaled by 1 ± this
    low_pass: float = 0.0  # share of windows that lose their highest bands, as in low bit rates
    noise: float = 0.1  # standard deviation of added noise
    turn: float = 0.0  # furthest shift in time, as a share of the window; its end comes in again
    erase: float = 0.0  # share of windows that lose a rectangle (Zhong et al. 2020)
    masked: float = 0.0  # what masked and erased cells are set to; the mean of log-mel is 0

    @classmethod
    def off(cls) -> "Augmentation":
        """Leave windows as they are."""
        return cls(**dict.fromkeys((field.name for field in fields(cls)), 0))

    def scaled(self, shrink: int) -> "Augmentation":
        """Return the same for windows averaged over squares of `shrink` × `shrink` cells."""
        return replace(
            self,
            mask_bands=self.mask_bands // shrink,
            mask_frames=self.mask_frames // shrink,
            shift_bands=self.shift_bands / shrink,
            noise=self.noise / shrink,
        )

    @classmethod
    def mild(cls) -> "Augmentation":
        """Vary little: what a teacher says of a window has to remain true of it."""
        return cls(
            mixup=0,
            mask_bands=16,
            mask_frames=16,
            shift_bands=1,
            stretch_frames=0.05,
            equaliser=0.15,
        )

    @classmethod
    def strong(cls) -> "Augmentation":
        """Vary much, where there are few recordings to learn from."""
        return cls(
            masks=2,
            shift_bands=5,
            stretch_bands=0.08,
            stretch_frames=0.2,
            equaliser=0.2,
            low_pass=0.15,
        )

    @classmethod
    def blend(cls) -> "Augmentation":
        """Vary features of a whole window, which have neither bands nor frames: mixup alone."""
        return replace(cls.off(), mixup=cls.mixup)

    @classmethod
    def of_pictures(cls) -> "Augmentation":
        """Vary spectrogram pictures, in grey levels from 0 to 255 and without mixup."""
        return replace(
            cls.off(),
            masks=1,
            mask_bands=24,
            mask_frames=24,
            stretch_bands=0.05,
            stretch_frames=0.05,
            gain=0.1,
            turn=0.5,
            erase=0.25,
            masked=TOP_OF_SCALE / 2,
        )

    @classmethod
    def of_pictures_strong(cls) -> "Augmentation":
        """Vary pictures much."""
        return replace(
            cls.of_pictures(), masks=2, stretch_bands=0.1, stretch_frames=0.2, gain=0.2, erase=0.5
        )

    @property
    def level(self) -> str:
        """What it is called on the command line, whatever its mixup; "custom" if it has no name."""
        named = {
            "off": (self.off(),),
            "mild": (self.mild(),),
            "normal": (Augmentation(), self.of_pictures(), self.blend()),
            "strong": (self.strong(), self.of_pictures_strong()),
        }
        if self == self.off():
            return "off"
        for name, levels in named.items():
            if self in (replace(level, mixup=self.mixup) for level in levels):
                return name
        return "custom"
