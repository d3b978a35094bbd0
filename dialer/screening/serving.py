"""`python -m dialer.screening serve`: the screener, a process of its own beside the dialer's.

Started by the dialer and ended with it. The arithmetic of sound never runs in the dialer's loop, and when this process
dies the dialplan goes on and everybody is connected. Orders come in on stdin and reports go out on stdout (`wire`), the
sound comes in over AudioSocket; the log goes to stderr.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import orjson
import structlog
import uvloop

from dialer.domain.screening import Unheard
from dialer.screening import wire
from dialer.screening.detector import Detector
from dialer.screening.findings import Finding, Label
from dialer.screening.fingerprints import FingerprintBook, greeting_of
from dialer.screening.listening import Listening
from dialer.screening.prompt_index import Prompt
from dialer.screening.trees import Model

log = structlog.get_logger()

#: Sign of life, s. The dialer takes a screener for lost after three times as long.
ALIVE_S = 0.5
#: What the dialer has not read of our reports: beyond it nobody reads them at all.
MOST_UNREAD = 1 << 22
BACKLOG = 1024


class Screener:
    """The process: orders in, calls heard, reports out."""

    def __init__(self, reports: asyncio.WriteTransport) -> None:
        self._reports = reports
        self._book = FingerprintBook()
        self._model = Model.shipped()
        self._listening = Listening(self._make_detector, self._found, self._unheard)

    def _make_detector(self) -> Detector:
        return Detector(self._model, self._book)

    async def run(self, orders: asyncio.StreamReader, host: str, port: int) -> None:
        """Until stdin ends: whoever started us is gone then."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self._listening.make_stream, host, port, backlog=BACKLOG)
        address = server.sockets[0].getsockname()
        assert len(self._listening.detector) == 0  # and made now, not at the first call
        gc.collect()
        gc.freeze()
        self._say(say="listening", address=f"{host}:{address[1]}")
        async with server, asyncio.TaskGroup() as group:
            beat = group.create_task(self._beat())
            ear = group.create_task(self._listening.run())
            with suppress(asyncio.IncompleteReadError):
                while text := await orders.readline():
                    self._obey(text)
            beat.cancel()
            ear.cancel()

    def _say(self, **fields: Any) -> None:
        self._write(wire.line(**fields))

    def _write(self, report: bytes) -> None:
        if self._reports.get_write_buffer_size() > MOST_UNREAD:
            raise SystemExit("nobody reads the reports")
        self._reports.write(report)

    async def _beat(self) -> None:
        while True:
            self._say(
                say="alive",
                calls=len(self._listening),
                late_ms=round(1000 * max(self._listening.lateness_s, default=0.0), 1),
                busy_ms=round(1000 * max(self._listening.busy_s, default=0.0), 1),
            )
            await asyncio.sleep(ALIVE_S)

    # --- orders -----------------------------------------------------------------------------------------

    def _obey(self, text: bytes) -> None:
        try:
            order = orjson.loads(text)
            match order["do"]:
                case "listen":
                    self._listening.listen(*wire.read_order(order))
                case "stop":
                    self._listening.stop(str(order["call"]))
                case "learn":
                    self._learn(order)
                case "prompt":
                    self._know(order)
                case "expect":
                    greeting = {**order["greeting"], "imported": False}
                    self._listening.expect(str(order["call"]), _prompt(greeting))
                case unknown:
                    raise ValueError(f"nobody knows the order {unknown!r}")
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            log.error("bad_order", why=str(error), order=text[:200].decode(errors="replace"))

    def _learn(self, order: Mapping[str, Any]) -> None:
        trace = self._listening.traces.get(order["call"])
        if trace is None:
            return
        source, country = str(order["source"]), str(order["country"])
        # What was recognised ended there: the longer greeting that is kept already is the better one.
        new = not (trace.recognised or self._book.knows(trace.prints, source))
        prompt = self._book.enrol(trace.prints, source, country, sure=order["sure"] is True)
        if prompt is not None:
            self._tell("learnt", prompt, imported=prompt.imported, promoted=prompt.promoted)
        if new and (greeting := greeting_of(trace.prints, source, country)) is not None:
            # It will answer with it again.
            self._tell("greeting", greeting)

    def _tell(self, what: str, prompt: Prompt, **more: Any) -> None:
        self._say(
            say=what,
            prompt_id=prompt.prompt_id,
            country=prompt.country,
            label=prompt.label,
            prints=list(prompt.prints),
            sources=sorted(prompt.sources),
            **more,
        )

    def _know(self, order: Mapping[str, Any]) -> None:
        """The recordings that the database remembers."""
        self._book = FingerprintBook([*self._book.prompts, *map(_prompt, order["prompts"])])
        self._listening.detector.fingerprints = self._book

    # --- reports ----------------------------------------------------------------------------------------

    def _found(self, finding: Finding) -> None:
        if (report := wire.report_of(finding)) is not None:
            self._write(report)

    def _unheard(self, call_id: str, why: Unheard) -> None:
        self._say(say="unheard", call=call_id, why=why)


def _prompt(row: Mapping[str, Any]) -> Prompt:
    """A recording from the database. Raises KeyError, TypeError, ValueError."""
    return Prompt(
        str(row["prompt_id"]),
        str(row["country"]),
        Label(row["label"]),
        tuple(map(int, row["prints"])),
        frozenset(map(str, row["sources"])),
        bool(row["imported"]),
    )


async def serve(host: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    orders = asyncio.StreamReader(limit=1 << 26)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin.buffer)
    reports, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, sys.stdout.buffer)
    await Screener(reports).run(orders, host, port)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m dialer.screening serve", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="where the switch sends the sound of calls")
    parser.add_argument("--port", type=int, default=0, help="0: any free one, as the first report says")
    chosen = parser.parse_args(arguments)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(chosen.host, chosen.port))


if __name__ == "__main__":
    main()
