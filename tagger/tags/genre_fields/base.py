"""Where a file keeps its genre, and how to change those bytes and no others.

A *genre field* is where one tag keeps it: the frame of an ID3v2 tag, the items of an APEv2 tag,
the attribute of an ASF file. Its *items* are raw bytes, a whole frame, item, comment or atom, so
that an undo brings back exactly what was there. Beside it the tag may say where the genre came
from, in a *source field*. A *layout* knows all fields of a file and turns new items into splices:
everything outside them stays as it is because it is never touched.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tagger.errors import TagError
from tagger.tags.containers.base import Purpose, Splice
from tagger.tags.genre_names import Texts, WriteStyle
from tagger.tags.provenance import is_ours

Items = tuple[bytes, ...]

ID3V1 = "ID3v1"
"""The name of the field that can only hold a near genre."""


class Codec(ABC):
    """How one kind of tag spells texts."""

    @abstractmethod
    def texts(self, items: Items) -> Texts:
        """Return what the items say, word for word."""

    @abstractmethod
    def pack(self, texts: Texts) -> Items:
        """Return the items that hold these texts, one or more."""


class GenreCodec(Codec):
    """How one kind of tag spells genres."""

    exact = True  # False: it can only come near a genre, as the numbers of ID3v1

    def genres(self, items: Items) -> Texts:
        """Return what the items mean."""
        parts = (part.strip() for text in self.texts(items) for part in text.split("\0"))
        return tuple(part for part in parts if part)

    def spell(self, genres: Texts, style: WriteStyle) -> Texts:
        """Return the texts that stand for genres."""
        return (style.joined.join(genres),) if style.joined and genres else genres

    def encode(self, genres: Sequence[str], style: WriteStyle) -> Items:
        """Return the items that mean these genres.

        Raises:
            TagError: this kind of tag would turn the genre into another one.
        """
        wanted = tuple(genre.strip() for genre in genres if genre.strip())
        if not wanted:
            return ()
        texts = self.spell(wanted, style)
        items = self.pack(texts)
        if self.exact and self.genres(items) != wanted and not self._as_it_stands(texts, items):
            meant = ", ".join(self.genres(items)) or "nothing"
            raise TagError(
                f"was left alone: its tag cannot hold {_shortened(', '.join(wanted))!r}, which"
                f" would mean {_shortened(meant)!r} there"
            )
        return items

    def _as_it_stands(self, texts: Texts, items: Items) -> bool:
        """Tell whether players show the one text that was written, whatever it is split into.

        So it is with a lone genre that has the separator of the tag in it, and with joined genres.
        """
        shown = self.genres(items)
        return len(texts) == 1 and self.texts(items) == texts and (len(shown) > 1 or shown == texts)


def _shortened(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


_MOST_SHOWN = 60  # letters of a genre in a sentence


@dataclass(frozen=True, kw_only=True)
class GenreField:
    """The genre of one tag of a file, which may hold none yet."""

    name: str
    codec: GenreCodec
    items: Items = ()

    @property
    def texts(self) -> Texts:
        """What it says, word for word."""
        return self.codec.texts(self.items)

    @property
    def genres(self) -> Texts:
        """What it means."""
        return self.codec.genres(self.items)


@dataclass(frozen=True, kw_only=True)
class SourceField:
    """Where the genre of one tag came from, which the tag may not say."""

    name: str
    codec: Codec
    items: Items = ()

    @property
    def text(self) -> str:
        """What it says, empty if nothing."""
        return next(iter(self.codec.texts(self.items)), "")

    def items_for(self, source: str) -> Items:
        """Return the items for a new genre; without a source, what genretag said goes with it."""
        if source:
            return self.items if self.text == source else self.codec.pack((source,))
        return () if is_ours(self.text) else self.items


NewItems = Mapping[str, Items]
"""The items that each field, by its name, is to hold."""


@dataclass(frozen=True, kw_only=True)
class TagFields:
    """The two fields of one tag."""

    genre: GenreField
    source: SourceField

    @classmethod
    def of(
        cls,
        name: str,
        genre: GenreCodec,
        source: Codec,
        items: Iterable[tuple[Purpose | None, bytes]],
    ) -> "TagFields":
        """Sort the items of a tag, each with its purpose, into its fields."""
        listed = list(items)
        mine = {
            purpose: tuple(item for found, item in listed if found is purpose)
            for purpose in Purpose
        }
        return cls(
            genre=GenreField(name=name, codec=genre, items=mine[Purpose.GENRE]),
            source=SourceField(name=f"{name} source", codec=source, items=mine[Purpose.SOURCE]),
        )

    def new_items(self, items: NewItems) -> dict[Purpose, Items]:
        """Return what the tag is to hold; nothing where it holds that already."""
        new = {Purpose.GENRE: items[self.genre.name], Purpose.SOURCE: items[self.source.name]}
        same = new == {Purpose.GENRE: self.genre.items, Purpose.SOURCE: self.source.items}
        return {} if same else new


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The fields of one file; where it has no tag, those of the tag that would be made."""

    fields: tuple[GenreField, ...]
    sources: tuple[SourceField, ...]  # of the tags that can name one
    rebuild: Callable[[NewItems], list[Splice]]

    @classmethod
    def of(
        cls,
        tags: Sequence[TagFields],
        others: Sequence[GenreField],
        rebuild: Callable[[NewItems], list[Splice]],
    ) -> "Layout":
        """Put together the fields of tags, and genre fields that have no source beside them."""
        return cls(
            fields=(*(tag.genre for tag in tags), *others),
            sources=tuple(tag.source for tag in tags),
            rebuild=rebuild,
        )

    @property
    def genres(self) -> Texts:
        """The genres of all fields: those of the first, and what others have besides.

        A number of ID3v1 counts only where no other field has a genre.
        """
        for exact in (True, False):
            found: list[str] = []
            for field in self.fields:
                known = {genre.casefold() for genre in found}
                if field.codec.exact is exact:
                    found += [genre for genre in field.genres if genre.casefold() not in known]
            if found:
                return tuple(found)
        return ()

    @property
    def items(self) -> dict[str, Items]:
        """The items of each field by its name."""
        genres = {field.name: field.items for field in self.fields}
        return genres | {field.name: field.items for field in self.sources}

    @property
    def source(self) -> str:
        """Where the genre came from, by the first tag that says so."""
        return next((field.text for field in self.sources if field.text), "")

    @property
    def texts(self) -> dict[str, Texts]:
        """The texts of each genre field by its name."""
        return {field.name: field.texts for field in self.fields}

    def items_for(
        self, genres: Sequence[str], style: WriteStyle, source: str = ""
    ) -> dict[str, Items]:
        """Return the items of each field that mean these genres, which came from a source.

        A field that means them already keeps its own; if all do, nothing else is touched either.

        Raises:
            TagError: a field cannot hold them.
        """
        wanted = tuple(genre.strip() for genre in genres if genre.strip())
        exact = [field for field in self.fields if field.codec.exact]
        if exact and all(field.genres == wanted for field in exact):
            return self.items
        return {
            field.name: field.items if field.genres == wanted else field.codec.encode(wanted, style)
            for field in self.fields
        } | {field.name: field.items_for(source) for field in self.sources}

    def items_back(self, items: NewItems, texts: Mapping[str, Texts]) -> dict[str, Items]:
        """Return what each field held before, from its items and texts of then.

        A tag that was made, or turned into another version, since then gets the same words.
        """
        words = next((t for t in texts.values() if t), ())
        return {
            field.name: items[field.name]
            if field.name in items
            else (field.codec.pack(words) if words and field.codec.exact else ())
            for field in self.fields
        } | {field.name: items.get(field.name, field.items_for("")) for field in self.sources}

    def splices(self, items: NewItems) -> list[Splice]:
        """Return the changes of bytes that give the fields these items."""
        if items == self.items:
            return []
        return [splice for splice in self.rebuild(items) if splice.new or splice.growth]


def replaced(
    all_items: Iterable[tuple[Purpose | None, bytes]], new: Mapping[Purpose, Items]
) -> list[bytes]:
    """Put the new items of each field where the first of its old ones is, or at the end.

    Args:
        all_items: the items of a tag in their order, each with its purpose.
        new: the items of the fields in place of the old ones.
    """
    result: list[bytes] = []
    pending = dict(new)
    for purpose, item in all_items:
        result += (item,) if purpose is None else pending.pop(purpose, ())
    return [*result, *(item for items in pending.values() for item in items)]
