"""Segments in the database: conditions compiled to SQL with bound parameters, counts, the nightly run and its moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import asyncpg
import orjson

from dialer.domain.errors import BadInput, Refused
from dialer.domain.segments import (
    Condition,
    Conditions,
    Field,
    Match,
    NumberOrder,
    Test,
    Treatment,
    read_conditions,
)
from dialer.domain.values import PhoneNumber
from dialer.store.database import Connection

#: A live count that takes longer is not worth waiting for.
COUNT_TIMEOUT_S = 5.0
#: Leads judged in one transaction.
JUDGED_AT_ONCE = 2000
MAX_NAME = 80
#: Names the advisory lock of the run that somebody asked for: two at once would only do each other's work.
_LOCK = 0x5E67
#: Leads of these states are never claimed at this moment, nor again.
_OPEN = "lead.state IN ('callable', 'resting', 'callback')"

#: How each field is asked; only these texts, never one from outside, stand in a statement.
_EXPRESSIONS: dict[Field, str] = {
    Field.BALANCE: "debt.balance_minor",
    Field.TOTAL_BALANCE: "(SELECT sum(held.balance_minor) FROM debt AS held WHERE held.person_id = lead.person_id"
    " AND held.status = 'open' AND held.currency = debt.currency)",
    Field.CURRENCY: "debt.currency",
    Field.DAYS_PAST_DUE: "(current_date - debt.due_on)",
    Field.DEBT_AGE_DAYS: "(current_date - debt.opened_on)",
    Field.CUSTOMER_AGE_DAYS: "(current_date - person.customer_since)",
    Field.PRODUCT: "debt.product",
    Field.CREDITOR: "debt.creditor",
    Field.STAGE: "coalesce(debt.stage, CASE WHEN debt.due_on IS NULL THEN NULL WHEN debt.due_on >= current_date"
    " THEN 'preventive' WHEN debt.due_on >= current_date - 30 THEN 'early' ELSE 'late' END)",
    Field.RISK_SCORE: "person.risk_score",
    Field.COUNTRY: "person.country",
    Field.SUBDIVISION: "person.subdivision",
    Field.TRIES: "lead.attempts",
    Field.CONTACTS: "(SELECT count(*) FROM attempt JOIN disposition ON disposition.campaign_id = attempt.campaign_id"
    " AND disposition.code = attempt.disposition AND disposition.right_party WHERE attempt.lead_id = lead.id)",
    Field.LAST_OUTCOME: "(SELECT attempt.outcome FROM attempt WHERE attempt.lead_id = lead.id ORDER BY n DESC LIMIT 1)",
    Field.LAST_RESULT: "(SELECT attempt.disposition FROM attempt WHERE attempt.lead_id = lead.id"
    " ORDER BY n DESC LIMIT 1)",
    Field.DAYS_SINCE_TRY: "(SELECT current_date - attempt.planned_at::date FROM attempt"
    " WHERE attempt.lead_id = lead.id ORDER BY n DESC LIMIT 1)",
    Field.PROMISE: "(SELECT promise.state FROM promise WHERE promise.person_id = lead.person_id"
    " ORDER BY promise.id DESC LIMIT 1)",
    Field.BROKEN_PROMISES: "(SELECT count(*) FROM promise WHERE promise.person_id = lead.person_id"
    " AND promise.state = 'broken')",
    Field.DAYS_SINCE_PAYMENT: "(SELECT current_date - max(payment.paid_at)::date FROM payment"
    " WHERE payment.person_id = lead.person_id AND payment.reversed_at IS NULL)",
    Field.DISPUTED: "EXISTS (SELECT FROM dispute WHERE dispute.person_id = lead.person_id AND dispute.state = 'open')",
    Field.NUMBERS: "(SELECT count(*) FROM phone WHERE phone.person_id = lead.person_id AND phone.status = 'active')",
}
_FROM = "FROM lead JOIN person ON person.id = lead.person_id LEFT JOIN debt ON debt.id = lead.debt_id"


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment as stored. `conditions` None: only files name it, and nobody is moved in or out."""

    id: int
    name: str
    position: int
    active: bool
    conditions: Conditions | None
    treatment: Treatment
    leads: int
    #: Of the settings; goes up with every change.
    version: int


@dataclass(frozen=True, slots=True)
class Counted:
    """How many open leads meet the conditions, of how many, and what they owe by currency (minor units)."""

    leads: int
    of: int
    balances_minor: dict[str, int]


@dataclass(frozen=True, slots=True)
class Move:
    """How many leads went from one segment (None: none) to another in a run."""

    from_name: str | None
    to_name: str | None
    leads: int


@dataclass(frozen=True, slots=True)
class Run:
    """A re-segmentation: how many leads it judged, and who moved. `night`: of which campaign's night it was."""

    id: int
    started_at: datetime
    finished_at: datetime | None
    leads: int
    moved: int
    night: date | None
    campaign: str | None
    moves: tuple[Move, ...]


def compile_conditions(conditions: Conditions, first: int = 1) -> tuple[str, list[object]]:
    """The conditions as an SQL expression over lead, person and debt, with parameters counted from `first`."""
    parameters: list[object] = []
    parts = []
    for condition in conditions.conditions:
        if condition.value is not None:
            value = condition.value
            parameters.append(list(value) if isinstance(value, tuple) else value)
        parts.append(_compile(condition, first + len(parameters) - 1))
    joiner = " AND " if conditions.match is Match.ALL else " OR "
    return f"({joiner.join(parts)})" if parts else "true", parameters


def _compile(condition: Condition, parameter: int) -> str:
    asked = _EXPRESSIONS[condition.field]
    kind = "float8" if isinstance(condition.value, float) else "bigint"
    match condition.test:
        case Test.AT_LEAST:
            return f"({asked} >= ${parameter}::{kind}) IS TRUE"
        case Test.AT_MOST:
            return f"({asked} <= ${parameter}::{kind}) IS TRUE"
        case Test.IS_ONE_OF:
            return f"({asked} = ANY (${parameter}::text[])) IS TRUE"
        case Test.IS_NONE_OF:
            return f"({asked} = ANY (${parameter}::text[])) IS NOT TRUE"
        case Test.IS:
            return f"{asked} = ${parameter}::bool"
        case Test.IS_KNOWN:
            return f"{asked} IS NOT NULL"
        case Test.IS_UNKNOWN:
            return f"{asked} IS NULL"


async def count_leads(
    connection: Connection, conditions: Conditions, campaign_id: int | None = None
) -> Counted:
    """The live count. Raises BadInput when it takes too long."""
    where, parameters = compile_conditions(conditions, first=2)
    of_campaign = f"{_OPEN} AND ($1::bigint IS NULL OR lead.campaign_id = $1)"
    try:
        rows = await connection.fetch(
            f"SELECT debt.currency, count(*) AS leads, coalesce(sum(debt.balance_minor), 0)::bigint AS minor {_FROM}"
            f" WHERE {of_campaign} AND {where} GROUP BY 1 ORDER BY 1",
            campaign_id,
            *parameters,
            timeout=COUNT_TIMEOUT_S,
        )
        every = await connection.fetchval(
            "SELECT count(*) FROM lead WHERE state IN ('callable', 'resting', 'callback')"
            " AND ($1::bigint IS NULL OR campaign_id = $1)",
            campaign_id,
            timeout=COUNT_TIMEOUT_S,
        )
    except TimeoutError:
        raise BadInput(
            f"counting took longer than {COUNT_TIMEOUT_S:.0f} s: narrow it to a campaign"
        ) from None
    return Counted(
        sum(row["leads"] for row in rows),
        every,
        {row["currency"]: row["minor"] for row in rows if row["currency"]},
    )


async def read_segments(connection: Connection) -> list[Segment]:
    """All of them, in the order in which they are tried; those that only files name come last."""
    rows = await connection.fetch(
        "SELECT segment.*, (SELECT count(*) FROM lead WHERE lead.segment_id = segment.id) AS leads FROM segment"
        " ORDER BY conditions IS NULL, position, id"
    )
    return [_segment(row) for row in rows]


async def save_segment(
    connection: Connection,
    name: str,
    conditions: Conditions | None,
    treatment: Treatment,
    *,
    id_: int | None = None,
    position: int | None = None,
    active: bool = True,
) -> int:
    """A new segment (behind the others) or other settings of one; its id. Raises BadInput."""
    name = name.strip()
    if not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise BadInput(f"a segment's name has 1 to {MAX_NAME} printable characters")
    if treatment.priority is not None and not -1000 <= treatment.priority <= 1000:
        raise BadInput("the priority is a whole number from -1000 to 1000")
    if treatment.target_handling_s is not None and not 10 <= treatment.target_handling_s <= 7200:
        raise BadInput("the target handling time is 10 to 7200 seconds")
    if treatment.caller_id is not None:
        try:
            PhoneNumber(treatment.caller_id)
        except ValueError as error:
            raise BadInput(f"caller id {treatment.caller_id!r}: {error}") from None
    values: Sequence[Any] = (
        name,
        None if conditions is None else orjson.dumps(conditions.as_json()).decode(),
        position,
        active,
        treatment.campaign_id,
        treatment.priority,
        treatment.script_id,
        treatment.number_order,
        treatment.caller_id,
        treatment.target_handling_s,
    )
    try:
        if id_ is None:
            found = await connection.fetchval(
                "INSERT INTO segment (name, conditions, position, active, campaign_id, priority, script_id,"
                " number_order, caller_id, target_handling_s) VALUES ($1, $2::jsonb,"
                " coalesce($3, (SELECT coalesce(max(position), 0) + 1 FROM segment)), $4, $5, $6, $7, $8, $9, $10)"
                " RETURNING id",
                *values,
            )
        else:
            found = await connection.fetchval(
                "UPDATE segment SET name = $1, conditions = $2::jsonb, position = coalesce($3, position), active = $4,"
                " campaign_id = $5, priority = $6, script_id = $7, number_order = $8, caller_id = $9,"
                " target_handling_s = $10, version = version + 1 WHERE id = $11 RETURNING id",
                *values,
                id_,
            )
    except asyncpg.UniqueViolationError:
        raise BadInput(f"there is a segment {name!r} already") from None
    except asyncpg.ForeignKeyViolationError:
        raise BadInput("the treatment names a campaign or script that does not exist") from None
    if found is None:
        raise BadInput(f"segment {id_} does not exist")
    return int(found)


async def run_now(connection: Connection, progress: Callable[[int], None] = lambda leads: None) -> Run:
    """`run_segments` for all campaigns, as somebody asks for it. Raises Refused while another such run is at it."""
    if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
        raise Refused(
            "segments_running", "the segments are being run by somebody else: wait until that has ended"
        )
    try:
        return await run_segments(connection, progress)
    finally:
        if not connection.is_closed():  # a connection that is gone has no lock
            await connection.execute("SELECT pg_advisory_unlock($1)", _LOCK)


async def run_segments(
    connection: Connection,
    progress: Callable[[int], None] = lambda leads: None,
    *,
    campaign_id: int | None = None,
    run_id: int | None = None,
) -> Run:
    """Put every open lead (of a campaign) into the first active segment whose conditions it meets; note who moved.

    `run_id`: a run that was begun and is to be finished; else a new one. In small transactions; rows that dialling
    holds are left where they are. Leads in a segment that only files name stay there. The treatment's priority and
    campaign are applied to whom it moves. Safe to interrupt and to repeat.
    """
    rules = [segment for segment in await read_segments(connection) if segment.active and segment.conditions]
    cases, parameters = [], list[object]()
    for segment in rules:
        assert segment.conditions is not None
        where, values = compile_conditions(segment.conditions, first=5 + len(parameters))
        parameters += values
        cases.append(f"WHEN {where} THEN {int(segment.id)}")
    wanted = f"CASE {' '.join(cases)} END::bigint" if cases else "NULL::bigint"
    statement = _RUN.replace("@wanted", wanted).replace("@from", _FROM).replace("@open", _OPEN)
    if run_id is None:
        run_id = await connection.fetchval(
            "INSERT INTO segment_run (campaign_id) VALUES ($1) RETURNING id", campaign_id
        )
    last, leads = 0, 0
    while True:
        async with connection.transaction():
            row = await connection.fetchrow(statement, last, JUDGED_AT_ONCE, run_id, campaign_id, *parameters)
            assert row is not None
            await connection.execute(_SEND, run_id, last, row["last_id"] or last)
        if row["last_id"] is None:
            break
        last = row["last_id"]
        leads += row["seen"]
        progress(leads)
    # Counted from the moves: a run that was interrupted and taken up again has made some before.
    await connection.execute(
        "UPDATE segment_run SET finished_at = now(), leads = $2,"
        " moved = (SELECT count(*) FROM segment_move WHERE run_id = $1) WHERE id = $1",
        run_id,
        leads,
    )
    return (await _runs(connection, [run_id]))[0]


#: $1 the last lead judged before, $2 how many now, $3 the run, $4 its campaign (null: all); the conditions' parameters
#: follow.
_RUN = """
WITH batch AS MATERIALIZED (
    SELECT id FROM lead WHERE id > $1 AND ($4::bigint IS NULL OR campaign_id = $4) ORDER BY id LIMIT $2
), judged AS MATERIALIZED (
    SELECT lead.id, lead.segment_id AS from_id, @wanted AS to_id
    @from
    LEFT JOIN segment AS held ON held.id = lead.segment_id
    WHERE lead.id IN (SELECT id FROM batch)
      AND @open
      AND (held.id IS NULL OR held.conditions IS NOT NULL)
    FOR UPDATE OF lead SKIP LOCKED
), moved AS (
    UPDATE lead
    SET segment_id = judged.to_id, priority = coalesce(segment.priority, lead.priority)
    FROM judged
    LEFT JOIN segment ON segment.id = judged.to_id
    WHERE lead.id = judged.id
      AND (
          judged.from_id IS DISTINCT FROM judged.to_id
          OR lead.priority IS DISTINCT FROM coalesce(segment.priority, lead.priority)
      )
    RETURNING lead.id, judged.from_id, judged.to_id
), noted AS (
    INSERT INTO segment_move (run_id, lead_id, from_id, to_id)
    SELECT $3, id, from_id, to_id FROM moved WHERE from_id IS DISTINCT FROM to_id
    ON CONFLICT (run_id, lead_id) DO UPDATE SET to_id = excluded.to_id
)
SELECT (SELECT max(id) FROM batch) AS last_id,
       (SELECT count(*) FROM judged) AS seen
"""

#: Leads of the run $1, above $2 and up to $3, whose segment is worked in another campaign go there, into its own list,
#: unless their person is there already or a call holds them.
_SEND = """
WITH sent AS MATERIALIZED (
    SELECT lead.id, segment.campaign_id, segment.id AS segment_id, segment.name
    FROM segment_move
    JOIN lead ON lead.id = segment_move.lead_id
    JOIN segment ON segment.id = lead.segment_id
    WHERE segment_move.run_id = $1
      AND lead.id > $2
      AND lead.id <= $3
      AND segment.campaign_id <> lead.campaign_id
      AND lead.state IN ('callable', 'resting')
      AND NOT EXISTS (
          SELECT FROM lead AS other WHERE other.campaign_id = segment.campaign_id AND other.person_id = lead.person_id
      )
), list AS (
    INSERT INTO lead_list (campaign_id, name, content_sha256)
    SELECT DISTINCT campaign_id, name, 'segment ' || segment_id FROM sent
    ON CONFLICT (campaign_id, content_sha256) DO UPDATE SET name = excluded.name
    RETURNING id, campaign_id, content_sha256
)
UPDATE lead
SET campaign_id = sent.campaign_id, list_id = list.id
FROM sent
JOIN list ON list.campaign_id = sent.campaign_id AND list.content_sha256 = 'segment ' || sent.segment_id
WHERE lead.id = sent.id
"""


async def read_runs(connection: Connection, limit: int = 10, *, campaign_id: int | None = None) -> list[Run]:
    """The newest runs (of a campaign's nights), each with who moved from where to where, most first."""
    newest = await connection.fetch(
        "SELECT id FROM segment_run WHERE $2::bigint IS NULL OR campaign_id = $2 ORDER BY id DESC LIMIT $1",
        limit,
        campaign_id,
    )
    return await _runs(connection, [row["id"] for row in newest])


async def _runs(connection: Connection, ids: list[int]) -> list[Run]:
    """These runs, the newest first."""
    rows = await connection.fetch(
        "SELECT segment_run.id, started_at, finished_at, leads, moved, night, campaign.name AS campaign"
        " FROM segment_run LEFT JOIN campaign ON campaign.id = campaign_id"
        " WHERE segment_run.id = ANY ($1::bigint[]) ORDER BY id DESC",
        ids,
    )
    moves = await connection.fetch(
        "SELECT run_id, come.name AS from_name, gone.name AS to_name, count(*) AS leads FROM segment_move"
        " LEFT JOIN segment AS come ON come.id = from_id LEFT JOIN segment AS gone ON gone.id = to_id"
        " WHERE run_id = ANY ($1::bigint[]) GROUP BY 1, 2, 3 ORDER BY 1, 4 DESC, 2, 3",
        ids,
    )
    return [
        Run(
            **dict(row),
            moves=tuple(
                Move(move["from_name"], move["to_name"], move["leads"])
                for move in moves
                if move["run_id"] == row["id"]
            ),
        )
        for row in rows
    ]


def _segment(row: asyncpg.Record) -> Segment:
    return Segment(
        id=row["id"],
        name=row["name"],
        position=row["position"],
        active=row["active"],
        conditions=None if row["conditions"] is None else read_conditions(orjson.loads(row["conditions"])),
        treatment=Treatment(
            campaign_id=row["campaign_id"],
            priority=row["priority"],
            script_id=row["script_id"],
            number_order=NumberOrder(row["number_order"]),
            caller_id=row["caller_id"],
            target_handling_s=row["target_handling_s"],
        ),
        leads=row["leads"],
        version=row["version"],
    )
