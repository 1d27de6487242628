"""Sets up what compares existing genres with predictions, for `audit` and `report`."""

from tagger import SHIPPED_MODEL
from tagger.audit.findings import Auditor
from tagger.audit.word_map import WordMap
from tagger.inference.metadata import read_metadata
from tagger.options import ScanOptions
from tagger.settings.file import load


def new_auditor(options: ScanOptions) -> Auditor:
    """Return what audits the results of a scan, with the user's genre words.

    Raises:
        GenretagError: model or configuration cannot be read.
    """
    labels = read_metadata(options.model or SHIPPED_MODEL).labels
    settings = load(options.config)
    return Auditor(labels, WordMap(labels, settings.vocabulary.names_of, settings.genre_words))
