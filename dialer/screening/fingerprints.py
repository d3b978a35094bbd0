"""Recordings that are the same audio on every call: learned once, recognised on any number.

A frame's print is 16 bits, the signs of the changes over 60 ms of 16 differences between neighbouring bands (after
Haitsma and Kalker, "A Highly Robust Audio Fingerprinting System", ISMIR 2002). Equal prints vote for a recording and an
offset, and so do those that differ in the frame's weakest bits alone (the paper's soft decoding; it triples the equal
prints of one recording over two lines); 0.8 s of prints must then agree but for a fifth of the bits.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dialer.screening.columns import Bools, Floats
from dialer.screening.findings import Label
from dialer.screening.spectrum import BANDS

FORMAT = "cadencia-prompts-1"
#: Prints kept of a call, and searched in it: 15 s.
KEPT_FRAMES = 750
#: A recording is enrolled with at most 12 s, and with at least 1 s of sound.
PROMPT_FRAMES, LEAST_LOUD_FRAMES = 600, 50
#: A print where there was no sound.
QUIET = -1
#: Frames that must agree, the share of them with sound in both, and the share of bits that may differ.
MATCH_FRAMES, MATCH_LOUD, MATCH_ERRORS = 40, 0.6, 0.21
#: So many of a frame's weakest bits may be either.
WEAK_BITS = 3
#: Votes within VOTE_FRAMES that bring a recording to the comparison.
VOTES, VOTE_FRAMES, VOTE_BUCKETS = 3, 32, 4096
#: A print that so many frames share says nothing.
COMMON = 64
#: A recording answers on so many different numbers before it is believed.
NUMBERS_TO_PROMOTE = 2
#: The newest calls that nobody but the detector took for a machine, kept until another number answers with the same.
SUSPECTS = 400
_HISTORY = 9
_SMEAR = 3
#: Every choice among the weak bits, (WEAK_BITS, 2 ** WEAK_BITS).
_CHOICES = np.arange(1 << WEAK_BITS) >> np.arange(WEAK_BITS)[:, None] & 1
_BITS = np.array([bin(i).count("1") for i in range(65536)], np.uint8)


@dataclass(frozen=True, slots=True)
class Prompt:
    """One recording. `sources` are the opaque names of the numbers it answered on (hash them before: no number is kept
    here); `prints` holds QUIET where there is no sound."""

    prompt_id: str
    country: str
    label: Label
    prints: tuple[int, ...]
    sources: frozenset[str]
    #: Came from another book, where it was promoted.
    imported: bool = False

    @property
    def promoted(self) -> bool:
        """It has answered on enough different numbers to be believed."""
        return self.imported or len(self.sources) >= NUMBERS_TO_PROMOTE


class FingerprintBook:
    """All known recordings; only promoted ones are recognised on calls. No I/O: whoever owns the book stores `prompts`
    and gives them back to the constructor."""

    def __init__(self, prompts: Iterable[Prompt] = ()) -> None:
        self._prompts = {prompt.prompt_id: prompt for prompt in prompts}
        self._suspects: dict[str, Prompt] = {}
        self._suspected = PromptIndex(())
        self._build()

    def __len__(self) -> int:
        return len(self._prompts)

    @property
    def prompts(self) -> tuple[Prompt, ...]:
        """Every recording, promoted or not, in the order they came."""
        return tuple(self._prompts.values())

    @property
    def index(self) -> PromptIndex:
        """What calls are searched for: made anew after each change, never changed itself."""
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
        then it is remembered among the last SUSPECTS, and None is returned. Of what is believed already, too."""
        known = self._everything.find(prints)
        if known is not None:
            prompt = self._prompts[known]
            if prompt.promoted and not sure:
                return None
            prompt = replace(prompt, sources=prompt.sources | {source})
        elif (twin := self._suspected.find(prints)) is not None:
            prompt = self._suspects[twin]
            prompt = replace(prompt, sources=prompt.sources | {source})
            if not (sure or prompt.promoted):
                return None
            self._suspect(prompt, gone=True)
        else:
            kept = tuple(int(p) for p in _trimmed(prints)[:PROMPT_FRAMES])
            if sum(p != QUIET for p in kept) < LEAST_LOUD_FRAMES:
                return None
            digest = hashlib.sha256(np.array(kept, "<i4").tobytes()).hexdigest()[:24]
            prompt = Prompt(digest, country, label, kept, frozenset({source}))
            if not sure:
                self._suspect(prompt)
                return None
        self._put(prompt)
        return prompt

    def _suspect(self, prompt: Prompt, *, gone: bool = False) -> None:
        self._suspects.pop(prompt.prompt_id, None)
        if not gone:
            self._suspects[prompt.prompt_id] = prompt
        while len(self._suspects) > SUSPECTS:
            del self._suspects[next(iter(self._suspects))]
        self._suspected = PromptIndex(tuple(self._suspects.values()))

    def forget(self, prompt_id: str) -> None:
        """Take a recording out, for instance one that proved to be a person; unknown ids are ignored."""
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
        self._build()
        return len(fresh)

    def _put(self, prompt: Prompt) -> None:
        before = self._prompts.get(prompt.prompt_id)
        self._prompts[prompt.prompt_id] = prompt
        if before is None or before.promoted != prompt.promoted:
            self._build()

    def _build(self) -> None:
        self._everything = PromptIndex(self.prompts)
        self._index = PromptIndex([p for p in self.prompts if p.promoted])


class PromptIndex:
    """Prints of many recordings, sorted, so that the frames with a given print are found at once."""

    def __init__(self, prompts: Sequence[Prompt]) -> None:
        self.ids = tuple(p.prompt_id for p in prompts)
        self.labels = tuple(p.label for p in prompts)
        lengths = np.array([len(p.prints) for p in prompts], np.intp)
        self.starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.intp)
        flat = [np.array(p.prints, np.int32) for p in prompts]
        self.prints = np.concatenate(flat) if flat else np.zeros(0, np.int32)
        loud = np.flatnonzero(self.prints != QUIET)
        self._order = loud[np.argsort(self.prints[loud], kind="stable")]
        self._bounds = np.searchsorted(self.prints[self._order], np.arange(65537))

    def candidates(self, prints: NDArray[np.int32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """(which of `prints`, position in all prompts' prints) of every equal print but the common ones."""
        first = self._bounds[np.maximum(prints, 0)]
        count = self._bounds[np.maximum(prints, 0) + 1] - first
        count = np.where((prints < 0) | (count > COMMON), 0, count)
        which = np.repeat(np.arange(len(prints)), count)
        within = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
        return which, self._order[first[which] + within]

    def prompt_at(self, position: NDArray[np.intp]) -> NDArray[np.intp]:
        """Number of the prompt that holds this position."""
        return np.searchsorted(self.starts, position, side="right") - 1

    def agrees(self, heard: NDArray[np.int32], position: NDArray[np.intp]) -> Bools:
        """Whether the MATCH_FRAMES prints `heard` (m, MATCH_FRAMES) end at these positions of the recordings."""
        prompt = self.prompt_at(position)
        begin = position - MATCH_FRAMES + 1
        whole = begin >= self.starts[prompt]
        ours = self.prints[np.maximum(begin, 0)[:, None] + np.arange(MATCH_FRAMES)]
        loud = (ours != QUIET) & (heard != QUIET)
        wrong = np.where(loud, _BITS[(ours ^ heard) & 0xFFFF], 0).sum(1)
        counted = loud.sum(1)
        agree: Bools = (
            whole
            & (counted >= MATCH_LOUD * MATCH_FRAMES)
            & (wrong < MATCH_ERRORS * 16 * np.maximum(counted, 1))
        )
        return agree

    def find(self, prints: Sequence[int]) -> str | None:
        """The recording that a whole call contains, if any."""
        heard = np.array(prints, np.int32)
        if len(heard) < MATCH_FRAMES or not self.ids:
            return None
        frame, position = self.candidates(heard)
        late = frame >= MATCH_FRAMES - 1
        frame, position = frame[late], position[late]
        for at in range(0, len(frame), 4096):
            ends = frame[at : at + 4096]
            windows = heard[ends[:, None] + np.arange(1 - MATCH_FRAMES, 1)]
            agree = np.flatnonzero(self.agrees(windows, position[at : at + 4096]))
            if len(agree):
                return self.ids[int(self.prompt_at(position[at + agree[:1]])[0])]
        return None


class Prints:
    """Prints of all live calls, and their search in the book."""

    def __init__(self, capacity: int) -> None:
        self._bands = np.zeros((_HISTORY, capacity, BANDS), np.float32)
        self._tick = 0
        self.count = np.zeros(capacity, np.int32)
        self.prints = np.full((capacity, KEPT_FRAMES), QUIET, np.int32)
        self._loudest = np.full(capacity, -60, np.float32)
        self._votes = np.zeros((capacity, VOTE_BUCKETS), np.uint8)

    def open(self, slot: int) -> None:
        """A new call in this slot."""
        self.count[slot] = 0
        self.prints[slot] = QUIET
        self._loudest[slot] = -60
        self._votes[slot] = 0

    def move(self, source: int, target: int) -> None:
        """A slot's call takes another slot."""
        for array in (self.count, self.prints, self._loudest, self._votes):
            array[target] = array[source]
        self._bands[:, target] = self._bands[:, source]

    def step(self, bands: Floats, db: Floats, index: PromptIndex) -> list[tuple[int, int]]:
        """Take one frame of the first n calls; returns (slot, number of the prompt) of those that play a known one."""
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
        count[rows] += 1
        rows = rows[value[rows] != QUIET]
        return self._search(rows, value, weakest, index) if len(rows) and index.ids else []

    def _search(
        self,
        rows: NDArray[np.intp],
        value: NDArray[np.int32],
        weakest: NDArray[np.intp],
        index: PromptIndex,
    ) -> list[tuple[int, int]]:
        stale = rows[self.count[rows] % VOTE_FRAMES == 0]
        self._votes[stale] = 0
        flips = (1 << weakest[rows]) @ _CHOICES
        which, position = index.candidates((value[rows, None] ^ flips).ravel().astype(np.int32))
        if not len(which):
            return []
        slot = rows[which // (1 << WEAK_BITS)]
        bucket = ((position - self.count[slot]) * 40503) % VOTE_BUCKETS
        np.add.at(self._votes, (slot, bucket), 1)
        ripe = (self._votes[slot, bucket] >= VOTES) & (self.count[slot] >= MATCH_FRAMES)
        slot, position, bucket = slot[ripe], position[ripe], bucket[ripe]
        if not len(slot):
            return []
        # Not every frame again: the next comparison waits for new votes.
        self._votes[slot, bucket] = 0
        windows = self.prints[slot[:, None], self.count[slot][:, None] + np.arange(-MATCH_FRAMES, 0)]
        agree = index.agrees(windows, position)
        found = dict(zip(slot[agree].tolist(), index.prompt_at(position[agree]).tolist(), strict=True))
        return list(found.items())


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
