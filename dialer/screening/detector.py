"""The detector: the audio of all live calls of one process in, findings out. No I/O and no clock.

Every 20 ms `feed` takes one frame of each call and does the arithmetic of all calls at once. A call is heard until
`close`: after its verdict for the beep, and for what shows that a verdict was wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dialer.screening import voice
from dialer.screening.columns import Bools, Columns, Floats
from dialer.screening.decision import decide, machine_bar_of, prior_log_odds
from dialer.screening.findings import (
    FRAME_MS,
    FRAME_SAMPLES,
    BeepEnded,
    BeepHeard,
    Cause,
    Corrected,
    Finding,
    GreetingEnded,
    Label,
    Prior,
    PromptHeard,
    Settings,
    Trace,
    Verdict,
)
from dialer.screening.fingerprints import FingerprintBook, Prints
from dialer.screening.prompt_index import Prompt
from dialer.screening.spectrum import WINDOW, analyse
from dialer.screening.tones import Heard, Tones
from dialer.screening.trees import Model, ModelError
from dialer.screening.voice import Voices

#: The model is asked every second frame of a call.
MODEL_FRAMES = 2
#: So many frames at once are bridged when they are missing, and when they are digital silence amid sound.
BRIDGED_MISSING, BRIDGED_SILENT = 2, 1
#: A-law has no zero: its silence is +-8.
SILENT_SAMPLE = 8
#: The first speaker has stopped when he was not heard for so long.
GREETING_GAP_FRAMES = 10
#: After a tone nobody is waited for as long as after plain silence.
TONE_EXTRA_MS = 3000
#: After a HUMAN verdict, so long a beep or a known recording still shows a machine.
CORRECTION_MS = 30000
#: A beep that takes an agent from somebody taken for a person lasts at least so long: nothing waits for it, and a vowel
#: or a note may stand still for less.
CORRECTION_BEEP_FRAMES = 6
#: No known recording was heard yet.
_NO_PROMPT = -1
NO_PRIOR, DEFAULTS = Prior(), Settings()


class Detector:
    """All live calls of one process. Memory is allocated once, for `capacity` calls."""

    def __init__(self, model: Model, fingerprints: FingerprintBook, *, capacity: int = 1024) -> None:
        unknown = set(model.features) - set(voice.FEATURES)
        if unknown:
            raise ModelError(f"the model asks for features this version does not have: {sorted(unknown)}")
        self._model = model
        self._columns = [voice.FEATURES.index(name) for name in model.features]
        self.fingerprints = fingerprints
        self.capacity = capacity
        self._slots: dict[str, int] = {}
        self._calls: list[str] = []
        self._settings: list[Settings] = []
        self._findings: list[list[Finding]] = []
        self._at_verdict: list[dict[str, float] | None] = []
        self._windows = np.zeros((capacity, WINDOW), np.float32)
        self._tones, self._voices, self._prints = Tones(capacity), Voices(capacity), Prints(capacity)
        c = self._state = Columns(capacity)
        self._decided, self._human, self._heard_prompt = c.flags(), c.flags(), c.ints(_NO_PROMPT)
        self._corrected, self._odds = c.flags(), c.floats()
        self._prior, self._cost_ratio, self._deadline_s = c.floats(), c.floats(20.0), c.floats(1.0)
        #: Before the answer: only special information tones count.
        self._early = c.flags()
        self._silence_frames, self._bridged, self._level = c.ints(250), c.ints(), c.floats(-90.0)

    def __len__(self) -> int:
        return len(self._calls)

    def __contains__(self, call_id: object) -> bool:
        return call_id in self._slots

    def open(self, call_id: str, *, prior: Prior = NO_PRIOR, settings: Settings = DEFAULTS) -> None:
        """Begin to hear a call; its first frame is t = 0, the answer. Raises ValueError when the call is open already,
        OverflowError when there is no room: the caller then connects the call unheard."""
        if call_id in self._slots:
            raise ValueError(f"call {call_id} is open already")
        slot = len(self._calls)
        if slot >= self.capacity:
            raise OverflowError(f"{self.capacity} calls are open already")
        self._slots[call_id] = slot
        self._calls.append(call_id)
        self._settings.append(settings)
        self._findings.append([])
        self._at_verdict.append(None)
        self._windows[slot] = 0
        self._tones.columns.reset(slot)
        self._voices.open(slot)
        self._prints.open(slot)
        self._state.reset(slot)
        self._prior[slot] = prior_log_odds(prior)
        self._early[slot] = settings.early
        self._cost_ratio[slot] = settings.cost_ratio
        self._deadline_s[slot] = settings.deadline_ms / 1000
        self._silence_frames[slot] = settings.silence_ms // FRAME_MS

    def expect(self, call_id: str, greeting: Prompt) -> None:
        """This call's number answered with that recording before. Raises KeyError when the call is not open."""
        self._prints.expect(self._slots[call_id], self.fingerprints.expect(greeting))

    def feed(self, frames: Mapping[str, NDArray[np.int16]]) -> list[Finding]:
        """One 20 ms tick: the next frame, int16 (160,), of each call. An open call that is missing lost a frame. Frames
        of calls that are not open are ignored. Raises ValueError for a frame of another length; nothing has then
        happened."""
        n = len(self._calls)
        for call_id, frame in frames.items():
            if frame.shape != (FRAME_SAMPLES,):
                raise ValueError(
                    f"a frame of call {call_id} has shape {frame.shape}, expected ({FRAME_SAMPLES},)"
                )
        if not n:
            return []
        lost = self._take(frames, n)
        spectra = analyse(self._windows[:n])
        self._level[:n] = spectra.db
        self._voices.listen(spectra, lost)
        heard = self._tones.step(
            spectra,
            self._voices.frame[:n] - 1,
            self._voices.floor[:n],
            self._voices.total[:n].copy(),
            self._voices.loudest[:n],
        )
        self._voices.step(spectra, heard)
        prompts = self._prints.step(spectra.bands, spectra.db, self.fingerprints)

        found: list[Finding] = []
        self._report_beeps(heard, found)
        for slot, prompt_id, label in prompts:
            self._report_prompt(slot, prompt_id, label, found)
        self._report_repeats(n, found)
        self._decide_by_tone(heard, found)
        self._report_greetings(n, found)
        self._decide_by_voice(n, found)
        return found

    def conclude(self, call_id: str) -> Verdict:
        """What would be said if the audio ended here: the verdict already given, or the best one now."""
        slot = self._slots[call_id]
        for finding in self._findings[slot]:
            if isinstance(finding, Verdict):
                return finding
        rows = np.array([slot])
        if self._voices.onset[slot] < 0:
            return self._verdict(slot, Label.SILENCE, Cause.END, 0.5)
        self._ask(rows)
        posterior = self._posterior(slot)
        machine = posterior <= machine_bar_of(self._cost_ratio[rows])[0]
        return self._verdict(slot, Label.MACHINE if machine else Label.HUMAN, Cause.END, posterior)

    def close(self, call_id: str) -> Trace:
        """Stop hearing a call and get what is to be stored of it. Raises KeyError when it is not open."""
        slot = self._slots.pop(call_id)
        count = int(self._prints.count[slot])
        trace = Trace(
            call_id,
            int(self._voices.frame[slot]) * FRAME_MS,
            self._at_verdict[slot] or self._feature_map(slot),
            tuple(self._findings[slot]),
            tuple(self._prints.prints[slot, :count].tolist()),
        )
        last = len(self._calls) - 1
        columns: list[list[Any]] = [self._calls, self._settings, self._findings, self._at_verdict]
        if slot != last:
            self._slots[self._calls[last]] = slot
            self._windows[slot] = self._windows[last]
            self._tones.columns.move(last, slot)
            self._voices.move(last, slot)
            self._prints.move(last, slot)
            self._state.move(last, slot)
            for column in columns:
                column[slot] = column[last]
        for column in columns:
            column.pop()
        return trace

    def features(self, call_id: str) -> dict[str, float]:
        """The model's features of a call as they stand: seconds, dB, shares and counts by name (`voice.FEATURES`)."""
        return self._feature_map(self._slots[call_id])

    def sample(self, call_ids: Sequence[str]) -> tuple[Bools, Floats]:
        """For training: whether somebody has spoken in each of these calls, and their features (n, len(FEATURES))."""
        rows = np.array([self._slots[call_id] for call_id in call_ids], np.intp)
        return self._voices.onset[rows] >= 0, self._voices.features(rows, self._tones)

    def _take(self, frames: Mapping[str, NDArray[np.int16]], n: int) -> Bools:
        """Move the windows on by one frame; a lost frame leaves its window as it was, so that a tone or a voice goes on
        through the hole."""
        block = np.zeros((n, FRAME_SAMPLES), np.int16)
        missing = np.ones(n, np.bool_)
        for call_id, frame in frames.items():
            slot = self._slots.get(call_id)
            if slot is not None:
                block[slot] = frame
                missing[slot] = False
        silent = (block.max(1) <= SILENT_SAMPLE) & (block.min(1) >= -SILENT_SAMPLE)
        bridged = self._bridged[:n]
        lost = np.where(missing, bridged < BRIDGED_MISSING, silent & (bridged < BRIDGED_SILENT))
        lost &= self._level[:n] > -58
        bridged[:] = np.where(silent | missing, bridged + 1, 0)
        windows = self._windows[:n]
        moved = np.concatenate([windows[:, FRAME_SAMPLES:], block.astype(np.float32) / 32768], axis=1)
        windows[:] = np.where(lost[:, None], windows, moved)
        return lost

    def _decide_by_tone(self, heard: Heard, found: list[Finding]) -> None:
        certain = heard.sit | ((heard.fax | heard.cadence) & ~self._early[: len(heard.sit)])
        for slot in np.flatnonzero(certain & ~self._decided[: len(certain)]).tolist():
            if heard.sit[slot]:
                label, cause = Label.SIT, Cause.SIT
            elif heard.fax[slot]:
                label, cause = Label.FAX, Cause.FAX
            else:
                label, cause = Label.TONE, Cause.CADENCE
            self._settle(self._verdict(slot, label, cause, 0.0), slot, found)

    def _report_beeps(self, heard: Heard, found: list[Finding]) -> None:
        answered = ~self._early[: len(heard.beep)]
        for slot in np.flatnonzero(heard.beep & answered).tolist():
            start_ms = int(self._tones.beep_start[slot]) * FRAME_MS
            self._note(
                BeepHeard(self._calls[slot], self._now_ms(slot), start_ms, float(self._tones.hz[slot])),
                slot,
                found,
            )
            if not self._decided[slot]:
                self._settle(self._verdict(slot, Label.MACHINE, Cause.BEEP, 0.0), slot, found)
        n = len(answered)
        lasting = (heard.beep | self._tones.beep_on[:n]) & (self._tones.frames[:n] >= CORRECTION_BEEP_FRAMES)
        for slot in np.flatnonzero(lasting & answered & self._human[:n]).tolist():
            self._correct(slot, Label.MACHINE, Cause.BEEP, found)
        for slot in np.flatnonzero(heard.beep_ended & answered).tolist():
            end_ms = self._now_ms(slot) - int(self._tones.misses[slot]) * FRAME_MS
            self._note(BeepEnded(self._calls[slot], self._now_ms(slot), end_ms), slot, found)

    def _report_prompt(self, slot: int, prompt_id: str, label: Label, found: list[Finding]) -> None:
        if self._heard_prompt[slot] != _NO_PROMPT or self._early[slot]:
            return
        self._heard_prompt[slot] = 1
        self._note(PromptHeard(self._calls[slot], self._now_ms(slot), prompt_id, label), slot, found)
        if not self._decided[slot]:
            self._settle(self._verdict(slot, label, Cause.FINGERPRINT, 0.0, prompt_id), slot, found)
        else:
            self._correct(slot, label, Cause.FINGERPRINT, found)

    def _report_repeats(self, n: int, found: list[Finding]) -> None:
        """Who says his greeting again to the millisecond is a recording that plays in a loop."""
        judged = self._decided[:n] & (~self._human[:n] | self._corrected[:n])
        begin = np.where(judged | self._early[:n], -1, self._voices.onset[:n])
        for slot in self._prints.repeating(begin):
            if not self._decided[slot]:
                self._settle(self._verdict(slot, Label.MACHINE, Cause.FINGERPRINT, 0.0), slot, found)
            else:
                self._correct(slot, Label.MACHINE, Cause.FINGERPRINT, found)

    def _correct(self, slot: int, label: Label, cause: Cause, found: list[Finding]) -> None:
        if self._human[slot] and not self._corrected[slot] and self._now_ms(slot) <= CORRECTION_MS:
            self._corrected[slot] = True
            self._note(Corrected(self._calls[slot], self._now_ms(slot), label, cause), slot, found)

    def _report_greetings(self, n: int, found: list[Finding]) -> None:
        stopped = (self._voices.fore_gap[:n] == GREETING_GAP_FRAMES) & ~(self._decided[:n] | self._early[:n])
        for slot in np.flatnonzero(stopped).tolist():
            end_ms = self._now_ms(slot) - GREETING_GAP_FRAMES * FRAME_MS
            self._note(GreetingEnded(self._calls[slot], self._now_ms(slot), end_ms), slot, found)

    def _decide_by_voice(self, n: int, found: list[Finding]) -> None:
        frame, onset = self._voices.frame[:n], self._voices.onset[:n]
        open_ = ~(self._decided[:n] | self._early[:n])
        silence = self._silence_frames[:n] + np.where(
            self._tones.tonal_frames[:n] > 10, TONE_EXTRA_MS // FRAME_MS, 0
        )
        for slot in np.flatnonzero(open_ & (onset < 0) & (frame >= silence)).tolist():
            self._settle(self._verdict(slot, Label.SILENCE, Cause.SILENCE, 0.5), slot, found)
        rows = np.flatnonzero(open_ & (onset >= 0) & ((frame + np.arange(n)) % MODEL_FRAMES == 0))
        if not len(rows):
            return
        self._ask(rows)
        gap_s = self._voices.fore_gap[rows] * np.float32(FRAME_MS / 1000)
        since_s = (frame[rows] - onset[rows]) * np.float32(FRAME_MS / 1000)
        decision = decide(
            self._odds[rows],
            self._prior[rows],
            gap_s,
            since_s,
            self._cost_ratio[rows],
            self._deadline_s[rows],
        )
        for at in np.flatnonzero(decision.human | decision.machine).tolist():
            slot = int(rows[at])
            label = Label.HUMAN if decision.human[at] else Label.MACHINE
            cause = Cause.DEADLINE if decision.deadline[at] else Cause.TIMING
            self._settle(self._verdict(slot, label, cause, self._posterior(slot)), slot, found)

    def _ask(self, rows: NDArray[np.intp]) -> None:
        features = self._voices.features(rows, self._tones)[:, self._columns]
        self._odds[rows] = np.clip(self._model.log_odds(features), -20, 20)

    def _posterior(self, slot: int) -> float:
        return float(1 / (1 + np.exp(-(self._odds[slot] + self._prior[slot]))))

    def _verdict(
        self, slot: int, label: Label, cause: Cause, posterior: float, prompt_id: str | None = None
    ) -> Verdict:
        now_ms, gap = self._now_ms(slot), int(self._voices.fore_gap[slot])
        spoken = self._voices.onset[slot] >= 0
        end_ms = now_ms - gap * FRAME_MS if spoken and gap else None
        return Verdict(
            self._calls[slot], now_ms, label, cause, end_ms, posterior, self._feature_map(slot), prompt_id
        )

    def _settle(self, verdict: Verdict, slot: int, found: list[Finding]) -> None:
        self._decided[slot] = True
        self._human[slot] = verdict.label is Label.HUMAN
        self._at_verdict[slot] = dict(verdict.features)
        self._note(verdict, slot, found)

    def _note(self, finding: Finding, slot: int, found: list[Finding]) -> None:
        self._findings[slot].append(finding)
        found.append(finding)

    def _now_ms(self, slot: int) -> int:
        return int(self._voices.frame[slot]) * FRAME_MS

    def _feature_map(self, slot: int) -> dict[str, float]:
        values = self._voices.features(np.array([slot]), self._tones)[0]
        return {name: round(float(value), 4) for name, value in zip(voice.FEATURES, values, strict=True)}
