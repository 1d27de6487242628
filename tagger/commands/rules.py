"""What the commands that analyse take from options, configuration and model together."""

from tagger.errors import UsageError
from tagger.inference.metadata import ModelMetadata
from tagger.options import ScanOptions
from tagger.output.console import complain
from tagger.pipeline.decide import Rules
from tagger.pipeline.folders import FolderRules
from tagger.settings.file import load
from tagger.settings.schema import WriteSettings
from tagger.tags.genre_names import WriteStyle, plain


def rules_for(options: ScanOptions, metadata: ModelMetadata, model: str = "") -> Rules:
    """Return when a genre is written; configured genres that the model lacks are named.

    Args:
        options: of the command line.
        metadata: of the model.
        model: its name, to be noted beside genres.

    Raises:
        ConfigError: the configuration file cannot be used.
    """
    config = load(options.config)
    if config.source.text:
        from tagger.settings.content import unknown_genres

        for sentence in unknown_genres(config, metadata.labels):
            complain(sentence)
    asked, whitelist = options.min_confidence, config.write.whitelist
    return Rules(
        min_confidence=metadata.min_confidence if asked is None else asked,
        top=options.top,
        overwrite=options.overwrite,
        append=options.append,
        redo=options.redo,
        strict_owner=options.strict_owner,
        model=model,
        notes_source=_notes_source(options, config.write),
        album=options.album,
        vocabulary=config.vocabulary,
        whitelist=None if whitelist is None else frozenset(map(plain, whitelist)),
        folders=FolderRules(config.folders, but_not=options.given),
        style=style_of(config.write),
    )


def _notes_source(options: ScanOptions, settings: WriteSettings) -> bool:
    """Tell whether the source of a genre is noted: what is said on the command line counts most."""
    if "provenance" in options.given:
        return options.provenance
    return options.provenance or options.redo or settings.provenance  # to be redone again


def style_of(settings: WriteSettings) -> WriteStyle:
    """Return how several genres of one file are spelled."""
    return WriteStyle(id3v23_separator=settings.id3v23_separator, joined=settings.joined)


def check_seconds(options: ScanOptions, metadata: ModelMetadata) -> None:
    """Refuse to analyse less than a window of each track.

    Raises:
        UsageError: it would be less.
    """
    front_end = metadata.front_end
    least = front_end.samples_for(metadata.grid.window) / front_end.sample_rate
    if options.seconds is not None and options.seconds < least:
        raise UsageError(f"This model needs {least:.2f} seconds or more of each track.")
