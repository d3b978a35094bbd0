"""Where the prints of a call occur among those of recordings: in all that are believed, and in the newest calls that
were machines.

Equal prints lead to a recording and an offset; as many prints as are demanded must then agree but for a fifth of their
bits.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dialer.screening.columns import Bools
from dialer.screening.findings import Label

Positions = NDArray[np.intp]

#: A print where there was no sound.
QUIET = -1
#: Frames that must agree with a recording that is believed, or that answered on this very number before.
MATCH_FRAMES = 40
#: The same with one that was heard once, on another number: it is believed by this very agreement.
FIRST_MATCH_FRAMES = 80
#: The share of them with sound in both, and the share of bits that may differ.
MATCH_LOUD, MATCH_ERRORS = 0.6, 0.21
#: A frame's print is the recording's when so many of its bits differ at most; of two unlike ones 1 in 94 is.
SAME_BITS = 3
#: A print that so many frames share says nothing.
COMMON = 64
#: Of each print the newest places are kept, of each call 8 s of sound.
NEWEST_PLACES, NEWEST_FRAMES = 16, 400
PRINTS = 1 << 16
#: How many numbers a recording answers on before it is believed.
NUMBERS_TO_PROMOTE = 2
_BITS = np.array([bin(i).count("1") for i in range(PRINTS)], np.uint8)


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


class Index(ABC):
    """Prints of recordings, one after the other in `prints`."""

    prints: NDArray[np.int32]

    @abstractmethod
    def candidates(self, prints: NDArray[np.int32]) -> tuple[Positions, Positions]:
        """(which of `prints`, position in all recordings' prints) of every equal print but the common ones."""

    @abstractmethod
    def begin_of(self, position: Positions) -> Positions:
        """Where the recording that holds this position begins."""

    @abstractmethod
    def prompt_at(self, position: int) -> tuple[str, Label]:
        """Id and label of the recording that holds this position."""

    def agrees(self, heard: NDArray[np.int32], position: Positions) -> Bools:
        """Whether the prints `heard` (m, frames) end at these positions of the recordings."""
        frames = heard.shape[1]
        begin = position - frames + 1
        whole: Bools = begin >= self.begin_of(position)
        ours = self.prints[np.maximum(begin, 0)[:, None] + np.arange(frames)]
        return whole & alike(ours, heard)

    def same(self, heard: NDArray[np.int32], position: Positions) -> Bools:
        """(m, frames) which of these prints are those of the recording that ends at this position."""
        ours = self.prints[np.maximum(position[:, None] + np.arange(1 - heard.shape[1], 1), 0)]
        there: Bools = (ours != QUIET) & (heard != QUIET) & (_BITS[(ours ^ heard) & 0xFFFF] <= SAME_BITS)
        return there

    def find(self, prints: Sequence[int]) -> str | None:
        """The recording that a whole call contains, if any."""
        heard = np.array(prints, np.int32)
        if len(heard) < MATCH_FRAMES:
            return None
        frame, position = self.candidates(heard)
        late = frame >= MATCH_FRAMES - 1
        frame, position = frame[late], position[late]
        for at in range(0, len(frame), 4096):
            ends = frame[at : at + 4096]
            windows = heard[ends[:, None] + np.arange(1 - MATCH_FRAMES, 1)]
            agree = np.flatnonzero(self.agrees(windows, position[at : at + 4096]))
            if len(agree):
                return self.prompt_at(int(position[at + agree[0]]))[0]
        return None


def alike(one: NDArray[np.int32], other: NDArray[np.int32], errors: float = MATCH_ERRORS) -> Bools:
    """(m,) whether these prints, (m, frames) each, are the same sound: a share of `errors` of their bits may differ."""
    loud = (one != QUIET) & (other != QUIET)
    wrong = np.where(loud, _BITS[(one ^ other) & 0xFFFF], 0).sum(1)
    counted = loud.sum(1)
    same: Bools = (counted >= MATCH_LOUD * one.shape[1]) & (wrong < errors * 16 * np.maximum(counted, 1))
    return same


class PromptIndex(Index):
    """Of recordings that are believed; sorted once, never changed."""

    def __init__(self, prompts: Sequence[Prompt]) -> None:
        self.ids = tuple(p.prompt_id for p in prompts)
        self.labels = tuple(p.label for p in prompts)
        lengths = np.array([len(p.prints) for p in prompts], np.intp)
        self.starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.intp)
        flat = [np.array(p.prints, np.int32) for p in prompts]
        self.prints = np.concatenate(flat) if flat else np.zeros(0, np.int32)
        loud = np.flatnonzero(self.prints != QUIET)
        self._order = loud[np.argsort(self.prints[loud], kind="stable")]
        self._bounds = np.searchsorted(self.prints[self._order], np.arange(PRINTS + 1))

    def candidates(self, prints: NDArray[np.int32]) -> tuple[Positions, Positions]:
        first = self._bounds[np.maximum(prints, 0)]
        count = self._bounds[np.maximum(prints, 0) + 1] - first
        count = np.where((prints < 0) | (count > COMMON), 0, count)
        which = np.repeat(np.arange(len(prints)), count)
        within = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
        return which, self._order[first[which] + within]

    def begin_of(self, position: Positions) -> Positions:
        return self.starts[np.searchsorted(self.starts, position, side="right") - 1]

    def prompt_at(self, position: int) -> tuple[str, Label]:
        number = int(np.searchsorted(self.starts, position, side="right")) - 1
        return self.ids[number], self.labels[number]


class NewestCalls(Index):
    """Of the newest `calls` calls that were machines. One more is entered at once, in place of the oldest."""

    def __init__(self, calls: int) -> None:
        self._ids: list[str | None] = [None] * calls
        self._labels = [Label.MACHINE] * calls
        #: By id the number of its entry, counted from the first there ever was.
        self._entries: dict[str, int] = {}
        self._entered = 0
        self.prints = np.full(calls * NEWEST_FRAMES, QUIET, np.int32)
        self._places = np.full((PRINTS, NEWEST_PLACES), -1, np.int32)
        self._filled = np.zeros(PRINTS, np.intp)

    def __len__(self) -> int:
        return len(self._entries)

    def enter(self, prompt: Prompt) -> tuple[int, str | None]:
        """(number of its entry, id of the recording whose place it took). One that is here keeps its place."""
        if (known := self._entries.get(prompt.prompt_id)) is not None:
            return known, None
        entry, row = self._entered, self._entered % len(self._ids)
        gone = self._ids[row]
        if gone is not None:
            del self._entries[gone]
        self._entered += 1
        self._entries[prompt.prompt_id] = entry
        self._ids[row], self._labels[row] = prompt.prompt_id, prompt.label
        begin = row * NEWEST_FRAMES
        kept = np.full(NEWEST_FRAMES, QUIET, np.int32)
        kept[: len(prompt.prints)] = prompt.prints[:NEWEST_FRAMES]
        self.prints[begin : begin + NEWEST_FRAMES] = kept
        loud = np.flatnonzero(kept != QUIET)
        loud = loud[np.argsort(kept[loud], kind="stable")]
        values = kept[loud]
        # The same print again in this call takes the next place.
        again = np.arange(len(values)) - np.searchsorted(values, values)
        self._places[values, (self._filled[values] + again) % NEWEST_PLACES] = begin + loud
        np.add.at(self._filled, values, 1)
        return entry, gone

    def drop(self, prompt_id: str) -> None:
        """Find this one no more; one that is not here is ignored."""
        if (entry := self._entries.pop(prompt_id, None)) is not None:
            row = entry % len(self._ids)
            self._ids[row] = None
            self.prints[row * NEWEST_FRAMES : (row + 1) * NEWEST_FRAMES] = QUIET

    def entry_at(self, position: Positions) -> Positions:
        """The number of the entry that stands at this position now."""
        row, calls = position // NEWEST_FRAMES, len(self._ids)
        return row + (self._entered - 1 - row) // calls * calls

    def candidates(self, prints: NDArray[np.int32]) -> tuple[Positions, Positions]:
        places = self._places[np.maximum(prints, 0)]
        # A place may have been taken by another call since.
        there = (places >= 0) & (self.prints[places] == prints[:, None]) & (prints >= 0)[:, None]
        which, nth = np.nonzero(there)
        return which, places[which, nth].astype(np.intp)

    def begin_of(self, position: Positions) -> Positions:
        return position // NEWEST_FRAMES * NEWEST_FRAMES

    def prompt_at(self, position: int) -> tuple[str, Label]:
        row = position // NEWEST_FRAMES
        prompt_id = self._ids[row]
        if prompt_id is None:
            raise KeyError(position)
        return prompt_id, self._labels[row]
