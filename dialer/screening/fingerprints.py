"""Recordings that are the same audio on every call: heard once, recognised on any number.

A frame's print is 16 bits, the signs of the changes over 60 ms of 16 differences between neighbouring bands (after
Haitsma and Kalker, "A Highly Robust Audio Fingerprinting System", ISMIR 2002). Equal prints vote for a recording and an
offset, and so do those that differ in the frame's weakest bits alone (the paper's soft decoding; it triples the equal
prints of one recording over two lines); then 0.8 s of prints must agree with a recording that is believed, or 1.6 s
with a machine that was heard once: no two people say the same to the millisecond.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dialer.screening.columns import Bools, Floats, Ints
from dialer.screening.findings import Label
from dialer.screening.prompt_index import (
    FIRST_MATCH_FRAMES,
    MATCH_FRAMES,
    NEWEST_FRAMES,
    QUIET,
    Index,
    NewestCalls,
    Positions,
    Prompt,
    PromptIndex,
    alike,
)
from dialer.screening.spectrum import BANDS

FORMAT = "cadencia-prompts-1"
#: Prints kept of a call, and searched in it: 15 s.
KEPT_FRAMES = 750
#: A recording is enrolled with at most 12 s, and with at least 1 s of sound.
PROMPT_FRAMES, LEAST_LOUD_FRAMES = 600, 50
#: The least sound of a greeting that its own number is known by.
GREETING_LOUD_FRAMES = 30
#: So many of a frame's weakest bits may be either.
WEAK_BITS = 3
#: Votes within VOTE_FRAMES that bring a recording to the comparison.
VOTES, VOTE_FRAMES, VOTE_BUCKETS = 3, 32, 4096
#: The newest calls that were machines and whose recording is not believed yet: agents', and the detector's own word.
NEWEST = 1024
#: What agrees must be as loud as this below the loudest frame of its call: music or a television behind a person is
#: a recording, too.
FOREGROUND_DB = 11.0
#: A recording begins when the call does, give or take the network's waits; the radio is met in the middle of a song.
BEGIN_FRAMES = 100
#: An announcement in a loop: so many frames of its beginning come again with so few bits that differ. On training calls
#: these are 53 of 100 that play twice; of 3,292 people, half of whom ask again the same, none was nearer than 0.179.
LOOP_FRAMES, LOOP_ERRORS = 100, 0.16
#: A look at each fifth frame spares nearly all calls the other four.
LOOP_LOOKS = ((5, 0.30), (1, LOOP_ERRORS))
#: No entry among the newest.
NO_ENTRY = -1
_HISTORY = 9
_SMEAR = 3
#: Every choice among the weak bits, (WEAK_BITS, 2 ** WEAK_BITS).
_CHOICES = np.arange(1 << WEAK_BITS) >> np.arange(WEAK_BITS)[:, None] & 1


class FingerprintBook:
    """All known recordings. Promoted ones are recognised on calls by a short agreement, those that were heard once by
    a longer one. No I/O: whoever owns the book stores `prompts` and gives them back to the constructor, newest first.
    """

    def __init__(self, prompts: Iterable[Prompt] = ()) -> None:
        given = {prompt.prompt_id: prompt for prompt in prompts}
        once = [prompt for prompt in given.values() if not prompt.promoted][:NEWEST]
        self._prompts = {id_: prompt for id_, prompt in given.items() if prompt.promoted}
        self._prompts |= {prompt.prompt_id: prompt for prompt in once}
        #: What nobody but the detector took for a machine.
        self._suspects: dict[str, Prompt] = {}
        #: All that is not promoted: forgotten when its place is taken.
        self.newest = NewestCalls(NEWEST)
        for prompt in reversed(once):
            self.newest.enter(prompt)
        self._build()

    def __len__(self) -> int:
        return len(self._prompts)

    @property
    def prompts(self) -> tuple[Prompt, ...]:
        """Every recording that an agent marked or that is believed, in the order they came."""
        return tuple(self._prompts.values())

    @property
    def index(self) -> PromptIndex:
        """The believed ones, for calls to be searched in: made anew after each change, never changed itself."""
        return self._index

    def enrol(
        self,
        prints: Sequence[int],
        source: str,
        country: str,
        label: Label = Label.MACHINE,
        *,
        sure: bool = True,
    ) -> Prompt | None:
        """Learn from a call that was a machine: `prints` of its `Trace`, `source` an opaque name of its number. Returns
        the recording as it now stands, new or known; None when there is too little sound to know it again.

        Not `sure` is the detector's own word, which no agent and nothing else confirms: such a call becomes a recording
        only when another number answers with the same sound, for no two people say the same to the millisecond; until
        then it is remembered among the NEWEST, and None is returned. Of what is believed already, too."""
        if (believed := self._index.find(prints)) is not None:
            if not sure:
                return None
            prompt = replace(self._prompts[believed], sources=self._prompts[believed].sources | {source})
        elif (twin := self.newest.find(prints)) is not None:
            prompt = self._prompts.get(twin) or self._suspects[twin]
            prompt = replace(prompt, sources=prompt.sources | {source})
            if not (sure or prompt.promoted or twin in self._prompts):
                return None
        else:
            new = recording_of(prints, source, country, label)
            if new is None:
                return None
            self._remember(new)
            if not sure:
                return None
            prompt = new
        self._put(prompt)
        return prompt

    def expect(self, greeting: Prompt) -> int:
        """A number answers that answered with this before: it is among the newest again. Returns its entry there, for
        `Prints.expect`; NO_ENTRY for what everybody is recognised by."""
        known = self._prompts.get(greeting.prompt_id)
        return NO_ENTRY if known is not None and known.promoted else self._remember(greeting)

    def knows(self, prints: Sequence[int], source: str) -> bool:
        """Whether this call is a believed recording, or what this number answered with not long ago."""
        if self._index.find(prints) is not None:
            return True
        twin = self.newest.find(prints)
        return twin is not None and source in (self._prompts.get(twin) or self._suspects[twin]).sources

    def _remember(self, prompt: Prompt) -> int:
        entry, gone = self.newest.enter(prompt)
        if gone is not None:
            # Nothing leads to it any more; an agent's is in the database, where it is found at the next start.
            self._suspects.pop(gone, None)
            self._prompts.pop(gone, None)
        if prompt.prompt_id not in self._prompts:
            self._suspects.setdefault(prompt.prompt_id, prompt)
        return entry

    def forget(self, prompt_id: str) -> None:
        """Take a recording out, for instance one that proved to be a person; unknown ids are ignored."""
        self.newest.drop(prompt_id)
        self._suspects.pop(prompt_id, None)
        if self._prompts.pop(prompt_id, None) is not None:
            self._build()

    def export(self, country: str | None = None) -> str:
        """The promoted recordings (of one country) as JSON text, without the numbers they came from."""
        prompts = [p for p in self.prompts if p.promoted and country in (None, p.country)]
        entries = [
            {
                "id": p.prompt_id,
                "country": p.country,
                "label": p.label.value,
                "prints": base64.b64encode(np.array(p.prints, "<i4").tobytes()).decode(),
            }
            for p in prompts
        ]
        return json.dumps({"format": FORMAT, "prompts": entries}, indent=1) + "\n"

    def load(self, text: str) -> int:
        """Add the recordings of another book's `export`; returns how many are new. Raises ValueError, and adds none,
        when the text is no such export."""
        try:
            data = json.loads(text)
            if data["format"] != FORMAT:
                raise ValueError(f"format is {data['format']!r}, expected {FORMAT!r}")
            new = [_parsed(entry) for entry in data["prompts"]]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"not an export of a fingerprint book: {error}") from error
        fresh = [p for p in new if p.prompt_id not in self._prompts]
        for prompt in new:
            known = self._prompts.get(prompt.prompt_id)
            self._prompts[prompt.prompt_id] = replace(known, imported=True) if known else prompt
            self._suspects.pop(prompt.prompt_id, None)
            self.newest.drop(prompt.prompt_id)
        self._build()
        return len(fresh)

    def _put(self, prompt: Prompt) -> None:
        self._suspects.pop(prompt.prompt_id, None)
        before = self._prompts.get(prompt.prompt_id)
        self._prompts[prompt.prompt_id] = prompt
        if prompt.promoted and (before is None or not before.promoted):
            self.newest.drop(prompt.prompt_id)
            self._build()

    def _build(self) -> None:
        self._index = PromptIndex([p for p in self.prompts if p.promoted])


class Prints:
    """Prints of all live calls, and their search in the book."""

    def __init__(self, capacity: int) -> None:
        self._bands = np.zeros((_HISTORY, capacity, BANDS), np.float32)
        self._tick = 0
        self.count = np.zeros(capacity, np.int32)
        self.prints = np.full((capacity, KEPT_FRAMES), QUIET, np.int32)
        #: The first frame with sound; of each its power; the level of the loudest, dB.
        self._first = np.zeros(capacity, np.int32)
        self._power = np.zeros((capacity, KEPT_FRAMES), np.float32)
        self._loudest = np.full(capacity, -60, np.float32)
        #: Votes for believed recordings, and for the newest calls.
        self._votes = np.zeros((capacity, VOTE_BUCKETS), np.uint8)
        self._newest_votes = np.zeros((capacity, VOTE_BUCKETS), np.uint8)
        #: What this number answered with before, as an entry of the newest.
        self._before = np.full(capacity, NO_ENTRY, np.intp)

    def open(self, slot: int) -> None:
        """A new call in this slot."""
        self.count[slot] = 0
        self._first[slot] = 0
        self.prints[slot] = QUIET
        self._loudest[slot] = -60
        self._votes[slot] = 0
        self._newest_votes[slot] = 0
        self._before[slot] = NO_ENTRY

    def move(self, source: int, target: int) -> None:
        """A slot's call takes another slot."""
        sounds = (self.count, self.prints, self._first, self._power, self._loudest)
        for array in (*sounds, self._votes, self._newest_votes, self._before):
            array[target] = array[source]
        self._bands[:, target] = self._bands[:, source]

    def expect(self, slot: int, entry: int) -> None:
        """This call's number answered with that entry of the newest before (`FingerprintBook.expect`)."""
        self._before[slot] = entry

    def step(self, bands: Floats, db: Floats, book: FingerprintBook) -> list[tuple[int, str, Label]]:
        """Take one frame of the first n calls; returns (slot, id, label) of those that play a known recording."""
        n = len(db)
        self._bands[self._tick % _HISTORY, :n] = bands
        now = [(self._tick - k) % _HISTORY for k in range(_SMEAR)]
        before = [(self._tick - k) % _HISTORY for k in range(_HISTORY - _SMEAR, _HISTORY)]
        self._tick += 1
        change = self._bands[now, :n].sum(0) - self._bands[before, :n].sum(0)
        signs = (change[:, 1:] - change[:, :-1]) > 0
        value = (signs.astype(np.float32) @ (1 << np.arange(BANDS - 1)).astype(np.float32)).astype(np.int32)
        count = self.count[:n]
        loudest = self._loudest[:n]
        np.maximum(loudest, db, out=loudest)
        loud = (db > loudest - 25) & (db > -58) & (count >= _HISTORY)
        value[~loud] = QUIET
        weakest = np.argpartition(np.abs(change[:, 1:] - change[:, :-1]), WEAK_BITS, axis=1)[:, :WEAK_BITS]
        rows = np.flatnonzero(count < KEPT_FRAMES)
        self.prints[rows, count[rows]] = value[rows]
        self._power[rows, count[rows]] = 10 ** (db[rows] / 10)
        first = self._first[:n]
        first[:] = np.where((value != QUIET) & (first == 0), count, first)
        count[rows] += 1
        rows = rows[value[rows] != QUIET]
        if not len(rows):
            return []
        likely = (value[rows, None] ^ ((1 << weakest[rows]) @ _CHOICES)).astype(np.int32)
        found: dict[int, tuple[str, Label]] = {}
        # Later no recording can be met at its beginning.
        young = count[rows] - first[rows] <= NEWEST_FRAMES + BEGIN_FRAMES
        if len(book.newest) and young.any():
            slot, position = self._compared(rows[young], likely[young], book.newest, self._newest_votes)
            mine = book.newest.entry_at(position) == self._before[slot]
            begins = self._begins(book.newest, slot, position)
            sure = mine | begins & self._agrees(book.newest, slot, position, FIRST_MATCH_FRAMES)
            found |= _named(book.newest, slot[sure], position[sure])
        if book.index.ids:
            slot, position = self._compared(rows, likely, book.index, self._votes)
            sure = self._begins(book.index, slot, position)
            found |= _named(book.index, slot[sure], position[sure])
        return [(slot, *prompt) for slot, prompt in found.items()]

    def repeating(self, begin: Ints) -> list[int]:
        """Of the first n calls those that have just said for LOOP_FRAMES, to the millisecond, what they began
        with at frame `begin` (n,), below 0 where nothing was said: no person can, an announcement in a loop does."""
        count = self.count[: len(begin)]
        now = self.prints[np.arange(len(begin)), np.maximum(count - 1, 0)]
        long = (begin >= 0) & (count >= begin + 2 * LOOP_FRAMES) & (count < KEPT_FRAMES)
        slot = np.flatnonzero(long & (now != QUIET))
        for step, errors in LOOP_LOOKS:
            span = np.arange(0, LOOP_FRAMES, step)
            first = begin[slot, None] + span
            last = count[slot, None] - LOOP_FRAMES + span
            of = slot[:, None]
            same = alike(self.prints[of, first], self.prints[of, last], errors)
            slot, of, first, last = slot[same], of[same], first[same], last[same]
        least = 10 ** ((self._loudest[slot] - FOREGROUND_DB) / 10)
        foremost = [self._power[of, when].mean(1) >= least for when in (first, last)]
        repeats: list[int] = slot[foremost[0] & foremost[1]].tolist()
        return repeats

    def _compared(
        self, rows: Positions, likely: NDArray[np.int32], index: Index, votes: NDArray[np.uint8]
    ) -> tuple[Positions, Positions]:
        """(slot, position in the index) where MATCH_FRAMES agree; `likely` (len(rows), choices) are a frame's print and
        those that differ from it in its weakest bits."""
        stale = rows[self.count[rows] % VOTE_FRAMES == 0]
        votes[stale] = 0
        which, position = index.candidates(likely.ravel())
        slot = rows[which // likely.shape[1]]
        bucket = ((position - self.count[slot]) * 40503) % VOTE_BUCKETS
        # One index into a flat view, and a one of the votes' own type: numpy then adds some five times as fast.
        cast = votes.reshape(-1)
        ballot = slot * VOTE_BUCKETS + bucket
        np.add.at(cast, ballot, np.uint8(1))
        ripe = (cast[ballot] >= VOTES) & (self.count[slot] >= MATCH_FRAMES)
        slot, position = slot[ripe], position[ripe]
        # Not every frame again: the next comparison waits for new votes.
        cast[ballot[ripe]] = 0
        agree = self._agrees(index, slot, position, MATCH_FRAMES)
        return slot[agree], position[agree]

    def _begins(self, index: Index, slot: Positions, position: Positions) -> Bools:
        """Whether the recordings that end at these positions began when these calls did."""
        lag = position - index.begin_of(position) - (self.count[slot] - self._first[slot])
        begins: Bools = np.abs(lag) <= BEGIN_FRAMES
        return begins

    def _agrees(self, index: Index, slot: Positions, position: Positions, frames: int) -> Bools:
        """Whether the last `frames` prints of these calls end at these positions, and are what is loudest there."""
        count = self.count[slot]
        last = np.maximum(count[:, None] + np.arange(-frames, 0), 0)
        heard = self.prints[slot[:, None], last]
        agree = (count >= frames) & index.agrees(heard, position)
        # The level of the frames that agree: between them a person may speak over his music.
        same = index.same(heard, position)
        power = (self._power[slot[:, None], last] * same).sum(1) / np.maximum(same.sum(1), 1)
        foremost: Bools = agree & (power >= 10 ** ((self._loudest[slot] - FOREGROUND_DB) / 10))
        return foremost


def _named(index: Index, slot: Positions, position: Positions) -> dict[int, tuple[str, Label]]:
    pairs = zip(slot.tolist(), position.tolist(), strict=True)
    return {slot: index.prompt_at(position) for slot, position in pairs}


def recording_of(
    prints: Sequence[int],
    source: str,
    country: str,
    label: Label = Label.MACHINE,
    *,
    least_loud: int = LEAST_LOUD_FRAMES,
) -> Prompt | None:
    """What a call's recording is kept as; None when it has less than `least_loud` frames of sound."""
    kept = tuple(int(p) for p in _trimmed(prints)[:PROMPT_FRAMES])
    if sum(p != QUIET for p in kept) < least_loud:
        return None
    digest = hashlib.sha256(np.array(kept, "<i4").tobytes()).hexdigest()[:24]
    return Prompt(digest, country, label, kept, frozenset({source}))


def greeting_of(prints: Sequence[int], source: str, country: str) -> Prompt | None:
    """What a number is expected to answer with again: a shorter one will do than to be known on every number."""
    return recording_of(prints, source, country, least_loud=GREETING_LOUD_FRAMES)


def _trimmed(prints: Sequence[int]) -> Sequence[int]:
    """Without the quiet before the first sound: it differs from call to call."""
    first = next((n for n, p in enumerate(prints) if p != QUIET), len(prints))
    return prints[first:]


def _parsed(entry: dict[str, str]) -> Prompt:
    prints = np.frombuffer(base64.b64decode(entry["prints"], validate=True), "<i4")
    if not LEAST_LOUD_FRAMES <= len(prints) <= PROMPT_FRAMES or prints.min() < QUIET or prints.max() > 0xFFFF:
        raise ValueError(f"the prints of {entry['id']!r} are out of range")
    digest = hashlib.sha256(prints.tobytes()).hexdigest()[:24]
    if entry["id"] != digest:
        raise ValueError(f"{entry['id']!r} is not the id of its prints: the file is damaged")
    return Prompt(
        digest, str(entry["country"]), Label(entry["label"]), tuple(prints.tolist()), frozenset(), True
    )
