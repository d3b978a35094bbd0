"""The ear: streams of sound in, the detector asked every 20 ms for all calls at once, what it says out.

A stream is heard three frames late, so that a frame which took longer on the way is not taken for a lost one. A call
may come on more than one connection, one after the other: its stream is taken up where it was (a conversation is tapped
after the customer was bridged out of the dialplan's stream).
"""

from __future__ import annotations

import asyncio
import uuid
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import structlog
from numpy.typing import NDArray

from dialer.domain.screening import Unheard
from dialer.domain.values import ulid_of
from dialer.screening.audiosocket import Stream
from dialer.screening.detector import Detector
from dialer.screening.findings import Finding, Prior, Settings, Trace
from dialer.screening.prompt_index import Prompt

log = structlog.get_logger()

TICK_S = 0.02
#: Frames held back against the unevenness of the network.
PLAYOUT_FRAMES = 3
#: A tick this late, and nobody waits for the verdicts any more.
LATE_S = 1.5
#: From the order to listen to the first connection, and from there to the first sound.
CONNECT_S = 1.5
#: The same before the answer, where nobody waits meanwhile.
EARLY_CONNECT_S = 10.0
#: After a stream has ended the call may come on another.
RETURN_S = 3.0
#: A stream that waits for the order to listen (the order and the connection race at the answer).
ORDER_S = 1.0
#: Calls that nobody has answered yet may fill so much of the detector: the answered ones need the rest.
EARLY_SHARE = 0.5
#: Traces of past calls, from which an agent's word can still enrol a recording.
KEPT_TRACES = 4000


@dataclass(slots=True)
class Ear:
    """One call that is to be heard."""

    prior: Prior
    settings: Settings
    stream: Stream | None = None
    #: Frames are taken from the stream (the first few have come).
    playing: bool = False
    #: Without a stream, when it is given up (loop time).
    give_up_s: float = 0.0
    #: Frames that were not there when their time had come.
    lost: int = 0
    #: The detector knows it.
    open: bool = False
    #: What its number answered with before.
    greeting: Prompt | None = None


OnFinding = Callable[[Finding], None]
OnUnheard = Callable[[str, Unheard], None]
MakeDetector = Callable[[], Detector]


@dataclass(slots=True)
class Listening:
    """All calls of one process. `run` until cancelled; `listen`, `stop` and the streams' callbacks are its doors.

    `on_finding` gets what the detector says, `on_unheard` that there will be no verdict on a call.
    """

    make_detector: MakeDetector
    on_finding: OnFinding
    on_unheard: OnUnheard
    traces: OrderedDict[str, Trace] = field(default_factory=OrderedDict)
    #: How late ticks were, and how long each took, s: the newest ones.
    lateness_s: deque[float] = field(default_factory=lambda: deque(maxlen=3000))
    busy_s: deque[float] = field(default_factory=lambda: deque(maxlen=3000))
    _ears: dict[str, Ear] = field(default_factory=dict)
    #: Streams of calls nobody has ordered yet, with the time they are given up.
    _early: dict[str, tuple[Stream, float]] = field(default_factory=dict)
    _work: asyncio.Event = field(default_factory=asyncio.Event)
    _detector: Detector | None = None

    def __len__(self) -> int:
        return len(self._ears)

    @property
    def detector(self) -> Detector:
        if self._detector is None:
            self._detector = self.make_detector()
        return self._detector

    # --- orders -----------------------------------------------------------------------------------------

    def listen(self, call_id: str, prior: Prior, settings: Settings) -> None:
        """Hear this call from now on; again for one that is known already: hear it anew, for another verdict."""
        ear = self._ears.get(call_id)
        if ear is not None:
            if ear.open:
                self._keep(call_id)
            ear.prior, ear.settings, ear.open = prior, settings, False
        else:
            ear = self._ears[call_id] = Ear(prior, settings)
        connect_s = EARLY_CONNECT_S if settings.early else CONNECT_S
        ear.give_up_s = asyncio.get_running_loop().time() + connect_s
        if (early := self._early.pop(call_id, None)) is not None:
            ear.stream, ear.playing = early[0], False
        self._work.set()

    def expect(self, call_id: str, greeting: Prompt) -> None:
        """The number of this call answered with that before; a call that is over already is ignored."""
        if (ear := self._ears.get(call_id)) is not None:
            ear.greeting = greeting
            if ear.open:
                self.detector.expect(call_id, greeting)

    def stop(self, call_id: str) -> None:
        """The call is over; its trace is kept for a while."""
        ear = self._ears.pop(call_id, None)
        if ear is None:
            return
        if ear.open:
            self._keep(call_id)
        if ear.stream is not None:
            ear.stream.close("the call is over")

    def _keep(self, call_id: str) -> None:
        trace = self.detector.close(call_id)
        self.traces[call_id] = trace
        self.traces.move_to_end(call_id)
        while len(self.traces) > KEPT_TRACES:
            self.traces.popitem(last=False)

    # --- streams ----------------------------------------------------------------------------------------

    def make_stream(self) -> Stream:
        return Stream(self._came, self._went)

    def _came(self, stream: Stream, identity: uuid.UUID) -> bool:
        call_id = ulid_of(identity)
        ear = self._ears.get(call_id)
        if ear is None:
            if call_id in self._early or len(self._early) >= self.detector.capacity:
                return False
            self._early[call_id] = (stream, asyncio.get_running_loop().time() + ORDER_S)
        else:
            if ear.stream is not None:
                ear.stream.close("the call came on another connection")
            ear.stream, ear.playing, ear.lost = stream, False, 0
            ear.give_up_s = asyncio.get_running_loop().time() + CONNECT_S
        self._work.set()
        return True

    def _went(self, stream: Stream, why: str) -> None:
        for call_id, (early, _) in list(self._early.items()):
            if early is stream:
                del self._early[call_id]
        for ear in self._ears.values():
            if ear.stream is stream:
                ear.stream, ear.playing = None, False
                ear.give_up_s = asyncio.get_running_loop().time() + RETURN_S

    # --- the tick ---------------------------------------------------------------------------------------

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if not self._ears and not self._early:
                self._work.clear()
                await self._work.wait()
            due_s = loop.time() + TICK_S
            while self._ears or self._early:
                await asyncio.sleep(max(0.0, due_s - loop.time()))
                late_s = loop.time() - due_s
                self.lateness_s.append(max(0.0, late_s))
                if late_s > LATE_S:
                    self._forget_all(Unheard.LATE)
                    break
                self._tick(loop.time())
                self.busy_s.append(loop.time() - due_s - max(0.0, late_s))
                due_s += TICK_S

    def _tick(self, now_s: float) -> None:
        frames: dict[str, NDArray[np.int16]] = {}
        for call_id, ear in list(self._ears.items()):
            if ear.stream is None:
                if now_s >= ear.give_up_s:
                    self._give_up(call_id, ear)
                continue
            ear.playing = ear.playing or ear.stream.waiting >= PLAYOUT_FRAMES
            if not ear.playing:
                if not ear.open and now_s >= ear.give_up_s:
                    self._drop(call_id, Unheard.NO_AUDIO)
                continue
            if not ear.open and not self._open(call_id, ear):
                continue
            if (frame := ear.stream.take()) is None:
                ear.lost += 1
                continue
            if ear.lost and ear.stream.waiting > PLAYOUT_FRAMES:
                # It was late, not lost, and has been counted already: the call's clock stays right.
                ear.lost -= 1
                frame = ear.stream.take() or frame
            frames[call_id] = np.frombuffer(frame, "<i2")
        for call_id, (stream, until_s) in list(self._early.items()):
            if now_s >= until_s:
                del self._early[call_id]
                stream.close("nobody asked for this call")
        try:
            findings = self.detector.feed(frames)
        except Exception:
            # Whatever went wrong in there may go wrong again: a new one begins, and its calls get agents.
            log.exception("detector_failed", calls=len(self._ears))
            self._detector = None
            self._forget_all(Unheard.ABSURD)
            return
        for finding in findings:
            self.on_finding(finding)

    def _open(self, call_id: str, ear: Ear) -> bool:
        try:
            if ear.settings.early and len(self.detector) >= self.detector.capacity * EARLY_SHARE:
                raise OverflowError
            self.detector.open(call_id, prior=ear.prior, settings=ear.settings)
        except OverflowError:
            self._drop(call_id, Unheard.FULL)
            return False
        ear.open = True
        if ear.greeting is not None:
            self.detector.expect(call_id, ear.greeting)
        return True

    def _give_up(self, call_id: str, ear: Ear) -> None:
        """No stream came, or none came back."""
        if ear.open:
            self._keep(call_id)
            del self._ears[call_id]
        else:
            self._drop(call_id, Unheard.NO_AUDIO)

    def _drop(self, call_id: str, why: Unheard) -> None:
        ear = self._ears.pop(call_id)
        if ear.stream is not None:
            ear.stream.close(f"not heard: {why}")
        self.on_unheard(call_id, why)

    def _forget_all(self, why: Unheard) -> None:
        self._detector = None
        for call_id in list(self._ears):
            self._drop(call_id, why)
