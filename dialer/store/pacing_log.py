"""What pacing hears of the log: facts read back from their rows, for a shard that starts and for a day played again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import asyncpg
import orjson

from dialer.domain.agent import AgentState
from dialer.domain.call import CallState
from dialer.domain.campaign import DialMode
from dialer.domain.facts import (
    AgentMoved,
    AnyFact,
    AttemptEnded,
    AttemptMoved,
    AttemptPlanned,
    CallAbandoned,
)
from dialer.domain.outcomes import Outcome
from dialer.domain.stored import KeptPacing
from dialer.domain.values import Attempt, AttemptId, PhoneNumber, Verdict
from dialer.store.database import Connection
from dialer.store.queries import SQL

#: The facts that pacing hears.
HEARD = ("AttemptPlanned", "AttemptMoved", "AttemptEnded", "CallAbandoned", "AgentMoved")


async def read_kept_policies(connection: Connection, shard_id: int) -> dict[str, Any]:
    """What the group's policies knew when that was last set down, by their keys (`modes.policy_key`)."""
    row = await connection.fetchrow(SQL["kept_pacing"], shard_id)
    found: dict[str, Any] = orjson.loads(row["policies"]) if row else {}
    return found


async def load_kept(connection: Connection, shard_id: int) -> KeptPacing | None:
    """What the group's pacing knew when it was last set down, and the log since then."""
    row = await connection.fetchrow(SQL["kept_pacing"], shard_id)
    if row is None:
        return None
    events = await connection.fetch(SQL["log_since_pacing"], shard_id, list(HEARD))
    planned = [event["attempt_id"] for event in events if event["type"] == "AttemptPlanned"]
    attempts = {a["id"]: attempt_of(a) for a in await connection.fetch(SQL["attempts_planned"], planned)}
    return KeptPacing(row["kept_at"], orjson.loads(row["policies"]), tuple(facts_of(events, attempts)))


def facts_of(rows: Iterable[asyncpg.Record], attempts: Mapping[str, Attempt]) -> Iterable[AnyFact]:
    """The facts of these rows of the log, in their order; of an attempt's plan when it is one of `attempts`."""
    for row in rows:
        at, attempt_id, data = row["at"], row["attempt_id"], orjson.loads(row["data"])
        match row["type"]:
            case "AttemptPlanned" if attempt_id in attempts:
                yield AttemptPlanned(at=at, attempt=attempts[attempt_id])
            case "AttemptMoved":
                yield AttemptMoved(
                    at=at, attempt_id=attempt_id, **{**data, "state": CallState(data["state"])}
                )
            case "AttemptEnded":
                ended = _only(data, "campaign_id", "lead_id", "phone_id", "burnt")
                yield AttemptEnded(at=at, attempt_id=attempt_id, outcome=Outcome(data["outcome"]), **ended)
            case "CallAbandoned":
                yield CallAbandoned(
                    at=at,
                    attempt_id=attempt_id,
                    campaign_id=data["campaign_id"],
                    answered_at=at,
                    deadline_at=at,
                )
            case "AgentMoved":
                yield AgentMoved(
                    at=at,
                    agent_id=data["agent_id"],
                    state=AgentState(data["state"]),
                    reason=data["reason"],
                    attempt_id=attempt_id,
                )


def _only(data: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: data[name] for name in names}


def attempt_of(row: asyncpg.Record) -> Attempt:
    """A row of the table `attempt`, as it was planned."""
    verdict = orjson.loads(row["verdict"])
    return Attempt(
        id=AttemptId(row["id"]),
        campaign_id=row["campaign_id"],
        lead_id=row["lead_id"],
        person_id=row["person_id"],
        phone_id=row["phone_id"],
        n=row["n"],
        mode=DialMode(row["mode"]),
        number=PhoneNumber(row["number"]),
        trunk=row["trunk"],
        caller_id=row["caller_id"],
        verdict=Verdict(verdict["rule_set"], verdict["version"], tuple(verdict["checked"])),
        planned_at=row["planned_at"],
        ring_timeout_s=row["ring_timeout_s"],
        connect_limit_s=row["connect_limit_s"],
        language=row["language"],
        agent_id=row["agent_id"],
    )
