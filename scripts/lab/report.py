"""What a shift came to, by our own tables and by the telco's books, and whether the two agree.

The telco's call detail records are made by another Asterisk that knows nothing of ours but the number and the header
with the attempt's id: they are the witness, our tables are the accused.
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
import numpy as np

from lab.asterisk import TelcoCall

#: What our table must say of a call that the telco refused with this status.
OUTCOME_OF_STATUS = {
    404: "invalid_number",
    480: "no_answer",
    486: "busy",
    503: "congestion",
    603: "rejected",
    607: "rejected",
}
#: An answered call is one of these, and where a screener listened no person's perhaps.
ANSWERED = frozenset({"connected", "abandoned", "customer_hung_up", "cancelled"})
SCREENED = frozenset({"machine", "fax", "invalid_number", "no_answer"})
#: A call that the telco saw cancelled before an answer.
UNANSWERED = frozenset({"no_answer", "cancelled"})
#: An attempt that need not have reached the telco at all.
NEVER_SENT = frozenset({"cancelled", "failed", "congestion", "unknown"})
#: True once ingest has caught up with every recording that was begun.
EVERYTHING_RECORDED = (
    "SELECT NOT EXISTS (SELECT 1 FROM call_event WHERE type = 'RecordingBegan'"
    " AND NOT EXISTS (SELECT 1 FROM recording WHERE recording.attempt_id = call_event.attempt_id))"
)

#: Customers who were told that they are recorded, stayed for a second at least, and were not.
UNRECORDED = (
    "SELECT count(*) FROM attempt WHERE ended_at - notice_at > interval '1 second'"
    " AND NOT EXISTS (SELECT 1 FROM recording WHERE attempt_id = attempt.id)"
)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One attempt on which the two books differ."""

    attempt_id: str
    ours: str | None
    telco: str


def compare(
    attempts: Sequence[asyncpg.Record], calls: Iterable[TelcoCall]
) -> tuple[list[Mismatch], list[str]]:
    """(outcomes that differ, attempts that the telco saw more than once) of `read_attempts` and the telco's book."""
    seen: dict[str, list[TelcoCall]] = {}
    for call in calls:
        seen.setdefault(call.attempt, []).append(call)
    ours = {row["id"]: row for row in attempts}
    mismatches = [
        Mismatch(attempt, None, f"{len(found)} calls to {found[0].dialled[-2:]} that we have no attempt for")
        for attempt, found in seen.items()
        if attempt not in ours
    ]
    for attempt, row in ours.items():
        found = seen.get(attempt)
        if found is None:
            if row["outcome"] not in NEVER_SENT:
                mismatches.append(Mismatch(attempt, row["outcome"], "never seen"))
        elif (told := _contradiction(row, found[0])) is not None:
            mismatches.append(Mismatch(attempt, row["outcome"], told))
    return mismatches, [attempt for attempt, found in seen.items() if attempt and len(found) > 1]


def _contradiction(row: asyncpg.Record, call: TelcoCall) -> str | None:
    """What the telco says, when our outcome can't be true beside it."""
    if call.dialled.lstrip("+") != row["number"].lstrip("+"):
        return "another number"
    if call.answered_at is not None:
        allowed = possible(row)
        told = "answered"
    elif call.sip_status in OUTCOME_OF_STATUS:
        allowed = frozenset({OUTCOME_OF_STATUS[call.sip_status]})
        told = f"refused with {call.sip_status}"
    else:
        allowed = UNANSWERED
        told = "rang, not answered"
    return None if row["outcome"] in allowed else told


def possible(row: asyncpg.Record) -> frozenset[str]:
    """What may have become of this answered attempt."""
    return ANSWERED | SCREENED if row["label"] not in (None, "HUMAN") else ANSWERED


async def read_attempts(connection: asyncpg.Connection) -> list[asyncpg.Record]:
    """All attempts, as they are compared with the telco's calls."""
    return await connection.fetch(
        "SELECT id, number, outcome, answered_at, connected_at, ended_at, connect_ms, notice_at,"
        " coalesce(corrected_label, label) AS label"
        " FROM attempt LEFT JOIN screening_verdict ON attempt_id = attempt.id"
    )


async def report(connection: asyncpg.Connection, calls: Sequence[TelcoCall] | None) -> dict[str, Any]:
    """The report of everything in the database. `calls` None: there was no telco of ours to ask."""
    attempts = await read_attempts(connection)
    outcomes = Counter(row["outcome"] or "open" for row in attempts)
    answered = [row for row in attempts if row["answered_at"] is not None]
    live = [row for row in answered if row["outcome"] not in SCREENED]
    connect_ms = [row["connect_ms"] for row in attempts if row["connect_ms"] is not None]
    connected, abandoned = outcomes["connected"], outcomes["abandoned"]
    recordings = await connection.fetchval("SELECT count(*) FROM recording")
    originates = await connection.fetchval(
        "SELECT count(*) FROM call_event WHERE type = 'AttemptMoved' AND data->>'state' = 'originating'"
    )
    mismatches, duplicates = compare(attempts, calls) if calls is not None else ([], [])
    invariants = {
        "no_number_dialled_twice_for_one_attempt": not duplicates,
        "outcomes_agree_with_the_telco": not mismatches,
        "every_attempt_ended": not outcomes["open"],
        "every_answer_accounted_for": all(row["outcome"] in possible(row) for row in answered),
        "every_abandonment_in_the_ledger": abandoned
        == await connection.fetchval("SELECT count(*) FROM abandonment"),
        "every_recording_begun_is_kept": await connection.fetchval(EVERYTHING_RECORDED),
        "every_informed_customer_recorded": not await connection.fetchval(UNRECORDED),
        "no_agent_in_two_calls": await _nobody_twice(connection),
        "every_lead_in_one_state": await _leads_conserved(connection),
        "no_attempt_without_a_verdict": not await connection.fetchval(
            "SELECT count(*) FROM attempt WHERE verdict->>'rule_set' IS NULL"
        ),
    }
    return {
        "originates": originates,
        "attempts": len(attempts),
        "outcomes": dict(sorted(outcomes.items())),
        "answers": len(answered),
        "live_answers": len(live),
        "connected": connected,
        "abandoned": abandoned,
        "abandonment_rate": round(abandoned / len(live), 4) if live else None,
        "answer_to_bridge_ms": quantiles(connect_ms),
        "agent_occupancy": await _occupancy(connection),
        "recordings": recordings,
        "telco": {
            "calls": None if calls is None else len(calls),
            "mismatches": len(mismatches),
            "duplicates": len(duplicates),
            "examples": [f"{m.attempt_id}: we say {m.ours}, the telco {m.telco}" for m in mismatches[:10]],
        },
        "invariants": invariants,
    }


def quantiles(values: Sequence[float]) -> dict[str, float | None]:
    """p50, p95 and p99, rounded to a hundredth; None without values."""
    if not values:
        return {"p50": None, "p95": None, "p99": None}
    found = np.percentile(np.asarray(values), [50, 95, 99])
    return {name: round(float(value), 2) for name, value in zip(("p50", "p95", "p99"), found, strict=True)}


async def _agent_moves(connection: asyncpg.Connection) -> list[asyncpg.Record]:
    return await connection.fetch(
        "SELECT at, (data->>'agent_id')::bigint AS agent, data->>'state' AS state FROM call_event"
        " WHERE type = 'AgentMoved' ORDER BY agent, shard_id, seq"
    )


async def _occupancy(connection: asyncpg.Connection) -> float | None:
    """(talk + wrap-up) / (talk + wrap-up + ready), over all agents' time from their first READY on."""
    busy = ready = 0.0
    previous: tuple[int, str, datetime] | None = None
    for row in await _agent_moves(connection):
        if previous is not None and previous[0] == row["agent"]:
            spent = (row["at"] - previous[2]).total_seconds()
            if previous[1] in ("on_call", "wrap_up"):
                busy += spent
            elif previous[1] in ("ready", "reserved", "previewing"):
                ready += spent
        previous = (row["agent"], row["state"], row["at"])
    return round(busy / (busy + ready), 4) if busy + ready else None


async def _nobody_twice(connection: asyncpg.Connection) -> bool:
    """No two conversations of one agent overlap, by the bridges the switch told us of."""
    rows = await connection.fetch(
        "SELECT agent_id, connected_at, ended_at FROM attempt WHERE connected_at IS NOT NULL"
        " AND ended_at IS NOT NULL ORDER BY agent_id, connected_at"
    )
    pairs = itertools.pairwise(rows)
    return all(a["agent_id"] != b["agent_id"] or a["ended_at"] <= b["connected_at"] for a, b in pairs)


async def _leads_conserved(connection: asyncpg.Connection) -> bool:
    """No lead hangs in an attempt that is over, unless an agent still wraps it up."""
    stuck = await connection.fetchval(
        "SELECT count(*) FROM lead WHERE state = 'in_attempt' AND NOT EXISTS"
        " (SELECT 1 FROM attempt LEFT JOIN agent_session ON agent_session.attempt_id = attempt.id"
        "  WHERE attempt.lead_id = lead.id"
        "  AND (attempt.ended_at IS NULL OR agent_session.attempt_id IS NOT NULL))"
    )
    return not stuck
