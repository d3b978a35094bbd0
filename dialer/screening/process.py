"""The screener as the dialer sees it: a child process that is started, watched, and started again when it dies."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from datetime import UTC, datetime
from typing import Any

import phonenumbers
import structlog

from dialer.domain.commands import LearnPrompt, ListenTo, PrepareScreener, ScreenerCommand, StopListening
from dialer.domain.events import AnyEvent, CallUnheard, ScreenerDown, ScreenerUp
from dialer.domain.screening import Unheard
from dialer.domain.values import AttemptId, PhoneNumber, early_stream, is_ulid
from dialer.screening import wire

log = structlog.get_logger()

#: Silent for so long, nobody waits for it any more; it says that it lives every half second. One that only was short of
#: processor time speaks again; one that stays silent is killed.
SILENT_S, KILL_S = 1.5, 5.0
#: Until its first word.
START_S = 20.0
RETRY_FIRST_S, RETRY_LAST_S = 0.2, 5.0
#: Having lived so long it is started at once again when it dies.
STEADY_S = 30.0
#: Orders that the process has not read.
MOST_UNREAD = 1 << 22

#: Numbers whose greetings are asked for at once, and how long the answer is waited for.
GREETINGS_AT_ONCE, GREETINGS_S = 200, 2.0

#: A recording as the store keeps it: the fields of `learnt` and `greeting` reports, `prompt` and `expect` orders.
PromptRow = Mapping[str, Any]
ReadPrompts = Callable[[], Awaitable[Sequence[PromptRow]]]
KeepPrompt = Callable[[PromptRow], Awaitable[None]]
#: The greetings of these numbers (by their opaque names), of those that have one.
ReadGreetings = Callable[[Sequence[str]], Awaitable[Mapping[str, PromptRow]]]


class ScreenerProcess:
    """See `ports.Screener`. `read_prompts` and `keep_prompt` are the store's side of the recordings that are known,
    `read_greetings` and `keep_greeting` of what single numbers answered with."""

    def __init__(
        self,
        on_event: Callable[[AnyEvent], None],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        read_prompts: ReadPrompts | None = None,
        keep_prompt: KeepPrompt | None = None,
        read_greetings: ReadGreetings | None = None,
        keep_greeting: KeepPrompt | None = None,
        command: Sequence[str] = (sys.executable, "-m", "dialer.screening", "serve"),
    ) -> None:
        self._on_event = on_event
        self._host, self._port = host, port
        self._read_prompts, self._keep_prompt = read_prompts, keep_prompt
        self._read_greetings, self._keep_greeting = read_greetings, keep_greeting
        self._command = command
        self._wanted = asyncio.Event()
        self._orders: asyncio.StreamWriter | None = None
        self._learnt: asyncio.Queue[tuple[KeepPrompt, PromptRow]] = asyncio.Queue(maxsize=1000)
        #: Answered calls whose number may have a greeting: the call, the number's opaque name.
        self._answered: asyncio.Queue[tuple[AttemptId, str]] = asyncio.Queue(maxsize=1000)
        self._why = ""
        #: Of the last sign of life: calls, late_ms, busy_ms.
        self.vital: Mapping[str, Any] = {}
        self.pid: int | None = None

    async def run(self) -> None:
        await self._wanted.wait()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_learnt())
            group.create_task(self._recall_greetings())
            retry_s = RETRY_FIRST_S
            while True:
                began_s = asyncio.get_running_loop().time()
                up = False
                try:
                    async with aclosing(self._live()) as life:
                        async for event in life:
                            if isinstance(event, ScreenerUp | ScreenerDown):
                                up = isinstance(event, ScreenerUp)
                            self._on_event(event)
                except (OSError, wire.BadReport) as error:
                    self._why = str(error)
                log.warning("screener_lost", why=self._why)
                if up:
                    self._on_event(ScreenerDown(at=_now(), why=self._why))
                if asyncio.get_running_loop().time() - began_s > STEADY_S:
                    retry_s = RETRY_FIRST_S
                await asyncio.sleep(retry_s)
                retry_s = min(RETRY_LAST_S, retry_s * 2)

    def execute(self, command: ScreenerCommand) -> None:
        match command:
            case PrepareScreener():
                self._wanted.set()
            case ListenTo():
                self._order(wire.order_of(command), command.attempt_id)
                if command.number is not None:
                    with suppress(asyncio.QueueFull):
                        self._answered.put_nowait((command.attempt_id, origin(command.number)[0]))
            case StopListening():
                call = early_stream(command.attempt_id) if command.early else command.attempt_id
                self._order(wire.line(do="stop", call=call))
            case LearnPrompt():
                source, country = origin(command.number)
                self._order(
                    wire.line(
                        do="learn",
                        call=command.attempt_id,
                        source=source,
                        country=country,
                        sure=command.sure,
                    )
                )

    def _order(self, text: bytes, attempt_id: AttemptId | None = None) -> None:
        writer = self._orders
        if writer is None or writer.transport.get_write_buffer_size() > MOST_UNREAD:
            if attempt_id is not None:
                # The engine is not re-entered from within its own command.
                unheard = CallUnheard(at=_now(), attempt_id=attempt_id, why=Unheard.DOWN)
                asyncio.get_running_loop().call_soon(self._on_event, unheard)
            return
        writer.write(text)

    async def _live(self) -> AsyncGenerator[AnyEvent, None]:
        """One life of the process, as events; ends when it does, with `_why`."""
        self._why = "it did not start"
        process = await self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        self.pid = process.pid
        try:
            address, silent = "", False
            while True:
                patience_s = START_S if not address else KILL_S - SILENT_S if silent else SILENT_S
                try:
                    async with asyncio.timeout(patience_s):
                        text = await process.stdout.readline()
                except TimeoutError:
                    self._why = f"it said nothing for {KILL_S if silent else patience_s:g} s"
                    if not address or silent:
                        return
                    silent, self._orders = True, None
                    yield ScreenerDown(at=_now(), why=self._why)
                    continue
                except ValueError:
                    self._why = "it said a line without an end"
                    return
                if not text:
                    self._why = "it ended"
                    return
                report = wire.read_report(text)
                if silent:
                    silent, self._orders = False, process.stdin
                    yield ScreenerUp(at=_now(), address=address)
                match report["say"]:
                    case "listening":
                        address = str(report["address"])
                        # The same port again after a restart: calls that were told of it find it.
                        self._port = int(address.rpartition(":")[2])
                        await self._tell_prompts(process.stdin)
                        self._orders = process.stdin
                        yield ScreenerUp(at=_now(), address=address)
                    case "alive":
                        self.vital = report
                    case "learnt":
                        self._keep(self._keep_prompt, report)
                    case "greeting":
                        self._keep(self._keep_greeting, report)
                    case _:
                        if (event := self._event(report)) is not None:
                            yield event
        finally:
            self._orders = self.pid = None
            await _end(process)

    async def _start(self) -> Process:
        """A new process; when we are cancelled meanwhile, it is ended before we go."""
        starting = asyncio.ensure_future(
            asyncio.create_subprocess_exec(
                *(*self._command, f"--host={self._host}", f"--port={self._port}"),
                stdin=PIPE,
                stdout=PIPE,
                limit=wire.MOST_BYTES,
            )
        )
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            await _end(await starting)
            raise

    def _event(self, report: dict[str, Any]) -> AnyEvent | None:
        try:
            return wire.event_of(report, _now())
        except wire.BadReport as error:
            log.error("screener_absurd", why=str(error))
            call_id = str(report.get("call"))
            if not is_ulid(call_id):
                return None
            return CallUnheard(at=_now(), attempt_id=AttemptId(call_id), why=Unheard.ABSURD)

    async def _tell_prompts(self, orders: asyncio.StreamWriter) -> None:
        """What is known so far; without a database it hears by its model alone."""
        if self._read_prompts is None:
            return
        try:
            prompts = await self._read_prompts()
        except OSError as error:
            log.warning("prompts_unread", why=str(error))
            return
        if prompts:
            orders.write(wire.line(do="prompt", prompts=[dict(prompt) for prompt in prompts]))

    def _keep(self, keep: KeepPrompt | None, row: PromptRow) -> None:
        if keep is not None:
            with suppress(asyncio.QueueFull):
                self._learnt.put_nowait((keep, row))

    async def _keep_learnt(self) -> None:
        while True:
            keep, row = await self._learnt.get()
            try:
                await keep(row)
            except OSError as error:
                log.warning("prompt_unkept", why=str(error))

    async def _recall_greetings(self) -> None:
        """What a number answered with before is told right after its answer, long before a greeting is over."""
        while True:
            calls = [await self._answered.get()]
            while len(calls) < GREETINGS_AT_ONCE and not self._answered.empty():
                calls.append(self._answered.get_nowait())
            if self._read_greetings is None:
                continue
            try:
                async with asyncio.timeout(GREETINGS_S):
                    greetings = await self._read_greetings(sorted({source for _, source in calls}))
            except OSError as error:
                log.warning("greetings_unread", why=str(error) or "no answer")
                continue
            for attempt_id, source in calls:
                if (greeting := greetings.get(source)) is not None:
                    self._order(wire.line(do="expect", call=attempt_id, greeting=dict(greeting)))


async def _end(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await asyncio.shield(process.wait())


def origin(number: PhoneNumber) -> tuple[str, str]:
    """An opaque name for the number, and its country (ISO 3166, ZZ when unknown)."""
    region = phonenumbers.region_code_for_number(phonenumbers.parse(number.e164))
    return hashlib.sha256(number.e164.encode()).hexdigest()[:16], region or "ZZ"


def _now() -> datetime:
    return datetime.now(UTC)
