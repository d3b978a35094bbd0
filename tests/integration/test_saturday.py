"""On the real switch, under a clock that stands: Saturday afternoon in Bogotá (Ley 2300 de 2023 art. 3: to 15:00)."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path

from dialer.domain.campaign import DialMode
from dialer.store import caller_ids
from dialer.store.database import connect
from lab.child import Child
from lab.demonstration import CALLER_IDS
from lab.robots import Pace
from lab.shift import Shift, shift
from lab.stack import Stack
from lab.standing_clock import set_clock
from tests.integration.command import dialer

LAST = datetime.fromisoformat("2026-11-21T14:59:00-05:00")
TOO_LATE = datetime.fromisoformat("2026-11-21T14:59:30-05:00")
HEADER = "referencia,nombre,telefono1,deuda,acreedor,producto,saldo,moneda,vencimiento\n"
DEBT = "Banco Ficticio,Tarjeta,1500.00,COP,2026-01-31"


class StandingStack(Stack):
    """Its dialer lives at the instant that the file `clock` says; the numbers it shows are somebody's."""

    @property
    def clock(self) -> Path:
        return self.folder / "clock"

    async def start_product(self) -> None:
        set_clock(self.clock, LAST)
        database = await connect(self.postgres.dsn)
        try:
            for number in CALLER_IDS:
                await caller_ids.declare(
                    database, number, owner="Cobros", proof="contrato 1", answered_by="101", by="Ana Prueba"
                )
            # Ana's turn has come; Blas's comes at a quarter past the last minute.
            await database.execute(
                "UPDATE lead SET next_at = $1::timestamptz + CASE person.external_ref WHEN 'ANA' THEN interval '0'"
                " ELSE interval '15 s' END,"
                " state = CASE person.external_ref WHEN 'ANA' THEN 'callable' ELSE 'resting' END"
                " FROM person WHERE person.id = person_id",
                LAST,
            )
        finally:
            await database.close()
        await super().start_product()

    def _child(self, part: str) -> Child:
        if part != "dialer":
            return super()._child(part)
        command = [sys.executable, "-m", "lab.standing_clock", str(self.clock), "serve", "--part", part]
        return Child(command, log=self.folder / f"{part}.log", environment=self.environment, grace_s=10)


async def _attempts(at_work: Shift) -> list[tuple[str, datetime]]:
    rows = await at_work.database.fetch(
        "SELECT external_ref, planned_at FROM attempt JOIN person ON person.id = person_id"
    )
    return [(row["external_ref"], row["planned_at"]) for row in rows]


async def test_the_last_minute_of_a_saturday_in_bogota(tmp_path: Path) -> None:
    """1. At 14:59:00 Ana is dialled and her telephone rings; 2. at 14:59:30 a ring of 60 s would end after the hours:
    Blas is not dialled, though an agent waits and his turn has come; 3. `dialer explain` tells why, and until when."""
    leads = tmp_path / "leads.csv"
    people = (("ANA", "+573005550140"), ("BLAS", "+573005550141"))
    leads.write_text(HEADER + "".join(f"{ref},{ref},{number},D-{ref},{DEBT}\n" for ref, number in people))
    stack = StandingStack()
    running = shift(
        stack=stack,
        leads=leads,
        robots=2,
        pace=Pace(talk_s=3600),
        mode=DialMode.PROGRESSIVE,
        rule_set="CO",
        ring_timeout_s=60,
    )
    async with running as at_work:
        await at_work.until_states(90, ready=2)
        await at_work.start()
        await at_work.until("SELECT count(*) = 1 FROM attempt WHERE state = 'ringing'", within_s=90)
        assert await _attempts(at_work) == [("ANA", LAST)]

        blas = await at_work.database.fetchval(
            "SELECT lead.id FROM lead JOIN person ON person.id = person_id WHERE external_ref = 'BLAS'"
        )
        set_clock(stack.clock, TOO_LATE)
        monday = datetime.fromisoformat("2026-11-23T07:00:00-05:00")
        await at_work.until("SELECT next_at = $2 FROM lead WHERE id = $1", blas, monday, within_s=90)
        assert await _attempts(at_work) == [("ANA", LAST)]
        await at_work.until("SELECT state = 'ringing' FROM attempt", within_s=1)

        told = await dialer(
            "explain",
            "lead",
            str(blas),
            "--at",
            TOO_LATE.isoformat(),
            "--json",
            database_dsn=stack.postgres.dsn,
        )
        answer = json.loads(told.out)
        assert (answer["callable"], answer["rule"], answer["norm"]) == (
            False,
            "hours",
            "Ley 2300 de 2023 art. 3",
        )
        assert answer["source"] == ["S02", "S03", "S04"]
        assert datetime.fromisoformat(answer["clears_at"]) == monday
