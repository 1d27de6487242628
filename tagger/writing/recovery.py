"""What is done after a crash: copies are removed, and the journal learns which writes were made."""

from tagger.errors import TagError
from tagger.tags.change import Held
from tagger.tags.genre_fields.layouts import open_layout
from tagger.writing.entries import State
from tagger.writing.journal import Journal
from tagger.writing.temporary import is_temporary_of


def recover(journal: Journal) -> None:
    """Remove the copies that killed runs left, and find out which of their writes were made."""
    for write in journal.unfinished():
        try:
            if not write.path.parent.is_dir() or not any(write.path.parent.iterdir()):
                continue  # its drive is away; what became of it can be seen when it is back
            if is_temporary_of(write.temporary, write.path):  # the journal may be damaged
                write.temporary.unlink(missing_ok=True)
            made = write.path.exists() and Held.of(open_layout(write.path)).says(write.after)
        except (OSError, TagError):
            continue
        journal.mark(write.id, State.DONE if made else State.FAILED)
