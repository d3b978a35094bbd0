"""What is past its time is deleted: recordings with their files, and what tells who a person was.

Each campaign's rule set, with the contract of the debt's creditor, says how long (`compliance.retention`); who is no
lead of any campaign is kept for the longest that any rule set asks. What an open dispute needs stays. Every deletion is
logged with the rule that asked for it. Files go before their rows, so that a crash in between leaves nothing that
nobody would delete.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import structlog

from dialer.compliance.overlays import rules_of
from dialer.compliance.provisions import Retention
from dialer.compliance.retention import Keep, keep_of, longest_persons
from dialer.domain.campaign import Campaign
from dialer.domain.errors import BadInput
from dialer.recording.layout import is_recording_path
from dialer.store import retention as store
from dialer.store.database import CONNECTION_ERRORS, Connection
from dialer.store.greetings import forget_greetings
from dialer.store.shard_state import read_campaign

log = structlog.get_logger()

#: Once a day, and soon after a day on which nothing ran.
EVERY, LOOK_EVERY_S = timedelta(days=1), 600.0
#: What a number answered with is of use while it is tried again; a campaign's tries lie within weeks.
GREETINGS_KEPT = timedelta(days=90)
#: One process at a time, whichever it is (a number of our own).
_LOCK = 0x0CAD_0005


@dataclass(slots=True)
class RetentionReport:
    """What was, or in a dry run would be, deleted; `held`: recordings and persons that an open dispute keeps."""

    recordings: int = 0
    persons: int = 0
    held: int = 0
    by_rule: dict[str, int] = field(default_factory=dict)

    def count(self, rule: str, many: int = 1) -> None:
        self.by_rule[rule] = self.by_rule.get(rule, 0) + many


async def keep_retention(pool: asyncpg.Pool, recordings: Path) -> None:
    """Carry it out once a day, until cancelled. Several processes may: one of them does."""
    while True:
        try:
            async with pool.acquire() as connection:
                await run_daily(connection, recordings, datetime.now(UTC))
        except (*CONNECTION_ERRORS, asyncpg.PostgresError, OSError, BadInput) as error:
            log.warning("retention_not_run", why=str(error) or type(error).__name__)
        await asyncio.sleep(LOOK_EVERY_S)


async def run_daily(connection: Connection, recordings: Path, now: datetime) -> RetentionReport | None:
    """Carry it out if the last time is a day ago and nobody else is at it; None when it is not due."""
    if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
        return None
    try:
        last = await store.last_run(connection)
        if last is not None and now - last < EVERY:
            return None
        return await run_retention(connection, recordings, now)
    finally:
        await connection.execute("SELECT pg_advisory_unlock($1)", _LOCK)


async def run_retention(connection: Connection, recordings: Path | None, now: datetime) -> RetentionReport:
    """Delete what is past its time at `now`; `recordings` None: only tell what that would be (a dry run)."""
    report = RetentionReport()
    campaigns = [
        await read_campaign(connection, row["id"])
        for row in await connection.fetch("SELECT id FROM campaign ORDER BY id")
    ]
    for campaign in campaigns:
        for creditor, others, keep in _keeps(campaign):
            await _recordings(connection, recordings, now, campaign, creditor, others, keep, report)
    await _persons(connection, recordings, now, campaigns, report)
    if recordings is not None:
        greetings = await forget_greetings(connection, now - GREETINGS_KEPT)
        told = {"recordings": report.recordings, "persons": report.persons, "held": report.held}
        await store.save_run(connection, now, datetime.now(UTC), **told)
        log.info("retention_run", **told, greetings=greetings)
    return report


def _keeps(campaign: Campaign) -> Iterator[tuple[str | None, list[str], Keep]]:
    """What holds for each creditor with a contract of his own, then for the rest."""
    contracts = [overlay.creditor for overlay in campaign.overlays if overlay.creditor is not None]
    for creditor in contracts:
        yield creditor, [], keep_of(rules_of(campaign, creditor=creditor))
    yield None, contracts, keep_of(rules_of(campaign))


async def _recordings(
    connection: Connection,
    folder: Path | None,
    now: datetime,
    campaign: Campaign,
    creditor: str | None,
    others: list[str],
    keep: Keep,
    report: RetentionReport,
) -> None:
    if keep.recordings is None or keep.recordings_by is None:
        return
    by = {"rule_set": campaign.rule_set, "rule": f"retention.recordings_days {_named(keep.recordings_by)}"}
    after_id = 0
    while rows := await store.find_old_recordings(
        connection,
        campaign.id,
        now - keep.recordings,
        after_id=after_id,
        creditor=creditor,
        other_creditors=others,
    ):
        after_id = rows[-1]["id"]
        for row in rows:
            if row["held"]:
                report.held += 1
                continue
            if folder is not None:
                await asyncio.to_thread(_unlink, folder, row["path"])
                await store.forget_recording(connection, row, now, by=by)
            report.recordings += 1
            report.count(f"{campaign.rule_set} {by['rule']}")


async def _persons(
    connection: Connection,
    folder: Path | None,
    now: datetime,
    campaigns: list[Campaign],
    report: RetentionReport,
) -> None:
    spans, contracts = _person_spans(campaigns)
    # Where nothing but the laboratory runs nobody is forgotten.
    nobodys = max([longest_persons(), *spans.values()]) if spans else None
    names = sorted({campaign.rule_set for campaign in campaigns if campaign.id in spans})
    rule = "retention.contact_ledger_years"
    of_leads = {"rule_set": " ".join(names), "rule": rule}
    of_nobody = {"rule_set": "all", "rule": f"{rule} (no lead)"}
    after_id = 0
    while rows := await store.find_old_persons(
        connection, spans, contracts, now, nobodys=nobodys, after_id=after_id
    ):
        after_id = rows[-1]["id"]
        report.held += sum(row["held"] for row in rows)
        for by, nobody in ((of_leads, False), (of_nobody, True)):
            erased = [row["id"] for row in rows if not row["held"] and (row["leads"] == 0) == nobody]
            if not erased:
                continue
            if folder is not None:
                for path in await store.find_paths(connection, erased):
                    await asyncio.to_thread(_unlink, folder, path)
                await store.erase_persons(connection, erased, now, by=by)
            report.persons += len(erased)
            report.count(f"{by['rule_set']} {by['rule']}", len(erased))


def _person_spans(campaigns: list[Campaign]) -> tuple[dict[int, timedelta], dict[str, timedelta]]:
    """How long persons are kept: by campaign, and by creditor where the contract with him asks for longer."""
    spans: dict[int, timedelta] = {}
    contracts: dict[str, timedelta] = {}
    for campaign in campaigns:
        for creditor, _, keep in _keeps(campaign):
            if keep.persons is None:
                continue
            if creditor is None:
                spans[campaign.id] = keep.persons
            else:
                contracts[creditor] = max(keep.persons, contracts.get(creditor, keep.persons))
    return spans, contracts


def _named(rule: Retention) -> str:
    return rule.norm or " ".join(rule.src) or "policy"


def _unlink(folder: Path, path: str) -> None:
    """Raises BadInput on a path that is none of ours: then nothing is deleted."""
    if not is_recording_path(path):
        raise BadInput(f"{path[:200]!r} is no recording's path: look at its row")
    (folder / path).unlink(missing_ok=True)
