"""What the commands that analyse take from options, configuration and model together."""

from tagger import config
from tagger.errors import UsageError
from tagger.inference.metadata import ModelMetadata
from tagger.options import ScanOptions
from tagger.output.console import complain
from tagger.pipeline.decide import Rules


def rules_for(options: ScanOptions, metadata: ModelMetadata) -> Rules:
    """Return when a genre is written; configured genres that the model lacks are named.

    Raises:
        ConfigError: the configuration file cannot be used.
    """
    asked = options.min_confidence
    names = config.load(options.config).genres
    for sentence in config.unknown_genres(names, metadata.labels):
        complain(f"{options.config or config.default_file()}: {sentence}")
    return Rules(
        min_confidence=metadata.min_confidence if asked is None else asked,
        top=options.top,
        overwrite=options.overwrite,
        append=options.append,
        names=names,
    )


def check_seconds(options: ScanOptions, metadata: ModelMetadata) -> None:
    """Refuse to analyse less than a window of each track.

    Raises:
        UsageError: it would be less.
    """
    front_end = metadata.front_end
    least = front_end.samples_for(metadata.grid.window) / front_end.sample_rate
    if options.seconds is not None and options.seconds < least:
        raise UsageError(f"This model needs {least:.2f} seconds or more of each track.")
