"""The screener's ear over real sockets: sound that is heard as it is offline, and peers that misbehave."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import struct
import sys
import weakref
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import numpy as np
import pytest
from ami_harness import until
from numpy.typing import NDArray

from dialer.domain.commands import LearnPrompt, ListenTo, PrepareScreener, StopListening
from dialer.domain.events import (
    AnyEvent,
    CallJudged,
    CallUnheard,
    EarlyMediaJudged,
    Event,
    ScreenerDown,
    ScreenerUp,
)
from dialer.domain.screening import Label, Unheard
from dialer.domain.values import AttemptId, PhoneNumber, early_stream, mint_ulid, ulid_of, uuid_of
from dialer.screening import audiosocket as audiosocket_module
from dialer.screening import listening as listening_module
from dialer.screening import process as process_module
from dialer.screening.audiosocket import FRAME_BYTES, SILENT_FRAME, Malformed, Parser, Stream
from dialer.screening.detector import Detector
from dialer.screening.findings import Finding, Prior, Settings, Verdict
from dialer.screening.fingerprints import FingerprintBook
from dialer.screening.listening import Listening
from dialer.screening.process import ScreenerProcess
from dialer.screening.trees import Model

# A screener that is being started again as its test ends leaves asyncio's word on its pipes behind.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
_IDS = random.Random(4)
T = TypeVar("T", bound=Event)


def new_call() -> AttemptId:
    return AttemptId(mint_ulid(datetime(2026, 3, 3, 15, 0, tzinfo=UTC), _IDS))


def fax(seconds: float = 2.0) -> NDArray[np.int16]:
    """A called station's tone, as frames of 20 ms."""
    time_s = np.arange(int(8000 * seconds)) / 8000
    sound = 8000 * np.sin(2 * np.pi * 2100 * time_s)
    return sound.astype("<i2").reshape(-1, FRAME_BYTES // 2)


def tones(*hertz: float, each_s: float = 0.32) -> NDArray[np.int16]:
    """One tone after the other, as frames of 20 ms."""
    time_s = np.arange(int(8000 * each_s)) / 8000
    sound = np.concatenate([8000 * np.sin(2 * np.pi * hz * time_s) for hz in hertz])
    return sound.astype("<i2").reshape(-1, FRAME_BYTES // 2)


def greeting() -> NDArray[np.int16]:
    """Half a second of quiet, 1.4 s of a buzz whose formants glide, quiet; frames of 20 ms."""
    time_s = np.arange(int(8000 * 1.4)) / 8000
    pitch = 2 * np.pi * np.cumsum(120 + 25 * np.sin(4.4 * time_s)) / 8000
    formants = ((500, 250, 3.1), (1400, 500, 2.3), (2500, 300, 1.7))
    buzz = np.zeros(len(time_s))
    for k in range(2, 25):
        gain = sum(np.exp(-(((k * 120 - f - d * np.sin(w * 2 * time_s)) / 180) ** 2)) for f, d, w in formants)
        buzz += gain * np.sin(k * pitch + k * k)
    buzz *= np.clip(np.sin(8 * np.pi * time_s) + 0.5, 0.05, 1)
    sound = np.concatenate([np.zeros(4000), buzz / np.abs(buzz).max() * 6000, np.zeros(12000)])
    return (
        (sound + np.random.default_rng(6).normal(0, 10, len(sound)))
        .astype("<i2")
        .reshape(-1, FRAME_BYTES // 2)
    )


def message(kind: int, payload: bytes = b"") -> bytes:
    return struct.pack(">BH", kind, len(payload)) + payload


def introduction(call: AttemptId) -> bytes:
    return message(0x01, uuid_of(call).bytes)


def detector() -> Detector:
    return Detector(Model.shipped(), FingerprintBook(), capacity=600)


# --- bytes ------------------------------------------------------------------------------------------------


def test_our_ids_are_uuids_in_another_alphabet() -> None:
    for _ in range(50):
        call = new_call()
        assert ulid_of(uuid_of(call)) == call
    with pytest.raises(ValueError, match="not a ULID"):
        uuid_of("no such thing")


def test_messages_come_whole_however_they_are_cut() -> None:
    call = new_call()
    sent = [(0x01, uuid_of(call).bytes), (0x10, bytes(320)), (0x03, b"5"), (0x10, bytes(640)), (0x00, b"")]
    stream = b"".join(message(kind, payload) for kind, payload in sent)
    for step in (1, 7, 323, len(stream)):
        parser = Parser()
        pieces = [parser.feed(stream[at : at + step]) for at in range(0, len(stream), step)]
        assert [(int(kind), payload) for found in pieces for kind, payload in found] == sent


@pytest.mark.parametrize(
    "first",
    [
        b"GET / HTTP/1.1\r\n",
        message(0x10, bytes(320)),
        message(0x01, bytes(15)),
        message(0x00),
        bytes(3),
        b"\x01\xff\xff",
    ],
)
def test_whoever_does_not_say_who_he_is_is_refused(first: bytes) -> None:
    with pytest.raises(Malformed):
        Parser().feed(first)


@pytest.mark.parametrize("then", [message(0x10, bytes(321)), b"\x44\x00\x01x", message(0x01, bytes(3))])
def test_nor_is_nonsense_believed_later(then: bytes) -> None:
    parser = Parser()
    parser.feed(introduction(new_call()))
    with pytest.raises(Malformed):
        parser.feed(then)


# --- the ear ----------------------------------------------------------------------------------------------


@dataclass
class Room:
    """A listening server with its doors open."""

    listening: Listening
    port: int
    findings: list[Finding] = field(default_factory=list)
    unheard: list[tuple[str, Unheard]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    streams: list[weakref.ref[Stream]] = field(default_factory=list)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    def listen(self, call: AttemptId) -> None:
        self.listening.listen(call, Prior(), Settings())

    def verdicts(self, call: AttemptId) -> list[Verdict]:
        return [f for f in self.findings if isinstance(f, Verdict) and f.call_id == call]

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writers.append(writer)
        return reader, writer

    async def hang_up(self) -> None:
        """Every peer at once."""
        writers, self.writers = self.writers, []
        for writer in writers:
            await hung_up(writer)


@asynccontextmanager
async def room() -> AsyncIterator[Room]:
    loop = asyncio.get_running_loop()
    listening = Listening(
        detector, lambda finding: here.findings.append(finding), lambda *what: here.unheard.append(what)
    )

    def make() -> Stream:
        stream = listening.make_stream()
        here.streams.append(weakref.ref(stream))
        return stream

    server = await loop.create_server(make, "127.0.0.1", 0, backlog=1024)
    here = Room(listening, server.sockets[0].getsockname()[1])
    loop.set_exception_handler(lambda _, context: here.errors.append(context))
    assert len(listening.detector) == 0
    ear = asyncio.ensure_future(listening.run())
    try:
        yield here
        assert here.errors == [], "an exception escaped"
    finally:
        await here.hang_up()
        ear.cancel()
        await asyncio.wait([ear])
        server.close()
        loop.set_exception_handler(None)


async def hung_up(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def play(writer: asyncio.StreamWriter, frames: NDArray[np.int16]) -> None:
    """Frame by frame in their own time, as a switch does."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    for n, frame in enumerate(frames):
        writer.write(message(0x10, frame.tobytes()))
        await asyncio.sleep(max(0.0, began_s + n * 0.02 - loop.time()))


async def test_what_is_heard_live_is_what_is_heard_offline() -> None:
    frames = fax()
    offline = detector()
    offline.open("x")
    expected = next(f for frame in frames for f in offline.feed({"x": frame}) if isinstance(f, Verdict))
    async with room() as here:
        call = new_call()
        here.listen(call)
        reader, writer = await here.connect()
        writer.write(introduction(call))
        assert await reader.readexactly(len(SILENT_FRAME)) == SILENT_FRAME
        await play(writer, frames[:60])
        await until(lambda: here.verdicts(call))
        (found,) = here.verdicts(call)
        assert (found.label, found.cause) == (expected.label, expected.cause)
        assert (
            abs(found.decided_at_ms - expected.decided_at_ms) <= 100
        )  # a frame may be late on a busy machine
        here.listening.stop(call)
        assert here.listening.traces[call].prints
        assert len(here.listening) == len(here.listening.detector) == 0


async def test_the_sound_may_come_before_the_order_to_listen() -> None:
    async with room() as here:
        call = new_call()
        _, writer = await here.connect()
        writer.write(introduction(call) + message(0x10, fax().tobytes()[:3200]))
        await asyncio.sleep(0.1)
        here.listen(call)
        await play(writer, fax()[10:70])
        await until(lambda: here.verdicts(call))


async def test_a_call_goes_on_on_another_connection() -> None:
    async with room() as here:
        call = new_call()
        here.listen(call)
        _, first = await here.connect()
        first.write(introduction(call))
        await play(first, fax()[:10])
        await hung_up(first)
        _, second = await here.connect()
        second.write(introduction(call))
        await play(second, fax()[10:80])
        await until(lambda: here.verdicts(call))
        assert here.unheard == []


async def test_a_peer_nobody_asked_for_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening_module, "ORDER_S", 0.1)
    async with room() as here:
        reader, writer = await here.connect()
        writer.write(introduction(new_call()))
        async with asyncio.timeout(5):
            await reader.read()
        assert len(here.listening) == 0


@pytest.mark.parametrize("says_who", [True, False])
async def test_a_call_without_sound_is_given_up(monkeypatch: pytest.MonkeyPatch, says_who: bool) -> None:
    monkeypatch.setattr(listening_module, "CONNECT_S", 0.2)
    async with room() as here:
        call = new_call()
        here.listen(call)
        _, writer = await here.connect()
        if says_who:
            writer.write(introduction(call))
        await until(lambda: here.unheard)
        assert here.unheard == [(call, Unheard.NO_AUDIO)]


async def test_a_peer_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dialer.screening.audiosocket.INTRODUCTION_S", 0.1)
    async with room() as here:
        reader, _writer = await here.connect()
        async with asyncio.timeout(5):
            assert await reader.read() == b""


async def test_a_hundred_times_too_much_ends_the_stream_and_nothing_else() -> None:
    async with room() as here:
        good, flood = new_call(), new_call()
        here.listen(good)
        here.listen(flood)
        _, writer = await here.connect()
        writer.write(introduction(good))
        reader, flooding = await here.connect()
        flooding.write(introduction(flood) + message(0x10, bytes(FRAME_BYTES)) * 20_000)
        await play(writer, fax()[:70])
        await until(lambda: here.verdicts(good))
        async with asyncio.timeout(10):
            try:
                while await reader.read(65536):
                    pass
            except ConnectionResetError:
                pass
        for stream in filter(None, (ref() for ref in here.streams)):
            assert stream.waiting < 500


@pytest.mark.parametrize("seed", range(4))
async def test_noise_on_the_line_ends_only_its_own_stream(seed: int) -> None:
    """Bytes of chance after a good beginning, cut anywhere; a good call beside it is heard all the same."""
    chance = random.Random(seed)
    async with room() as here:
        good, bad = new_call(), new_call()
        here.listen(good)
        here.listen(bad)
        _, writer = await here.connect()
        writer.write(introduction(good))
        _, broken = await here.connect()
        broken.write(introduction(bad) + message(0x10, bytes(320)) + chance.randbytes(chance.randrange(2000)))
        await play(writer, fax()[:10])
        broken.transport.abort()
        await play(writer, fax()[10:70])
        await until(lambda: here.verdicts(good))
        assert [verdict.label for verdict in here.verdicts(good)] == [Label.FAX]


async def test_five_hundred_hang_up_within_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    # To call five hundred takes a while here, and to hear them all, on a busy machine, longer than there is time.
    monkeypatch.setattr(listening_module, "CONNECT_S", 60.0)
    monkeypatch.setattr(listening_module, "LATE_S", 60.0)
    monkeypatch.setattr(audiosocket_module, "INTRODUCTION_S", 60.0)
    async with room() as here:
        calls = [new_call() for _ in range(500)]
        for call in calls:
            here.listen(call)
        for call in calls:
            _, writer = await here.connect()
            writer.write(introduction(call) + message(0x10, bytes(FRAME_BYTES)) * 3 + b"\x10\x01")
        await until(lambda: sum(ref() is not None for ref in here.streams) == 500, within_s=60)
        await until(lambda: len(here.listening.detector), within_s=60)
        await here.hang_up()
        for call in calls:
            here.listening.stop(call)
        assert len(here.listening) == len(here.listening.detector) == 0
        del writer

        def gone() -> bool:
            gc.collect()
            return all(ref() is None for ref in here.streams)

        await until(gone, within_s=20)


async def test_a_detector_that_fails_costs_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    async with room() as here:
        call = new_call()
        here.listen(call)
        _, writer = await here.connect()
        writer.write(introduction(call) + message(0x10, bytes(FRAME_BYTES)) * 3)
        await until(lambda: call in here.listening.detector)
        monkeypatch.setattr(here.listening.detector, "_take", lambda *_: 1 / 0)
        await until(lambda: here.unheard)
        assert here.unheard == [(call, Unheard.ABSURD)]
        again = new_call()
        here.listen(again)
        _, second = await here.connect()
        second.write(introduction(again))
        await play(second, fax()[:70])
        await until(lambda: here.verdicts(again))


# --- the process ------------------------------------------------------------------------------------------


@dataclass
class Dialer:
    """The dialer's side of a screener."""

    screener: ScreenerProcess
    heard: list[AnyEvent]

    async def hear(self, kind: type[T], nth: int = 1, within_s: float = 30) -> T:
        found: list[T] = []

        def seen() -> bool:
            found[:] = [event for event in self.heard if isinstance(event, kind)]
            return len(found) >= nth

        await until(seen, within_s=within_s)
        return found[nth - 1]


@asynccontextmanager
async def screener(*command: str, **store: Any) -> AsyncIterator[Dialer]:
    heard: list[AnyEvent] = []
    own = {"command": command} if command else {}
    dialer = Dialer(ScreenerProcess(heard.append, **own, **store), heard)
    task = asyncio.ensure_future(dialer.screener.run())
    dialer.screener.execute(PrepareScreener())
    try:
        yield dialer
    finally:
        task.cancel()
        await asyncio.wait([task])
        await asyncio.sleep(0)
        gc.collect()


async def test_a_killed_screener_is_told_of_and_started_again_where_it_was() -> None:
    async with screener() as dialer:
        up = await dialer.hear(ScreenerUp)
        pid = dialer.screener.pid
        assert pid is not None
        os.kill(pid, 9)
        down = await dialer.hear(ScreenerDown)
        assert "ended" in down.why
        call = new_call()
        dialer.screener.execute(ListenTo(call, 20.0))
        assert (await dialer.hear(CallUnheard)).why is Unheard.DOWN
        again = await dialer.hear(ScreenerUp, nth=2)
        assert again.address == up.address, "calls that ring were told of this address"
        host, _, port = again.address.rpartition(":")
        call = new_call()
        dialer.screener.execute(ListenTo(call, 20.0, ring_s=6.0))
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(introduction(call))
        await play(writer, fax()[:80])
        verdict = await dialer.hear(CallJudged)
        assert (verdict.attempt_id, verdict.label, verdict.cause) == (call, Label.FAX, "fax")
        dialer.screener.execute(StopListening(call))
        await hung_up(writer)


async def test_the_sound_before_an_answer_is_a_call_of_its_own() -> None:
    """Its tones are told as early, what would be a verdict after the answer is not; the answered call is heard anew."""
    async with screener() as dialer:
        host, _, port = (await dialer.hear(ScreenerUp)).address.rpartition(":")
        call = new_call()
        dialer.screener.execute(ListenTo(call, 20.0, early=True))
        _, early = await asyncio.open_connection(host, int(port))
        early.write(introduction(AttemptId(early_stream(call))))
        await play(early, fax()[:80])
        dialer.screener.execute(ListenTo(call, 20.0))
        _, answered = await asyncio.open_connection(host, int(port))
        answered.write(introduction(call))
        await play(answered, fax()[:80])
        verdict = await dialer.hear(CallJudged)
        assert (type(verdict), verdict.attempt_id, verdict.label) == (CallJudged, call, Label.FAX)
        other = new_call()
        dialer.screener.execute(ListenTo(other, 20.0, early=True))
        _, intercept = await asyncio.open_connection(host, int(port))
        intercept.write(introduction(AttemptId(early_stream(other))))
        await play(intercept, tones(950, 1400, 1777))
        told = await dialer.hear(EarlyMediaJudged)
        assert (told.attempt_id, told.label) == (other, Label.SIT)
        for writer, at in ((early, call), (intercept, other)):
            dialer.screener.execute(StopListening(at, early=True))
            await hung_up(writer)
        dialer.screener.execute(StopListening(call))
        await hung_up(answered)


async def test_what_a_number_answered_with_is_known_when_it_answers_again() -> None:
    """Kept at the end of a call that was a machine, told at the next answer; what it is known by is no news."""
    kept: list[Mapping[str, Any]] = []
    asked: list[Sequence[str]] = []

    async def keep(row: Mapping[str, Any]) -> None:
        kept.append(row)

    async def read(sources: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        asked.append(sources)
        return {source: row for row in kept for source in row["sources"] if source in sources}

    number = PhoneNumber("+528115550100")
    async with screener(read_greetings=read, keep_greeting=keep) as dialer:
        host, _, port = (await dialer.hear(ScreenerUp)).address.rpartition(":")
        for nth in (1, 2):
            call = new_call()
            dialer.screener.execute(ListenTo(call, 20.0, number=number))
            _, writer = await asyncio.open_connection(host, int(port))
            writer.write(introduction(call))
            await play(writer, greeting())
            verdict = await dialer.hear(CallJudged, nth=nth)
            dialer.screener.execute(StopListening(call))
            dialer.screener.execute(LearnPrompt(call, number, sure=False))
            await hung_up(writer)
            await until(lambda: kept)
        assert (verdict.label, verdict.cause) == (Label.MACHINE, "fingerprint")
        dialer.screener.execute(ListenTo(new_call(), 20.0, number=PhoneNumber("+528115550101")))
        await until(lambda: len(asked) == 3)
    assert len(kept) == 1
    (source,) = kept[0]["sources"]
    assert asked[0] == asked[1] == [source] != asked[2]
    assert "8115550100" not in str(kept)


async def test_a_frozen_screener_is_taken_for_lost() -> None:
    async with screener() as dialer:
        await dialer.hear(ScreenerUp)
        assert dialer.screener.pid is not None
        os.kill(dialer.screener.pid, 19)  # SIGSTOP
        down = await dialer.hear(ScreenerDown)
        assert "said nothing" in down.why
        await dialer.hear(ScreenerUp, nth=2)


async def test_one_that_was_only_short_of_time_is_heard_again() -> None:
    async with screener() as dialer:
        up = await dialer.hear(ScreenerUp)
        pid = dialer.screener.pid
        assert pid is not None
        os.kill(pid, 19)
        await dialer.hear(ScreenerDown)
        os.kill(pid, 18)  # SIGCONT
        assert (await dialer.hear(ScreenerUp, nth=2)).address == up.address
        assert dialer.screener.pid == pid


TALKER = "import sys, time; print({first!r}, flush=True); print({then!r}, flush=True); time.sleep(60)"
LISTENING = '{"say":"listening","address":"127.0.0.1:9"}'


async def test_a_screener_that_talks_nonsense_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "RETRY_FIRST_S", 0.05)
    code = TALKER.format(first=LISTENING, then="no JSON at all")
    async with screener(sys.executable, "-c", code) as dialer:
        assert "not JSON" in (await dialer.hear(ScreenerDown)).why
        await dialer.hear(ScreenerUp, nth=2)


@pytest.mark.parametrize(
    "report",
    [
        '{"say":"verdict","call":"%s","label":"GHOST"}',
        '{"say":"verdict","call":"%s","label":"HUMAN","cause":"<b>","posterior":0.5,"decided_at_ms":1,'
        '"greeting_end_ms":null,"features":{}}',
        '{"say":"verdict","call":"%s","label":"HUMAN","cause":"timing","posterior":"much","decided_at_ms":1,'
        '"greeting_end_ms":null,"features":{}}',
    ],
)
async def test_a_verdict_that_is_none_leaves_the_call_unheard(report: str) -> None:
    call = new_call()
    code = TALKER.format(first=LISTENING, then=report % call)
    async with screener(sys.executable, "-c", code) as dialer:
        unheard = await dialer.hear(CallUnheard)
        assert (unheard.attempt_id, unheard.why) == (call, Unheard.ABSURD)
