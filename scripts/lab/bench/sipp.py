"""SIPp as the telco: a carrier that takes hundreds of calls a second on a fraction of a core."""

import asyncio
import csv
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from lab.asterisk import HOST, Trunk
from lab.child import Child, free_udp_port
from lab.errors import LabError

SCENARIO = Path(__file__).with_name("telco.xml")
READY_TIMEOUT_S = 5.0
#: SIPp writes its counters once a second.
STATISTICS_EVERY_S = 1


@dataclass(frozen=True, slots=True)
class Counts:
    """What SIPp has seen since its start: its word, not the switch's."""

    invites: int
    ended: int
    #: Calls that did not go as `telco.xml` says.
    failed: int
    retransmissions: int
    #: Calls it has not seen the end of.
    open: int


class Sipp:
    """One SIPp on its own ports. An async context manager; `trunk()` is it as a carrier of the switch."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("sipp") is None:
            raise LabError("sipp is missing; type: apt-get install sip-tester")
        self.port = free_udp_port()
        self._statistics = folder / "sipp.csv"
        command = ["sipp", "-sf", str(SCENARIO), "-i", HOST, "-p", str(self.port), "-nostdin"]
        command += ["-mi", HOST, "-mp", str(free_udp_port())]
        command += ["-trace_stat", "-stf", str(self._statistics), "-fd", str(STATISTICS_EVERY_S)]
        self._stuck = 0
        self._child = Child(command, log=folder / "sipp.log", grace_s=2)

    async def __aenter__(self) -> Self:
        await self._child.start()
        deadline = asyncio.get_running_loop().time() + READY_TIMEOUT_S
        while self._row() is None:
            if not self._child.running or asyncio.get_running_loop().time() > deadline:
                raise LabError(f"SIPp did not start; its log:\n{self._child.tail()}")
            await asyncio.sleep(0.1)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._child.stop()

    def trunk(self, name: str) -> Trunk:
        return Trunk(name, HOST, self.port, codecs=("ulaw",))

    def counts(self) -> Counts:
        """The newest counters, up to `STATISTICS_EVERY_S` old."""
        row = self._row() or {}
        return Counts(
            invites=int(row.get("IncomingCall(C)", 0)),
            ended=int(row.get("SuccessfulCall(C)", 0)) + int(row.get("FailedCall(C)", 0)),
            failed=int(row.get("FailedCall(C)", 0)),
            retransmissions=int(row.get("Retransmissions(C)", 0)),
            open=int(row.get("CurrentCall", 0)),
        )

    async def quiet(self, within_s: float) -> Counts:
        """The counters once no call is open, or `within_s` later: `open` are then the calls it never saw the end of.

        Calls found so before are not waited for again.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within_s
        await asyncio.sleep(1.5 * STATISTICS_EVERY_S)
        while (found := self.counts()).open > self._stuck and loop.time() < deadline:
            await asyncio.sleep(STATISTICS_EVERY_S / 2)
        stuck, self._stuck = self._stuck, found.open
        return replace(found, open=max(0, found.open - stuck))

    def _row(self) -> dict[str, str] | None:
        if not self._statistics.exists():
            return None
        with self._statistics.open(newline="") as file:
            rows = list(csv.DictReader(file, delimiter=";"))
        # The row being written may still lack its end.
        return next(
            (row for row in reversed(rows) if row.get("CurrentCall") and None not in row.values()), None
        )
