"""The labelled calls: classes, how each is composed, and the truth about it. Call n of a split is always the same."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from dialer.screening.findings import Label
from lab.corpus import channel, signals
from lab.corpus.pools import Pools, seed_of
from lab.corpus.voices import RATE, Sound, Utterance

LONGEST_S = 16.0
T = TypeVar("T")


class Class(StrEnum):
    """What answers."""

    SHORT = "short greeting"
    MEDIUM = "medium greeting"
    BUSINESS = "business greeting"
    NOISY = "noisy greeting"
    LATE_HELLO = "late hello"
    REPEATED = "repeated hello"
    PERSONAL = "personal voicemail"
    NETWORK = "network voicemail"
    RECORDED = "recorded prompts"
    BRIEF = "short voicemail"
    PAUSE = "voicemail with a pause"
    LATE_MACHINE = "late voicemail"
    IVR = "menu"
    ASSISTANT = "call screening"
    INTERCEPT = "intercept without tones"
    SIT = "special information tones"
    FAX = "fax"
    NETWORK_TONE = "busy, ringback, dial tone"
    DEAD_AIR = "dead air"
    MUSIC = "music"


PEOPLE = (Class.SHORT, Class.MEDIUM, Class.BUSINESS, Class.NOISY, Class.LATE_HELLO, Class.REPEATED)
LABEL = {
    **dict.fromkeys(
        (Class.SHORT, Class.MEDIUM, Class.BUSINESS, Class.NOISY, Class.LATE_HELLO, Class.REPEATED),
        Label.HUMAN,
    ),
    Class.SIT: Label.SIT,
    Class.FAX: Label.FAX,
    Class.NETWORK_TONE: Label.TONE,
    Class.DEAD_AIR: Label.SILENCE,
}
#: Every class often enough for a figure: half people.
HARD: dict[Class, float] = {
    Class.SHORT: 14,
    Class.MEDIUM: 11,
    Class.BUSINESS: 8,
    Class.NOISY: 8,
    Class.LATE_HELLO: 5,
    Class.REPEATED: 4,
    Class.PERSONAL: 6,
    Class.NETWORK: 6,
    Class.RECORDED: 4,
    Class.BRIEF: 4,
    Class.PAUSE: 4,
    Class.LATE_MACHINE: 3,
    Class.IVR: 4,
    Class.ASSISTANT: 2,
    Class.INTERCEPT: 4,
    Class.SIT: 4,
    Class.FAX: 3,
    Class.NETWORK_TONE: 3,
    Class.DEAD_AIR: 2,
    Class.MUSIC: 1,
}
#: What a consumer campaign meets: its machines are mostly the operators' few recordings.
CONSUMER: dict[Class, float] = {
    Class.SHORT: 22,
    Class.MEDIUM: 14,
    Class.BUSINESS: 2,
    Class.NOISY: 8,
    Class.LATE_HELLO: 2,
    Class.REPEATED: 3,
    Class.PERSONAL: 5,
    Class.NETWORK: 28,
    Class.RECORDED: 3,
    Class.BRIEF: 2,
    Class.PAUSE: 1,
    Class.LATE_MACHINE: 2,
    Class.IVR: 1,
    Class.ASSISTANT: 1,
    Class.INTERCEPT: 3,
    Class.SIT: 2,
    Class.FAX: 0.5,
    Class.NETWORK_TONE: 0.5,
    Class.DEAD_AIR: 0.5,
    Class.MUSIC: 0.5,
}
#: Operators of a consumer mix have so many recordings of each kind: of their voicemail, of numbers out of service.
OPERATOR_PROMPTS = 12


@dataclass(frozen=True, slots=True)
class Truth:
    """What a call is. Milliseconds from the answer; None where there is no such thing."""

    number: int
    kind: Class
    label: Label
    voice: str
    text: str
    onset_ms: int | None = None
    greeting_end_ms: int | None = None
    beep_ms: int | None = None
    beep_end_ms: int | None = None
    tone_ms: int | None = None
    codec: str = ""
    level_db: float = 0.0
    snr_db: float = 0.0


@dataclass(frozen=True, slots=True)
class Call:
    """A call's audio as it reaches the dialer, from the answer on."""

    truth: Truth
    samples: NDArray[np.int16]


@dataclass(slots=True)
class _Tape:
    """Pieces laid one after the other, with marks."""

    pieces: list[Sound] = field(default_factory=list)
    length: int = 0
    marks: dict[str, int] = field(default_factory=dict)
    voice: str = "-"
    text: str = "-"

    def add(self, sound: Sound) -> None:
        self.pieces.append(sound)
        self.length += len(sound)

    def wait(self, seconds: float) -> None:
        self.add(signals.silence(seconds))

    def mark(self, name: str) -> None:
        self.marks.setdefault(name, round(self.length / RATE * 1000))


class Corpus:
    """Calls of a split in a mix of classes."""

    def __init__(self, pools: Pools, mix: dict[Class, float], *, seed: int = 1) -> None:
        self._pools = pools
        self._mix = mix
        self._seed = seed
        self._phrases = pools.recorded_between(0.25, 1.3)
        self._sentences = pools.recorded_between(1.2, 2.6)
        self._announcements = pools.recorded_between(2.0, 9.0)
        self._consumer = mix is CONSUMER

    def calls(self, count: int, first: int = 0) -> Iterator[Call]:
        """Calls first .. first + count - 1."""
        return (self.call(number) for number in range(first, first + count))

    def call(self, number: int, attempt: int = 1) -> Call:
        """Call `number`: the same on every machine that has the same voices. Tried again (`attempt` 2 and more) a
        machine there plays the same greeting, over another line; a person would not say the same again, so there is
        ValueError."""
        seed = [self._seed, seed_of(self._pools.split), number]
        rng = np.random.default_rng(seed)
        kinds, weights = list(self._mix), np.array(list(self._mix.values()), float)
        kind = kinds[rng.choice(len(kinds), p=weights / weights.sum())]
        tape, line = _Tape(), rng
        if attempt > 1:
            line = np.random.default_rng([*seed, attempt])
            # No two attempts are cut into frames alike.
            tape.wait(line.uniform(0, 0.5))
        if LABEL.get(kind, Label.MACHINE) is not Label.HUMAN:
            self._no_person(kind, tape, rng)
        elif attempt == 1:
            self._person(kind, tape, rng, np.random.default_rng([*seed, attempt]))
        else:
            raise ValueError(f"call {number} is a person: people have no greeting that they repeat")
        return self._sent(number, kind, tape, line)

    # People

    def _person(self, kind: Class, tape: _Tape, rng: np.random.Generator, again: np.random.Generator) -> None:
        room = rng.random() < 0.4
        wait_s = rng.uniform(2.0, 4.0) if kind is Class.LATE_HELLO else min(0.15 + rng.exponential(0.45), 1.8)
        tape.wait(wait_s)
        greeting = self._greeting(kind, rng)
        tape.voice, tape.text = greeting.voice, greeting.text
        sound = _other_throat(greeting.sound, rng)
        if room:
            sound = channel.in_room(sound, rng)
        tape.mark("onset_ms")
        tape.add(sound)
        if kind is Class.REPEATED:
            tape.mark("greeting_end_ms")
            for _ in range(rng.integers(1, 3)):
                tape.wait(rng.uniform(0.5, 1.8))
                tape.add(_said_anew(sound, again))
        tape.mark("greeting_end_ms")
        # Nobody answers him: he asks again, or waits.
        if rng.random() < 0.5:
            tape.wait(rng.uniform(1.8, 3.5))
            tape.add(_said_anew(sound, again))
        tape.wait(rng.uniform(2.0, 4.0))

    def _greeting(self, kind: Class, rng: np.random.Generator) -> Utterance:
        said, real = self._pools.said, rng.random() < 0.25
        match kind:
            case Class.BUSINESS:
                return _one(said["business"], rng)
            case Class.MEDIUM:
                return _one(self._sentences if real else said["medium"], rng)
            case Class.NOISY if rng.random() < 0.4:
                return _one(self._sentences if real else said["medium"], rng)
            case _:
                return _one(self._phrases if real else said["short"], rng)

    # Everything else

    def _no_person(self, kind: Class, tape: _Tape, rng: np.random.Generator) -> None:
        said = self._pools.said
        tape.wait(rng.uniform(0.1, 1.2))
        match kind:
            case Class.PERSONAL:
                self._announce(tape, _one(said["personal"], rng), rng, vary=True)
                self._beep(tape, rng)
            case Class.NETWORK | Class.LATE_MACHINE:
                if kind is Class.LATE_MACHINE:
                    tape.wait(rng.uniform(1.5, 6.5))
                self._announce(tape, self._operator(rng), rng)
                self._beep(tape, rng)
            case Class.RECORDED:
                for n in range(rng.integers(2, 5)):
                    if n:
                        tape.wait(rng.uniform(0.05, 0.35))
                    self._announce(tape, _one(self._sentences + self._announcements, rng), rng)
                self._beep(tape, rng)
            case Class.BRIEF:
                self._announce(tape, _one(said["brief"], rng), rng, vary=True)
                self._beep(tape, rng)
            case Class.PAUSE:
                self._announce(tape, _one(said["short"], rng), rng, vary=True)
                tape.wait(rng.uniform(0.35, 1.1))
                self._announce(tape, _one(said["personal"], rng), rng, vary=True)
                self._beep(tape, rng)
            case Class.IVR:
                self._announce(tape, _one(said["ivr"], rng), rng)
                tape.wait(rng.uniform(1.0, 3.0))
            case Class.ASSISTANT:
                self._announce(tape, _one(said["assistant"], rng), rng)
                tape.wait(4.0)
            case Class.INTERCEPT:
                announcement = self._intercept(rng)
                for _ in range(2):
                    self._announce(tape, announcement, rng)
                    tape.wait(rng.uniform(0.6, 2.0))
            case Class.MUSIC:
                track = _one(self._pools.music, rng)
                at = rng.integers(0, len(track) - 14 * RATE)
                tape.mark("onset_ms")
                tape.add(track[at : at + 14 * RATE])
            case _:
                self._signal(kind, tape, rng)

    def _operator(self, rng: np.random.Generator) -> Utterance:
        prompts = self._pools.said["network"]
        if self._consumer:
            return _often_the_first(prompts, rng)
        return _one(prompts + self._announcements if rng.random() < 0.3 else prompts, rng)

    def _intercept(self, rng: np.random.Generator) -> Utterance:
        if self._consumer:
            return _often_the_first(self._pools.said["intercept"], rng)
        return _one(self._announcements if rng.random() < 0.4 else self._pools.said["intercept"], rng)

    def _announce(
        self, tape: _Tape, said: Utterance, rng: np.random.Generator, *, vary: bool = False
    ) -> None:
        tape.voice, tape.text = said.voice, said.text
        tape.mark("onset_ms")
        tape.add(_other_throat(said.sound, rng) if vary else said.sound)

    def _beep(self, tape: _Tape, rng: np.random.Generator) -> None:
        tape.wait(rng.uniform(0.1, 0.9))
        tape.mark("beep_ms")
        tape.add(channel.at_level(signals.beep(rng), -9 + rng.uniform(-6, 3) - 6))
        tape.mark("beep_end_ms")
        tape.wait(3.0)

    def _signal(self, kind: Class, tape: _Tape, rng: np.random.Generator) -> None:
        match kind:
            case Class.SIT:
                tape.mark("tone_ms")
                tones = signals.special_information(rng)
                if rng.random() < 0.1:
                    hz, _ = signals.RINGBACK[rng.integers(len(signals.RINGBACK))]
                    tones = tones + signals.tone(len(tones) / RATE, *hz) * np.float32(rng.uniform(0.1, 0.5))
                tape.add(tones)
                tape.wait(rng.uniform(0.05, 0.6))
                if rng.random() < 0.7:
                    tape.voice = "-"
                    tape.add(_one(self._pools.said["intercept"], rng).sound)
                tape.wait(2.0)
            case Class.FAX:
                if rng.random() < 0.7:
                    tape.wait(rng.uniform(0.2, 1.5))
                    tape.mark("tone_ms")
                    tape.add(signals.called_fax(rng))
                    tape.wait(2.0)
                else:
                    tape.mark("tone_ms")
                    tape.add(signals.calling_fax(8.0))
            case Class.NETWORK_TONE:
                tape.mark("tone_ms")
                group = (signals.BUSY, signals.BUSY, signals.RINGBACK, signals.DIAL)[rng.integers(4)]
                hz, on_off_s = group[rng.integers(len(group))]
                tape.add(signals.cadence(hz, on_off_s, 12.0))
            case _:
                tape.wait(8.0)

    # The way to us

    def _sent(self, number: int, kind: Class, tape: _Tape, rng: np.random.Generator) -> Call:
        whole = np.concatenate(tape.pieces)[: round(LONGEST_S * RATE)]
        n = len(whole)
        level_db = float(rng.uniform(-33, -15))
        noisy = kind is Class.NOISY
        snr_db = float(rng.uniform(8, 22) if noisy else rng.uniform(20, 48))
        sound = channel.through_handset(whole, rng)
        if kind is not Class.DEAD_AIR:
            sound = channel.at_level(sound, level_db)
        behind = (
            self._behind(n, rng)
            if noisy
            else channel.noise(str(rng.choice(["white", "pink", "hum", "street"])), n, rng)
        )
        sound = sound + channel.at_level(behind, level_db - snr_db)
        if rng.random() < 0.25:
            # The click of the answer.
            click = rng.normal(0, 10 ** (level_db / 20), int(rng.uniform(0.001, 0.006) * RATE))
            sound[: len(click)] += click.astype(np.float32)
        if kind not in (Class.NETWORK_TONE, Class.SIT, Class.FAX) and rng.random() < 0.12:
            # The last of the ringback leaks in before the voice.
            most_s = min(0.7, tape.marks.get("onset_ms", 3000) / 1000 - 0.05)
            if most_s > 0.1:
                hz, _ = signals.RINGBACK[rng.integers(len(signals.RINGBACK))]
                leak = channel.at_level(
                    signals.tone(rng.uniform(0.08, most_s), *hz), level_db - rng.uniform(0, 10)
                )
                sound[: len(leak)] += leak
        samples = np.asarray(np.clip(sound, -1, 1) * 32767, np.int16)
        codec = str(rng.choice(list(channel.CODECS), p=[0.15, 0.45, 0.2, 0.2]))
        samples = channel.CODECS[codec](samples)
        if rng.random() < 0.5:
            samples = channel.lose_frames(samples, rng.uniform(0.002, 0.03), rng)
        longest_ms = round(n / RATE * 1000)
        marks = {name: ms for name, ms in tape.marks.items() if ms < longest_ms}
        label = LABEL.get(kind, Label.MACHINE)
        truth = Truth(
            number, kind, label, tape.voice, tape.text, codec=codec, level_db=level_db, snr_db=snr_db, **marks
        )
        return Call(truth, samples)

    def _behind(self, n: int, rng: np.random.Generator) -> Sound:
        """What is heard behind a person: people, a television, music, a street."""
        match rng.integers(4):
            case 0:
                voices = [_looped(_one(self._pools.said["personal"], rng).sound, n, rng) for _ in range(6)]
                return np.asarray(np.sum(voices, axis=0), np.float32)
            case 1:
                return _looped(_one(self._pools.said["ivr"], rng).sound, n, rng)
            case 2:
                return _looped(_one(self._pools.music, rng), n, rng)
            case _:
                return channel.noise("street", n, rng)


def _one(choices: list[T], rng: np.random.Generator) -> T:
    return choices[rng.integers(len(choices))]


def _often_the_first(recordings: list[Utterance], rng: np.random.Generator) -> Utterance:
    """One of OPERATOR_PROMPTS recordings, some of them much more often than others."""
    weights = 1 / np.arange(1, OPERATOR_PROMPTS + 1)
    return recordings[rng.choice(OPERATOR_PROMPTS, p=weights / weights.sum())]


def _other_throat(sound: Sound, rng: np.random.Generator) -> Sound:
    """Said by somebody a little larger or smaller: played 10 % slower to 12 % faster."""
    speed = rng.uniform(0.9, 1.12)
    at = np.arange(0, len(sound) - 1, speed)
    return np.asarray(np.interp(at, np.arange(len(sound)), sound), np.float32)


def _said_anew(sound: Sound, rng: np.random.Generator) -> Sound:
    """By the same person once more: 6 to 12 % slower or faster, and no syllable keeps quite that pace."""
    pace = 1 + rng.choice([-1, 1]) * rng.uniform(0.06, 0.12)
    knots = np.linspace(0, len(sound), 8)
    at = np.cumsum(np.interp(np.arange(len(sound)), knots, pace * rng.uniform(0.98, 1.02, 8)))
    return np.asarray(np.interp(at[at < len(sound) - 1], np.arange(len(sound)), sound), np.float32)


def _looped(sound: Sound, n: int, rng: np.random.Generator) -> Sound:
    shifted = np.roll(sound, int(rng.integers(len(sound))))
    return np.asarray(np.resize(shifted, n), np.float32)
