"""Who is speaking and since when, in all calls at once: noise floor, voice activity, and the features of the model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dialer.screening.columns import Bools, Columns, Floats
from dialer.screening.spectrum import Spectra
from dialer.screening.tones import Heard, Tones

#: The noise floor is the quietest 80 ms of the last 1.6 s.
BLOCK_FRAMES, BLOCKS, BLOCKS_TO_TRUST = 4, 20, 12
#: Voice begins 8 dB above the floor for 80 ms and ends 120 ms after it fell below 5 dB.
BEGIN_DB, KEEP_DB, BEGIN_FRAMES, END_FRAMES = 8.0, 5.0, 4, 6
QUIETEST_VOICE_DB = -60.0
#: The foreground speaker is within so much of the loudest voice: a television behind him is not.
FOREGROUND_DB = 12.0
SECOND = 0.02
#: What goes on for so long with so little up and down is a noise when its energy lies in no peak either: a vowel may be
#: as even, but has its peaks.
EVEN_FRAMES, EVEN_DB, NOISE_FLATNESS, NOISE_SHARE = 16, 1.8, 0.07, 0.5
#: What is on from the first frames, is over within 0.2 s and has its energy in one place is the last of a ringback. Two
#: tones beat, so that the tracker of tones needs longer to be sure. Of 2,000 training calls 16 began so, no voice did.
LEAK_ONSET, LEAK_FRAMES, LEAK_SHARE = 1, 10, 0.85

FEATURES = (
    "t",
    "onset",
    "voiced",
    "current",
    "gap",
    "segments",
    "longest",
    "first",
    "last",
    "longest_gap",
    "speaking",
    "floor",
    "level",
    "snr",
    "level_sd",
    "flatness",
    "centroid",
    "centroid_sd",
    "low_share",
    "share",
    "peaks",
    "peak_rate",
    "floor_before",
    "floor_change",
    "tonal",
    "tones",
    "zero",
    "since",
    "fore_gap",
    "fore_total",
    "fore_longest_gap",
    "fore_segments",
    "beep",
    "off",
    "fore_first",
    "fore_last",
)


class Voices:
    """Voice activity of all live calls."""

    def __init__(self, capacity: int) -> None:
        c = self.columns = Columns(capacity)
        self.frame = c.ints()
        self.blocks = c.floats(np.inf, rows=BLOCKS)
        self.block_sum, self.floor = c.floats(), c.floats(-62.0)
        #: The line's own noise was told from speech: the floor need not be waited for.
        self.noisy = c.flags()
        self.zero = c.ints()
        v = self.speech = Columns(capacity)
        # Speech: forgotten again when the first sound turns out to be a tone.
        self.speaking, self.on, self.off = v.flags(), v.ints(), v.ints()
        self.onset, self.total, self.current, self.gap = v.ints(-1), v.ints(), v.ints(), v.ints()
        self.segments, self.longest, self.first, self.last = v.ints(), v.ints(), v.ints(), v.ints()
        self.longest_gap, self.loudest, self.floor_before = v.ints(), v.floats(-60.0), v.floats()
        # Sums over voiced frames.
        self.level, self.level2, self.flatness, self.share = v.floats(), v.floats(), v.floats(), v.floats()
        self.centroid, self.centroid2, self.low = v.floats(), v.floats(), v.floats()
        # Syllables: rises and falls of 3 dB of the smoothed level.
        self.envelope, self.rising = v.floats(-99.0), v.flags()
        self.top, self.bottom, self.peaks = v.floats(-99.0), v.floats(-50.0), v.ints()
        # The foreground speaker.
        self.fore_on, self.fore_gap, self.fore_total = v.ints(), v.ints(), v.ints()
        self.fore_longest_gap, self.fore_segments = v.ints(), v.ints()
        self.fore_current, self.fore_first, self.fore_ended = v.ints(), v.ints(), v.flags()

    def open(self, slot: int) -> None:
        """A new call in this slot."""
        self.columns.reset(slot)
        self.speech.reset(slot)

    def move(self, source: int, target: int) -> None:
        """A slot's call takes another slot."""
        self.columns.move(source, target)
        self.speech.move(source, target)

    def listen(self, s: Spectra, lost: Bools) -> None:
        """Follow the noise floor; a lost frame tells nothing of it."""
        n = len(s.db)
        self.frame[:n] += 1
        self.zero[:n] += s.db < -88
        block_sum = self.block_sum[:n]
        block_sum += np.maximum(np.where(lost, self.floor[:n], s.db), -75)
        full = np.flatnonzero(self.frame[:n] % BLOCK_FRAMES == 0)
        if len(full):
            row = (self.frame[full] // BLOCK_FRAMES - 1) % BLOCKS
            self.blocks[row, full] = block_sum[full] / BLOCK_FRAMES
            block_sum[full] = 0
            quietest = self.blocks[:, full].min(0)
            trusted = self.noisy[full] | (self.frame[full] >= BLOCKS_TO_TRUST * BLOCK_FRAMES)
            self.floor[full] = np.where(trusted, quietest, np.minimum(quietest, -50))

    def step(self, s: Spectra, heard: Heard) -> None:
        """Follow the voices of the first n calls through one frame."""
        n = len(s.db)
        undo = heard.proved & self.speaking[:n] & (self.current[:n] <= 10) & (self.segments[:n] == 0)
        if undo.any():
            self.speech.reset(np.flatnonzero(undo))
        speaking, on, off = self.speaking[:n], self.on[:n], self.off[:n]
        gap, current = self.gap[:n], self.current[:n]
        floor = self.floor[:n]
        bar = np.maximum(floor + np.where(speaking, KEEP_DB, BEGIN_DB), QUIETEST_VOICE_DB)
        bar = np.maximum(bar, self.loudest[:n] - 28)
        voiced = (s.db > bar) & ~heard.tonal & (s.flatness < 0.5)
        on[:] = np.where(voiced, on + 1, np.where(off >= 1, 0, on))
        off[:] = np.where(voiced, 0, off + 1)

        starts = ~speaking & (on >= BEGIN_FRAMES)
        first = starts & (self.onset[:n] < 0)
        self.onset[:n] = np.where(first, self.frame[:n] - BEGIN_FRAMES, self.onset[:n])
        self.floor_before[:n] = np.where(first, floor, self.floor_before[:n])
        np.maximum(self.longest_gap[:n], gap, out=self.longest_gap[:n], where=starts & ~first)
        current[:] = np.where(starts, BEGIN_FRAMES - 1, current)
        gap[starts] = 0
        self.envelope[:n][starts] = -99
        speaking |= starts

        add = speaking & voiced
        current += add
        self.total[:n] += add
        self.loudest[:n] = np.where(add, np.maximum(self.loudest[:n] - 0.03, s.db), self.loudest[:n])
        sums = (
            (self.level, s.db),
            (self.level2, s.db * s.db),
            (self.flatness, s.flatness),
            (self.share, s.share),
            (self.centroid, s.centroid),
            (self.centroid2, s.centroid * s.centroid),
            (self.low, s.low_share),
        )
        for total, value in sums:
            total[:n] += np.where(add, value, 0)
        self._count_syllables(n, s, speaking)
        self._leave_noise(n)

        stops = speaking & (off >= END_FRAMES)
        self.segments[:n] += stops
        np.maximum(self.longest[:n], current, out=self.longest[:n], where=stops)
        self.first[:n] = np.where(stops & (self.segments[:n] == 1), current, self.first[:n])
        self.last[:n] = np.where(stops, current, self.last[:n])
        gap[:] = np.where(stops, off, gap + (~speaking & (self.onset[:n] >= 0)))
        speaking &= ~stops
        self._follow_foreground(n, s, heard)
        self._leave_ringback(stops)

    def _leave_noise(self, n: int) -> None:
        """A noise that was on the line from the answer on, or came with it, is no first word: it is the floor."""
        slots = np.flatnonzero(self.speaking[:n] & (self.segments[:n] == 0) & (self.total[:n] == EVEN_FRAMES))
        if not len(slots):
            return
        total = np.float32(EVEN_FRAMES)
        level, flatness = self.level[slots] / total, self.flatness[slots] / total
        spread = np.sqrt(np.maximum(self.level2[slots] / total - level * level, 0))
        even = (spread < EVEN_DB) & (flatness > NOISE_FLATNESS) & (self.share[slots] / total < NOISE_SHARE)
        slots, level = slots[even], level[even]
        self.speech.reset(slots)
        self.blocks[:, slots] = level
        self.floor[slots] = level
        self.noisy[slots] = True

    def _leave_ringback(self, stops: Bools) -> None:
        """The end of a ringback that the answer cut off is no first word."""
        n = len(stops)
        only = stops & (self.segments[:n] == 1)
        first = only & (self.onset[:n] <= LEAK_ONSET) & (self.last[:n] <= LEAK_FRAMES)
        slots = np.flatnonzero(first)
        if len(slots):
            pure = self.share[slots] > LEAK_SHARE * self.total[slots]
            self.speech.reset(slots[pure])

    def _count_syllables(self, n: int, s: Spectra, speaking: Bools) -> None:
        envelope, rising = self.envelope[:n], self.rising[:n]
        top, bottom = self.top[:n], self.bottom[:n]
        follow = np.where(envelope < -98, s.db, envelope + 0.5 * (s.db - envelope))
        envelope[:] = np.where(speaking, follow, envelope)
        top[:] = np.where(speaking & rising, np.maximum(top, envelope), top)
        bottom[:] = np.where(speaking & ~rising, np.minimum(bottom, envelope), bottom)
        falls = speaking & rising & (envelope < top - 3)
        rises = speaking & ~rising & (envelope > bottom + 3)
        self.peaks[:n] += falls
        bottom[:] = np.where(falls, envelope, bottom)
        top[:] = np.where(rises, envelope, top)
        rising[:] = (rising | rises) & ~falls

    def _follow_foreground(self, n: int, s: Spectra, heard: Heard) -> None:
        known = self.onset[:n] >= 0
        loud = known & (s.db > self.loudest[:n] - FOREGROUND_DB) & ~heard.tonal
        on, gap, current = self.fore_on[:n], self.fore_gap[:n], self.fore_current[:n]
        on[:] = np.where(loud, on + 1, on)
        again = loud & (on >= 3)
        after_pause = again & (gap >= 10)
        self.fore_first[:n] = np.where(
            after_pause & (self.fore_segments[:n] == 0), current, self.fore_first[:n]
        )
        self.fore_segments[:n] += after_pause
        np.maximum(self.fore_longest_gap[:n], gap, out=self.fore_longest_gap[:n], where=after_pause)
        current[:] = np.where(after_pause, on, np.where(loud, current + 1, current))
        self.fore_total[:n] += loud
        gap[:] = np.where(again, 0, np.where(known & ~loud, gap + 1, gap))
        on[:] = np.where(~loud & (gap > 2), 0, on)

    def features(self, rows: NDArray[np.intp], tones: Tones) -> Floats:
        """(len(rows), len(FEATURES)) of these slots: seconds, dB, shares and counts."""
        total = np.maximum(self.total[rows], 1).astype(np.float32)
        frame, onset = self.frame[rows], self.onset[rows]
        speaking = self.speaking[rows]
        current = np.where(speaking, self.current[rows], 0)
        segments = self.segments[rows]
        level, centroid = self.level[rows] / total, self.centroid[rows] / total
        longest = np.maximum(self.longest[rows], current)
        voiced = self.total[rows]
        columns = (
            frame * SECOND,
            np.where(onset < 0, 1000, onset * SECOND),
            voiced * SECOND,
            current * SECOND,
            np.where(speaking, 0, self.gap[rows]) * SECOND,
            segments + speaking,
            longest * SECOND,
            np.where(segments > 0, self.first[rows], current) * SECOND,
            self.last[rows] * SECOND,
            self.longest_gap[rows] * SECOND,
            speaking,
            self.floor[rows],
            level,
            level - self.floor[rows],
            np.sqrt(np.maximum(self.level2[rows] / total - level * level, 0)),
            self.flatness[rows] / total,
            centroid,
            np.sqrt(np.maximum(self.centroid2[rows] / total - centroid * centroid, 0)),
            self.low[rows] / total,
            self.share[rows] / total,
            self.peaks[rows],
            self.peaks[rows] / np.maximum(voiced * SECOND, 0.1),
            self.floor_before[rows],
            self.floor[rows] - self.floor_before[rows],
            tones.tonal_frames[rows] * SECOND,
            tones.tones[rows],
            self.zero[rows] * SECOND,
            np.where(onset < 0, 0, (frame - onset) * SECOND),
            self.fore_gap[rows] * SECOND,
            self.fore_total[rows] * SECOND,
            self.fore_longest_gap[rows] * SECOND,
            self.fore_segments[rows],
            tones.beep_at[rows] >= 0,
            self.off[rows] * SECOND,
            np.where(self.fore_segments[rows] > 0, self.fore_first[rows], self.fore_current[rows]) * SECOND,
            self.fore_current[rows] * SECOND,
        )
        return np.stack(columns, axis=1).astype(np.float32)
