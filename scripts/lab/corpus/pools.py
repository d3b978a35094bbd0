"""What can be said in a split: for each kind of sentence and language a pool of utterances by many voices."""

import zlib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from lab.cache import say
from lab.corpus.voices import (
    ESPEAK,
    OTHERS,
    RATE,
    VARIANTS,
    Sound,
    Split,
    Utterance,
    Voice,
    music,
    recorded,
    say_all,
)

TEXTS = Path(__file__).with_name("texts.yaml")
#: Lines of the training split alone.
LESSONS = Path(__file__).with_name("lessons.yaml")
#: Utterances of a kind in the held-back split.
POOL = {
    "short": 420,
    "medium": 320,
    "business": 220,
    "personal": 160,
    "network": 110,
    "brief": 160,
    "ivr": 80,
    "assistant": 50,
    "intercept": 100,
}
#: The training split has more of each: a model learns from what differs, not from what is repeated.
TRAIN_FACTOR = 3
LANGUAGES, SHARES = ("es", "en", "pt"), (0.62, 0.25, 0.13)
#: A voice other than espeak-ng's, where the language has one.
OTHER_SHARE = 0.3


#: What a line leaves open.
FILLED = ("name", "surname", "company", "digits")
#: Lines by kind and language.
Texts = dict[str, dict[str, list[str]]]


@dataclass(frozen=True, slots=True)
class Pools:
    """Everything a split's calls are made of."""

    split: Split
    said: dict[str, list[Utterance]]
    recorded: dict[str, list[Utterance]]
    music: list[Sound]

    def recorded_between(self, least_s: float, most_s: float) -> list[Utterance]:
        """Recorded phrases of such a length."""
        return [u for us in self.recorded.values() for u in us if least_s <= len(u.sound) / RATE <= most_s]


def pools(split: Split) -> Pools:
    """The split's pools; speaking them takes some minutes the first time on a machine."""
    texts = texts_of(split)
    factor = TRAIN_FACTOR if split is Split.TRAIN else 1
    rng = np.random.default_rng([20260, list(Split).index(split)])
    wanted: list[tuple[Voice, str, int, int]] = []
    kinds: list[str] = []
    for kind, count in POOL.items():
        for _ in range(factor * count):
            language = str(rng.choice(LANGUAGES, p=SHARES))
            wanted.append(_sentence(texts, split, kind, language, rng))
            kinds.append(kind)

    def progress(count: int) -> None:
        if count % 200 == 0 or count == len(wanted):
            say(f"{split}: {count} of {len(wanted)} sentences said")

    said = defaultdict(list)
    for kind, utterance in zip(kinds, say_all(wanted, progress), strict=True):
        said[kind].append(utterance)
    tracks = music()
    ours = tracks[::2] if split is Split.TRAIN else tracks[1::2]
    return Pools(split, dict(said), recorded(split), ours)


def texts_of(split: Split) -> Texts:
    """By kind of sentence, name, surname or company and by language the split's lines."""
    given = yaml.safe_load(TEXTS.read_text("utf-8"))
    both: Texts = {**given.pop("kinds"), **given}
    first = 0 if split is Split.TRAIN else 1
    own = {
        kind: {language: lines[first::2] for language, lines in by_language.items()}
        for kind, by_language in both.items()
    }
    if split is Split.TRAIN:
        for kind, by_language in yaml.safe_load(LESSONS.read_text("utf-8")).items():
            for language, lines in by_language.items():
                own[kind][language] += lines
    return own


def _sentence(
    texts: Texts, split: Split, kind: str, language: str, rng: np.random.Generator
) -> tuple[Voice, str, int, int]:
    def one(kind: str) -> str:
        lines = texts[kind][language]
        return lines[rng.integers(len(lines))]

    said = (one("names"), one("surnames"), one("companies"), " ".join(map(str, rng.integers(0, 10, 10))))
    text = one(kind).format(**dict(zip(FILLED, said, strict=True)))
    others = [voice for voice in OTHERS[split] if voice.language == language]
    if others and rng.random() < OTHER_SHARE:
        voice = others[rng.integers(len(others))]
    else:
        base = ESPEAK[language][rng.integers(len(ESPEAK[language]))]
        variant = VARIANTS[split][rng.integers(len(VARIANTS[split]))]
        voice = Voice("espeak", f"{base}+{variant}", language)
    # Coarse steps, so that pools of a later version share what was said for this one.
    return voice, text, int(rng.integers(13, 21)) * 10, int(rng.integers(2, 8)) * 10


def seed_of(text: str) -> int:
    """A stable number for a name."""
    return zlib.crc32(text.encode())
