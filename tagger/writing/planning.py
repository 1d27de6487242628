"""Plans a change of the genre of a file, and finds out without writing whether it could be made."""

from collections.abc import Sequence
from pathlib import Path

from tagger.errors import TagError, UnreachableTagError, reason
from tagger.identity import Identity, identity_of
from tagger.runtime.space import NO_SPACE, free_bytes
from tagger.tags.change import Change, Held
from tagger.tags.containers.base import Data, open_data, spliced
from tagger.tags.content import Content, content_of
from tagger.tags.genre_fields.layouts import layout_of, understood
from tagger.tags.genre_names import WriteStyle
from tagger.tags.mutagen_files import passes_for_mp3
from tagger.tags.mutagen_tags import open_tags
from tagger.writing.permissions import check_permissions
from tagger.writing.temporary import temporary_for

NOT_RECOGNISED = "was left alone: with a tag its format would not be recognised"
_HEAD = 128  # bytes by which mutagen recognises a format
_PLAIN = WriteStyle()


def plan(
    path: Path,
    *,
    genres: Sequence[str] | None = None,
    source: str = "",
    back_to: Held | None = None,
    expected: Identity | None = None,
    style: WriteStyle = _PLAIN,
) -> Change:
    """Look at a file and say what is to be changed; nothing is touched.

    Args:
        path: the file.
        genres: what its tags are to mean, and
        source: where that came from, if it is to be noted; or
        back_to: what they held before.
        expected: what the file was when it was looked at before.
        style: how several genres are spelled.

    Raises:
        TagError: the file cannot be read, its tags cannot hold the genres, or it is no longer the
            one that was looked at.
    """
    try:
        real = path.resolve(strict=True)
        identity = Identity.of(real)
    except (OSError, RuntimeError) as error:
        raise UnreachableTagError(f"cannot be reached ({reason(error)})") from None
    if expected is not None and identity != expected:
        raise TagError("was changed since it was analysed")
    with understood():
        data = open_data(real)
        layout = layout_of(data)
        content = content_of(data)
        if back_to is not None:
            items = layout.items_back(back_to.items, back_to.texts)
        else:
            items = layout.items_for(genres or (), style, source)
        splices = tuple(layout.splices(items))
    tags = open_tags(real)
    if identity_of(real) != identity:
        raise TagError("was changed while it was being read")
    return Change(
        path=real,
        temporary=temporary_for(real),
        identity=identity,
        old=Held.of(layout),
        new=Held(
            texts={field.name: field.codec.texts(items[field.name]) for field in layout.fields},
            items=items,
        ),
        splices=splices,
        meaning=None if genres is None else tuple(genres),
        source=source,
        kind=type(tags.file),
        others=tags.others(),
        content=content,
    )


def rehearse(change: Change, *, strict_owner: bool = False) -> None:
    """Find out without writing whether a planned change could be made.

    Raises:
        TagError: it could not, and why.
    """
    check_permissions(change.path, strict_owner=strict_owner)
    growth = sum(splice.growth for splice in change.splices)
    if free_bytes(change.path) < change.identity.size + growth:
        raise TagError(NO_SPACE)
    rehearse_content(change)


def rehearse_content(change: Change) -> None:
    """Find out whether a file would keep all that it holds, were a planned change made.

    Raises:
        TagError: it would not, and why.
    """
    with understood():
        check_fields(change, new := spliced(open_data(change.path), change.splices))
        check_content(change, content_of(new))
        head = bytes(new[:_HEAD])
    if change.splices and passes_for_mp3(change.kind, change.path.name, head):
        raise TagError(NOT_RECOGNISED)


def check_fields(change: Change, data: Data) -> None:
    """Compare the fields of a changed file with the plan.

    Raises:
        TagError: one does not hold what it is to hold.
    """
    written = layout_of(data).items
    for name, items in change.new.items.items():
        if written.get(name) != items:
            raise TagError(f"was left alone: its {name} tag would not hold this genre")


def check_content(change: Change, content: Content) -> None:
    """Compare everything else in a changed file with the original.

    Raises:
        TagError: something is missing.
    """
    if lost := change.content.items - content.items:
        name = next(iter(lost))[0].decode("utf-8", "replace")
        raise TagError(f"was left alone: another tag would have been lost ({name})")
    if content.fingerprint != change.content.fingerprint:
        raise TagError("was left alone: its audio would have changed")
