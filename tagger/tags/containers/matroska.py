"""Matroska and WebM: the genres that their tags name; nothing is written into them.

Sources: RFC 8794 (EBML), RFC 9559 (Matroska), "Matroska Tag Specifications" (GENRE).
"""

from collections.abc import Iterator

from tagger.errors import OversizedTagError
from tagger.tags.containers.base import Data, number

# Element IDs, with the bits that give their length.
_SEGMENT, _TAGS, _TAG, _SIMPLE_TAG = 0x18538067, 0x1254C367, 0x7373, 0x67C8
_NAME, _STRING = 0x45A3, 0x4487

_WIDEST = 8  # bytes of a number
_HEADER = 12  # bytes that an ID and a size take at most
_MOST_ELEMENTS = 50_000  # whose headers are read; a live recording has some hundred a minute
_MOST_TAGS = 1 << 24  # bytes of one element of tags; a picture is an attachment, and no tag


def matroska_genres(data: Data) -> tuple[str, ...]:
    """Return the genres that a file names, for all of it or for a track, each once.

    Tags behind 50,000 other elements are not looked for.

    Raises:
        ValueError, IndexError: an element is damaged.
        OversizedTagError: the tags are beyond all bounds.
    """
    left = iter(range(_MOST_ELEMENTS))
    genres: dict[str, None] = {}
    for element, content in _elements(data, left, enter=(_SEGMENT,)):
        if element == _TAGS:
            if len(content) > _MOST_TAGS:
                raise OversizedTagError(f"has Matroska tags larger than {_MOST_TAGS >> 20} MB")
            tags = Data.of(bytes(content))
            genres.update(dict.fromkeys(_genres(tags, left)))
    return tuple(genres)


def _genres(tags: Data, left: Iterator[int]) -> Iterator[str]:
    for element, content in _elements(tags, left, enter=(_TAG,)):
        if element == _SIMPLE_TAG:
            parts = {part: _text(value) for part, value in _elements(content, left)}
            if parts.get(_NAME, "").upper() == "GENRE" and parts.get(_STRING):
                yield parts[_STRING]


def _elements(
    data: Data, left: Iterator[int], enter: tuple[int, ...] = ()
) -> Iterator[tuple[int, Data]]:
    """Yield ID and content of elements, one behind the other, until none is left to be read.

    Elements to `enter` are not yielded, but what is in them. So is what is in elements of unknown
    size, as the clusters of a live recording: where they end, the next one begins.
    """
    at = 0
    while at < len(data) and next(left, None) is not None:
        head = bytes(data[at : at + _HEADER])
        element, width = _vint(head, keep_length=True)
        size, of_size = _vint(head[width:], keep_length=False)
        at += width + of_size
        if element in enter or size == (1 << 7 * of_size) - 1:
            continue
        yield element, data[at : at + size]
        at += size


def _vint(data: bytes, *, keep_length: bool) -> tuple[int, int]:
    """Return a number of variable width, and its width in bytes."""
    width = _WIDEST + 1 - data[0].bit_length()
    if width > min(len(data), _WIDEST):
        raise ValueError("an element of Matroska is damaged")
    value = number(data[:width])
    return (value if keep_length else value & (1 << 7 * width) - 1), width


def _text(content: Data) -> str:
    return bytes(content).decode(errors="replace").partition("\0")[0].strip()
