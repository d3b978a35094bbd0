"""What is trained on is never what the figures are measured on."""

import unicodedata
from difflib import SequenceMatcher
from itertools import product

import yaml

from lab.corpus.pools import FILLED, LESSONS, POOL, texts_of
from lab.corpus.voices import VARIANTS, Split

#: Lines as short as greetings are alike by nature; longer ones may share so many words in a row, and so much in all.
SHORT_WORDS, MOST_IN_A_ROW, MOST_ALIKE = 4, 5, 0.75


def _words(line: str) -> list[str]:
    plain = unicodedata.normalize("NFD", line.format(**dict.fromkeys(FILLED, "x")).lower())
    return "".join(c if c.isalpha() else " " for c in plain if not unicodedata.combining(c)).split()


def test_no_text_and_no_voice_is_in_both_splits() -> None:
    train, test = texts_of(Split.TRAIN), texts_of(Split.TEST)
    for kind, by_language in train.items():
        for language, lines in by_language.items():
            held_back = [_words(line) for other in test.values() for line in other[language]]
            assert all(_words(line) not in held_back for line in lines), (kind, language)
            assert len(set(lines)) == len(lines), (kind, language)
    assert not set(VARIANTS[Split.TRAIN]) & set(VARIANTS[Split.TEST])


def test_no_lesson_is_nearly_a_held_back_line() -> None:
    given = yaml.safe_load(LESSONS.read_text("utf-8"))
    test = texts_of(Split.TEST)
    for kind, other in product(set(given) & set(POOL), POOL):
        for language, lines in given[kind].items():
            for line, held_back in product(lines, test[other][language]):
                match = SequenceMatcher(None, _words(line), _words(held_back), autojunk=False)
                in_a_row = match.find_longest_match().size
                assert in_a_row <= MOST_IN_A_ROW, (line, held_back)
                assert len(_words(line)) <= SHORT_WORDS or match.ratio() <= MOST_ALIKE, (line, held_back)


def test_every_kind_of_sentence_can_be_said_in_every_language() -> None:
    fill = dict.fromkeys(FILLED, "x")
    for split, kind in product(Split, POOL):
        texts = texts_of(split)
        for language, lines in texts[kind].items():
            assert lines, (kind, language)
            assert all("{" not in line.format(**fill) for line in lines)
