"""Recordings and persons past their time: found, deleted and written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import asyncpg

from dialer.store.database import Connection

AT_ONCE = 200

_OLD_RECORDINGS = """
    SELECT recording.id, recording.attempt_id, recording.path, recording.sha256, recording.started_at,
           EXISTS (
               SELECT FROM dispute
               WHERE dispute.person_id = attempt.person_id AND dispute.state = 'open'
                 AND (dispute.debt_id IS NULL OR dispute.debt_id = lead.debt_id)
           ) AS held
    FROM recording
    JOIN attempt ON attempt.id = recording.attempt_id
    JOIN lead ON lead.id = attempt.lead_id
    LEFT JOIN debt ON debt.id = lead.debt_id
    WHERE attempt.campaign_id = $1 AND recording.started_at < $2 AND recording.id > $3
      AND CASE WHEN $4::text IS NULL THEN debt.creditor IS NULL OR debt.creditor <> ALL ($5::text[])
               ELSE debt.creditor = $4 END
    ORDER BY recording.id
    LIMIT $6
"""
# Whose every campaign lets him be forgotten, who owes nothing and answers for nothing, and of whom nothing was heard
# for as long as the longest of them asks, or the contract with a creditor of his. Who is nobody's lead is kept for $6
# (null: for ever). Held: a dispute is open.
_OLD_PERSONS = """
    WITH keep AS (SELECT * FROM unnest($1::bigint[], $2::interval[]) AS given (campaign_id, span)),
    contract AS (SELECT * FROM unnest($7::text[], $8::interval[]) AS given (creditor, span)),
    known AS (
        SELECT person.id,
               coalesce(max(keep.span), $6) AS span,
               count(lead.id) AS leads,
               min(person.created_at) AS created_at
        FROM person
        LEFT JOIN lead ON lead.person_id = person.id
        LEFT JOIN keep ON keep.campaign_id = lead.campaign_id
        WHERE person.erased_at IS NULL AND person.id > $4
          AND person.created_at < $3::timestamptz - least($6, (SELECT min(span) FROM keep))
        GROUP BY person.id
        HAVING count(lead.id) = count(keep.span)
           AND coalesce(bool_and(lead.state NOT IN ('claimed', 'in_attempt')), true)
    )
    SELECT known.id, known.leads, EXISTS (SELECT FROM dispute WHERE person_id = known.id AND state = 'open') AS held
    FROM known
    WHERE greatest(
              known.created_at,
              (SELECT max(at) FROM contact_ledger WHERE person_id = known.id),
              (SELECT max(planned_at) FROM attempt WHERE person_id = known.id),
              (SELECT max(greatest(closed_at, updated_at)) FROM debt WHERE person_id = known.id),
              (SELECT max(paid_at) FROM payment WHERE person_id = known.id),
              (SELECT max(created_at) FROM promise WHERE person_id = known.id),
              (SELECT max(resolved_at) FROM dispute WHERE person_id = known.id),
              (SELECT max(created_at) FROM note WHERE person_id = known.id),
              (SELECT max(created_at) FROM document WHERE person_id = known.id),
              (SELECT max(given_at) FROM consent WHERE person_id = known.id)
          ) < $3::timestamptz - greatest(
              known.span,
              (SELECT max(span) FROM contract JOIN debt USING (creditor) WHERE debt.person_id = known.id),
              (
                  SELECT max(span)
                  FROM contract
                  JOIN debt USING (creditor)
                  JOIN debt_party ON debt_party.debt_id = debt.id
                  WHERE debt_party.person_id = known.id
              )
          )
      AND NOT EXISTS (SELECT FROM debt WHERE person_id = known.id AND status = 'open' AND balance_minor > 0)
      AND NOT EXISTS (SELECT FROM promise WHERE person_id = known.id AND state = 'open')
      AND NOT EXISTS (
          SELECT FROM debt_party JOIN debt ON debt.id = debt_party.debt_id
          WHERE debt_party.person_id = known.id AND debt.status = 'open' AND debt.balance_minor > 0
      )
    ORDER BY known.id
    LIMIT $5
"""
#: What tells who somebody was; +999 is a country code of no country (ITU-T E.164). A request not to be called stays:
#: it is kept for his sake. The contact ledger stays: its rows name a person by a number of ours alone.
_ERASE = (
    # A greeting's number has the opaque name of `dialer.screening.process.origin`.
    "DELETE FROM greeting USING phone WHERE person_id = ANY ($1)"
    " AND greeting.source = left(encode(sha256(convert_to(phone.number, 'UTF8')), 'hex'), 16)",
    "DELETE FROM recording USING attempt WHERE attempt.id = recording.attempt_id AND attempt.person_id = ANY ($1)",
    "DELETE FROM call_event USING attempt WHERE attempt.id = call_event.attempt_id AND attempt.person_id = ANY ($1)",
    "DELETE FROM intent USING attempt WHERE attempt.id = intent.data ->> 'attempt_id' AND attempt.person_id = ANY ($1)",
    "UPDATE attempt SET note = NULL, number = '+999' || lpad(phone_id::text, 11, '0') WHERE person_id = ANY ($1)",
    "UPDATE phone SET number = '+999' || lpad(id::text, 11, '0'), status = 'invalid', place = NULL"
    " WHERE person_id = ANY ($1)",
    *(
        f"DELETE FROM {table} WHERE person_id = ANY ($1)"  # noqa: S608 (names from here)
        for table in ("address", "preference", "consent", "note", "document", "debt_party")
    ),
    "UPDATE dispute SET note = NULL, resolution = NULL WHERE person_id = ANY ($1)",
    "UPDATE payment SET external_ref = 'erased-' || id WHERE person_id = ANY ($1)",
    "UPDATE debt SET external_ref = 'erased-' || id, account = NULL WHERE person_id = ANY ($1)",
    "UPDATE lead SET state = 'finished', state_reason = 'erased', claimed_from = NULL WHERE person_id = ANY ($1)",
    "UPDATE person SET external_ref = 'erased-' || id, full_name = 'erased', time_zone = NULL, country = NULL,"
    " subdivision = NULL, customer_since = NULL, risk_score = NULL, erased_at = $2 WHERE id = ANY ($1)",
)


async def find_old_recordings(
    connection: Connection,
    campaign_id: int,
    before: datetime,
    *,
    after_id: int,
    creditor: str | None,
    other_creditors: Sequence[str],
) -> list[asyncpg.Record]:
    """id, attempt_id, path, sha256, started_at, held; of one creditor's debts, or of all but `other_creditors`'."""
    return list(
        await connection.fetch(
            _OLD_RECORDINGS, campaign_id, before, after_id, creditor, list(other_creditors), AT_ONCE
        )
    )


async def forget_recording(
    connection: Connection, row: asyncpg.Record, at: datetime, *, by: Mapping[str, str]
) -> None:
    """Its row goes and the log's is written, in one transaction; the file has gone before."""
    async with connection.transaction():
        await connection.execute("DELETE FROM recording WHERE id = $1", row["id"])
        await _log(connection, at, [("recording", row["attempt_id"], f"sha256 {row['sha256']}")], by)


async def find_old_persons(
    connection: Connection,
    spans: Mapping[int, timedelta],
    contracts: Mapping[str, timedelta],
    at: datetime,
    *,
    nobodys: timedelta | None,
    after_id: int,
) -> list[asyncpg.Record]:
    """id, leads (how many he is), held.

    `spans` by campaign: who has a lead in another one is not found. `contracts` by creditor: nobody who owed him is
    found sooner. `nobodys`: how long those are kept who are no lead at all; None: for ever.
    """
    told = (list(spans), list(spans.values()), at, after_id, AT_ONCE, nobodys, list(contracts))
    return list(await connection.fetch(_OLD_PERSONS, *told, list(contracts.values())))


async def find_paths(connection: Connection, person_ids: Sequence[int]) -> list[str]:
    """Where the recordings lie that these people still have."""
    rows = await connection.fetch(
        "SELECT path FROM recording JOIN attempt ON attempt.id = recording.attempt_id WHERE person_id = ANY ($1)",
        list(person_ids),
    )
    return [row["path"] for row in rows]


async def erase_persons(
    connection: Connection, person_ids: Sequence[int], at: datetime, *, by: Mapping[str, str]
) -> None:
    """Nothing that tells who they were is left but what the law keeps: the ledger, and their wish not to be called."""
    async with connection.transaction():
        for statement in _ERASE:
            await connection.execute(statement, list(person_ids), *([at] if "$2" in statement else []))
        await _log(connection, at, [("person", str(id_), "") for id_ in person_ids], by)


async def _log(
    connection: Connection, at: datetime, deleted: Sequence[tuple[str, str, str]], by: Mapping[str, str]
) -> None:
    await connection.executemany(
        "INSERT INTO deletion (at, kind, reference, detail, rule_set, rule) VALUES ($1, $2, $3, $4, $5, $6)",
        [(at, kind, reference, detail, by["rule_set"], by["rule"]) for kind, reference, detail in deleted],
    )


async def list_deletions(connection: Connection, limit: int) -> list[asyncpg.Record]:
    """at, kind, reference, detail, rule_set, rule; the newest first."""
    return list(
        await connection.fetch(
            "SELECT at, kind, reference, detail, rule_set, rule FROM deletion ORDER BY id DESC LIMIT $1",
            limit,
        )
    )


async def last_run(connection: Connection) -> datetime | None:
    """When the last time began that retention was carried out to its end."""
    found: datetime | None = await connection.fetchval("SELECT max(started_at) FROM retention_run")
    return found


async def save_run(
    connection: Connection, began: datetime, finished: datetime, *, recordings: int, persons: int, held: int
) -> None:
    await connection.execute(
        "INSERT INTO retention_run (started_at, finished_at, recordings, persons, held) VALUES ($1, $2, $3, $4, $5)",
        *(began, finished, recordings, persons, held),
    )
