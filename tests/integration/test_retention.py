"""What is past its time goes, file and row, and is logged; what must stay stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from api_harness import Office, add_attempt, furnish

from dialer.domain.errors import BadInput
from dialer.domain.values import AttemptId
from dialer.recording.layout import recording_path
from dialer.retention import run_daily, run_retention
from dialer.store.ledger_book import verify
from tests.integration.command import DONE, REFUSED, dialer

pytestmark = pytest.mark.integration

NOW = datetime(2032, 6, 1, 3, 0, tzinfo=UTC)


async def add_recording(pool: asyncpg.Pool, folder: Path, office: Office, n: int, days: int) -> Path:
    """A call of so many days ago, with its file."""
    at = NOW - timedelta(days=days)
    attempt_id = await add_attempt(pool, office, n, at=at, note="he sounded tired")
    name = recording_path(AttemptId(attempt_id), at)
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"sound")
    await pool.execute(
        "INSERT INTO recording (attempt_id, path, duration_ms, bytes, sha256, peaks, started_at)"
        " VALUES ($1, $2, 1000, 5, 'abc', '', $3)",
        attempt_id,
        name,
        at,
    )
    return path


async def test_old_recordings_go_with_their_files(dsn: str, pool: asyncpg.Pool, tmp_path: Path) -> None:
    """1. Of the laboratory nothing is deleted; 2. a dry run tells and deletes nothing; 3. an open dispute keeps them;
    4. answered, those over the policy's 365 days go, the younger stay, the log says which and why; 5. a contract with
    the creditor that wants them gone sooner is obeyed; 6. a day later, and not before, it runs again; 7. a path that is
    none of ours deletes nothing."""
    office = await furnish(pool)
    old, young = [await add_recording(pool, tmp_path, office, n, days) for n, days in ((1, 366), (2, 364))]
    async with pool.acquire() as connection:
        assert (await run_retention(connection, tmp_path, NOW)).recordings == 0
        await pool.execute("UPDATE campaign SET rule_set = 'PE'")
        dry = await run_retention(connection, None, NOW)
        assert (dry.recordings, dry.by_rule) == (1, {"PE retention.recordings_days policy": 1})
        assert old.exists()
        await pool.execute(
            "INSERT INTO dispute (person_id, reason) VALUES ($1, 'not_mine')", office.person_id
        )
        kept = await run_retention(connection, tmp_path, NOW)
        assert (kept.recordings, kept.held, old.exists()) == (0, 1, True)
        await pool.execute("UPDATE dispute SET state = 'rejected', resolved_at = $1", NOW)
        done = await run_retention(connection, tmp_path, NOW)
        assert (done.recordings, old.exists(), young.exists()) == (1, False, True)
        (logged,) = await connection.fetch("SELECT kind, reference, detail, rule_set FROM deletion")
        assert tuple(logged) == ("recording", old.stem, "sha256 abc", "PE")
        await pool.execute(
            "INSERT INTO rule_overlay (creditor, version, set_by, reason, content)"
            " VALUES ('Banco Mirador', 1, 'Ana Paz', 'clause 9', 'format: cadencia-overlay/1\n"
            'title: "Clause 9"\nretention: {contact_ledger_years: 5, recordings_days: 100, conf: agreed}\')'
        )
        assert await run_daily(connection, tmp_path, NOW + timedelta(hours=23)) is None
        contract = await run_daily(connection, tmp_path, NOW + timedelta(hours=25))
        assert contract is not None
        assert (contract.recordings, young.exists()) == (1, False)
        await add_recording(pool, tmp_path, office, 3, 400)
        await pool.execute("UPDATE recording SET path = '../../etc/passwd'")
        with pytest.raises(BadInput, match="no recording's path"):
            await run_retention(connection, tmp_path, NOW)
        assert await pool.fetchval("SELECT count(*) FROM recording") == 1


async def test_a_person_is_forgotten_when_his_time_is_over(
    dsn: str, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    """1. Who owes is not forgotten, however long ago; 2. nor who paid less than five years ago; 3. then nothing tells
    who he was: name, numbers, addresses, notes, events, recordings; 4. the ledger and his wish not to be called stay,
    and the chain holds; 5. it is logged, once."""
    office = await furnish(pool)
    await pool.execute("UPDATE campaign SET rule_set = 'PE'")
    path = await add_recording(pool, tmp_path, office, 1, 1900)
    attempt_id, person = path.stem, office.person_id
    long_ago = NOW - timedelta(days=1900)
    for statement in (
        "INSERT INTO address (person_id, line) VALUES ($1, 'Calle 1')",
        "INSERT INTO note (person_id, body) VALUES ($1, 'lives with his mother')",
        "INSERT INTO do_not_call (person_id, reason, source) VALUES ($1, 'asked', 'debtor')",
        "INSERT INTO contact_ledger (chain, at, person_id, channel, counts, debts, source)"
        " VALUES (0, '2027-01-01Z', $1, 'voice', '{attempt}', '{}', 'reported')",
        "UPDATE debt SET updated_at = '2027-01-01Z' WHERE person_id = $1",
    ):
        await pool.execute(statement, person)
    await pool.execute("UPDATE person SET created_at = $1", long_ago)
    await pool.execute(
        "INSERT INTO call_event (shard_id, seq, attempt_id, type, at, data)"
        " VALUES (1, 1, $1, 'AttemptPlanned', $2, '{}')",
        attempt_id,
        long_ago,
    )

    async def forgotten(now: datetime = NOW) -> int:
        async with pool.acquire() as connection:
            return (await run_retention(connection, tmp_path, now)).persons

    assert await forgotten() == 0, "he owes"
    await pool.execute("UPDATE debt SET status = 'paid', closed_at = $1", NOW - timedelta(days=1829))
    assert await forgotten() == 0, "he paid less than five years ago"
    assert await forgotten(NOW + timedelta(days=2)) == 1
    told = await pool.fetchrow(
        "SELECT full_name, external_ref, time_zone, erased_at FROM person WHERE id = $1", person
    )
    assert (told["full_name"], told["external_ref"], told["time_zone"]) == (
        "erased",
        f"erased-{person}",
        None,
    )
    numbers = await pool.fetch(
        "SELECT number FROM phone WHERE person_id = $1 UNION SELECT number FROM attempt", person
    )
    assert all(row["number"].startswith("+999") for row in numbers)
    counts = {
        table: await pool.fetchval(f"SELECT count(*) FROM {table} WHERE person_id = $1", person)
        for table in ("address", "note", "do_not_call", "contact_ledger")
    }
    assert counts == {"address": 0, "note": 0, "do_not_call": 1, "contact_ledger": 1}
    assert await pool.fetchval("SELECT count(*) FROM call_event") == 0
    assert await pool.fetchval("SELECT count(*) FROM attempt WHERE note IS NOT NULL") == 0
    assert (path.exists(), await pool.fetchval("SELECT count(*) FROM recording")) == (False, 0)
    async with pool.acquire() as connection:
        assert all(check.fault is None for check in await verify(connection))
    assert await forgotten(NOW + timedelta(days=2)) == 0
    assert (
        await pool.fetchval(
            "SELECT count(*) FROM deletion WHERE kind = 'person' AND reference = $1", str(person)
        )
        == 1
    )


async def test_whoever_is_nobodys_lead_is_forgotten_too_and_contracts_keep_longer(
    dsn: str, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    """1. Under the laboratory nobody is; 2. a guarantor of an open debt is not, nor of whom a note was written since;
    3. the debt paid, he is, after the longest that any rule set asks; 4. a contract with the creditor keeps whoever
    owed him, or answered for it, as long as it says; 5. a dry run tells all of this and forgets nobody."""
    office = await furnish(pool)
    long_ago = NOW - timedelta(days=2000)
    guarantor, noted = [
        await pool.fetchval(
            "INSERT INTO person (external_ref, full_name, created_at) VALUES ($1, 'Berta Ruiz', $2) RETURNING id",
            reference,
            long_ago,
        )
        for reference in ("G-1", "G-2")
    ]
    await pool.execute("UPDATE person SET created_at = $1", long_ago)
    await pool.execute(
        "INSERT INTO debt_party (debt_id, person_id, role) SELECT id, $1, 'guarantor' FROM debt", guarantor
    )
    await pool.execute(
        "INSERT INTO note (person_id, body, created_at) VALUES ($1, 'called us', $2)",
        noted,
        NOW - timedelta(days=1000),
    )

    async def forgotten(*, dry: bool = False) -> list[int]:
        async with pool.acquire() as connection:
            report = await run_retention(connection, None if dry else tmp_path, NOW)
        gone = await pool.fetch("SELECT id FROM person WHERE erased_at IS NOT NULL ORDER BY id")
        assert dry or len(gone) == report.persons
        return [report.persons] if dry else [row["id"] for row in gone]

    assert await forgotten() == [], "the laboratory"
    await pool.execute("UPDATE campaign SET rule_set = 'PE'")
    assert await forgotten() == [], "one answers for a debt, of the other something was heard"
    await pool.execute("UPDATE debt SET status = 'paid', closed_at = $1", long_ago)
    await pool.execute(
        "INSERT INTO rule_overlay (creditor, version, set_by, reason, content)"
        " VALUES ('Banco Mirador', 1, 'Ana Paz', 'clause 9', 'format: cadencia-overlay/1\n"
        'title: "Clause 9"\nretention: {contact_ledger_years: 7, conf: agreed}\')'
    )
    assert await forgotten() == [], "the contract asks for seven years"
    await pool.execute("UPDATE rule_overlay SET removed_at = now(), removed_by = 'Ana Paz'")
    assert await forgotten(dry=True) == [2]
    assert await forgotten() == sorted([office.person_id, guarantor])
    logged = await pool.fetch("SELECT reference, rule_set, rule FROM deletion ORDER BY id")
    rule = "retention.contact_ledger_years"
    assert [tuple(row) for row in logged] == [
        (str(office.person_id), "PE", rule),
        (str(guarantor), "all", f"{rule} (no lead)"),
    ]


async def test_by_command(dsn: str, pool: asyncpg.Pool, tmp_path: Path) -> None:
    """1. Without a folder only a dry run; 2. with one it runs, and the log is empty and says so."""
    await furnish(pool)
    refused = await dialer("retention", "run", database_dsn=dsn)
    assert (refused.code, "CADENCIA_RECORDINGS_DIR" in refused.err) == (REFUSED, True)
    dry = await dialer("retention", "run", "--dry-run", "--json", database_dsn=dsn)
    assert dry.data == {"dry_run": True, "recordings": 0, "persons": 0, "held": 0, "by_rule": {}}
    done = await dialer("retention", "run", database_dsn=dsn, recordings_dir=tmp_path)
    assert (done.code, done.out.startswith("0 recordings and 0 persons deleted")) == (DONE, True), done.err
    log = await dialer("retention", "log", database_dsn=dsn)
    assert "nothing was deleted yet" in log.out
