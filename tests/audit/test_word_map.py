"""Which labels of a model the genre words of a library stand for."""

import pytest

from tagger.audit.genre_words import GENRE_WORDS
from tagger.audit.word_map import WordMap

GTZAN = "blues classical country disco hiphop jazz metal pop reggae rock".split()


@pytest.fixture(scope="module")
def words():
    return WordMap(GTZAN)


@pytest.mark.parametrize(
    ("word", "labels"),
    [
        ("Rock", "rock"),
        ("hiphop", "hiphop"),
        ("HIP HOP", "hiphop"),
        ("Hip-Hop/Rap", "hiphop"),
        ("Hard Rock", "metal rock"),
        ("Thrash-Metal", "metal"),
        ("Be-Bop", "jazz"),
        ("Bossa Nova", "jazz"),
        ("R&B", "blues hiphop pop"),
        ("R’n’B", "blues hiphop pop"),
        ("Rock 'n' Roll", "rock"),
        ("Rock and Roll", "rock"),
        ("Música Clásica", "classical"),
        ("Reggaeton", "hiphop reggae"),
        ("Pop / Schlager, Reggae", "pop reggae"),
        ("Swedish Death Metal", "metal"),
        ("Techno", ""),  # the model has no Electronic
        ("Nonsense", ""),
        ("", ""),
        ("/", ""),
    ],
)
def test_words_stand_for_labels(words, word, labels):
    assert sorted(words.labels_of(word)) == labels.split()


def test_a_label_of_the_users_own_agrees_with_the_broader_word_and_the_narrower():
    words = WordMap(["techno", "Electronic", "Filk"])
    assert words.labels_of("Electronica") == {"Electronic"}
    assert words.labels_of("Electronic") == {"techno", "Electronic"}
    assert words.labels_of("Techno") == {"techno", "Electronic"}
    assert words.labels_of("filk") == {"Filk"}


def test_the_users_words_and_the_names_that_genretag_writes_count():
    own = {"Dungeon Synth": ("Metal",), "Schlager": ["Country", "Pop"], "Hard Rock": ()}
    words = WordMap(GTZAN, lambda label: ["Evening Music"] if label == "jazz" else [], own)
    assert words.labels_of("dungeon-synth") == {"metal"}
    assert words.labels_of("Schlager") == {"country", "pop"}
    assert words.labels_of("Hard Rock") == frozenset()
    assert words.labels_of("evening music") == {"jazz"}


def test_no_word_stands_twice_under_a_genre_and_all_are_spelled_simply():
    assert sum(text.count(",") + 1 for text in GENRE_WORDS.values()) > 900
    for genre, text in GENRE_WORDS.items():
        listed = [" ".join(word.split()) for word in text.split(",")]
        assert len(set(listed)) == len(listed), genre
        assert [word for word in listed if word != word.casefold() or not word] == []


def test_every_label_of_the_table_is_known_to_itself():
    words = WordMap(list(GENRE_WORDS))
    for genre in GENRE_WORDS:
        assert genre in words.labels_of(genre)
