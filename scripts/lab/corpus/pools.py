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
#: Utterances of a kind in a split.
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
LANGUAGES, SHARES = ("es", "en", "pt"), (0.62, 0.25, 0.13)
#: A voice other than espeak-ng's, where the language has one.
OTHER_SHARE = 0.3


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
    texts = yaml.safe_load(TEXTS.read_text("utf-8"))
    rng = np.random.default_rng([20260, list(Split).index(split)])
    wanted: list[tuple[Voice, str, int, int]] = []
    kinds: list[str] = []
    for kind, count in POOL.items():
        for _ in range(count):
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


def _sentence(
    texts: dict[str, dict[str, dict[str, list[str]]]],
    split: Split,
    kind: str,
    language: str,
    rng: np.random.Generator,
) -> tuple[Voice, str, int, int]:
    def one(lines: list[str]) -> str:
        half = lines[0 if split is Split.TRAIN else 1 :: 2]
        return half[rng.integers(len(half))]

    fill = {
        "name": one(texts["names"][language]),  # type: ignore[arg-type]
        "surname": one(texts["surnames"][language]),  # type: ignore[arg-type]
        "company": one(texts["companies"][language]),  # type: ignore[arg-type]
        "digits": " ".join(map(str, rng.integers(0, 10, 10))),
    }
    text = one(texts["kinds"][kind][language]).format(**fill)
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
