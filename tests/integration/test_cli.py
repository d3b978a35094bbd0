"""The command line on a real database, switch and broker: what it prints, what it does, how it exits."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from unittest.mock import patch
from urllib.request import urlopen

import asyncpg
import pytest
import structlog

from dialer.api.passwords import check_password
from dialer.cli import main
from dialer.domain import facts as f
from dialer.domain.call import CallState
from dialer.domain.campaign import CampaignState, DialMode
from dialer.domain.outcomes import LeadState, NextStep, Outcome
from dialer.domain.values import Attempt, AttemptId, HungUpBy, Verdict, mint_ulid
from dialer.store.database import revisions
from dialer.store.event_log import PostgresShardStore
from lab.asterisk import Database, Switch, Trunk
from lab.asterisk_root import asterisk_root
from lab.broker import find_broker
from lab.child import free_tcp_port
from tests.integration.portfolio import Portfolio, add_agent, make_portfolio

pytestmark = pytest.mark.integration

LEASE = timedelta(seconds=30)
DONE, REFUSED, USAGE, UNREACHABLE = 0, 1, 2, 3


@dataclass
class Result:
    code: int
    out: str
    err: str

    @property
    def data(self) -> object:
        assert self.code in (DONE, REFUSED), self.err
        return json.loads(self.out)


def environment(**settings: object) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CADENCIA_")}
    return kept | {f"CADENCIA_{name.upper()}": str(value) for name, value in settings.items()}


async def dialer(*arguments: str | Path, stdin: str = "", **settings: object) -> Result:
    """Run the command with these settings and no others, in a thread (a process of its own takes a second)."""
    return await asyncio.to_thread(_run, list(map(str, arguments)), stdin, environment(**settings))


def _run(arguments: list[str], stdin: str, variables: dict[str, str]) -> Result:
    out, err = StringIO(), StringIO()
    with (
        patch.dict(os.environ, variables, clear=True),
        patch.object(sys, "stdin", StringIO(stdin)),
        redirect_stdout(out),
        redirect_stderr(err),
        pytest.raises(SystemExit) as caught,
    ):
        main(arguments)
    structlog.reset_defaults()
    code = caught.value.code
    assert isinstance(code, int)
    return Result(code, out.getvalue(), err.getvalue())


@pytest.fixture
async def portfolio(pool: asyncpg.Pool) -> Portfolio:
    return await make_portfolio(pool, leads=3)


# --- database, users, campaigns, trunks ---------------------------------------------------------------------


async def test_an_empty_database_is_upgraded_once(server_dsn: str) -> None:
    from tests.integration.conftest import in_database, run_sql

    await run_sql(server_dsn, "CREATE DATABASE cli_empty")
    dsn = in_database(server_dsn, "cli_empty")
    try:
        before = await dialer("campaign", "list", database_dsn=dsn)
        assert (before.code, "dialer db upgrade" in before.err) == (REFUSED, True)
        _, newest = await revisions(dsn)
        first = await dialer("db", "upgrade", "--json", database_dsn=dsn)
        assert first.data == {"before": None, "after": newest, "changed": True}
        again = await dialer("db", "upgrade", database_dsn=dsn)
        assert (again.code, again.out) == (DONE, f"the tables are at {newest} already\n")
    finally:
        await run_sql(server_dsn, "DROP DATABASE cli_empty WITH (FORCE)")


async def test_a_user_gets_a_password_that_is_shown_once(dsn: str, pool: asyncpg.Pool) -> None:
    added = await dialer(
        *("user", "add", "ana", "--role", "agent", "--name", "Ana", "--group", "Norte", "--json"),
        database_dsn=dsn,
    )
    assert isinstance(added.data, dict)
    row = await pool.fetchrow("SELECT * FROM app_user WHERE login = 'ana'")
    assert row["id"] == added.data["id"]
    assert check_password(added.data["password"], row["password_hash"])
    assert (row["role"], row["display_name"]) == ("agent", "Ana")

    piped = await dialer(
        *("user", "add", "eva", "--role", "supervisor", "--password-stdin"),
        stdin="correct horse battery\n",
        database_dsn=dsn,
    )
    assert (piped.code, piped.out) == (DONE, "user eva (supervisor) added\n")
    kept = await pool.fetchval("SELECT password_hash FROM app_user WHERE login = 'eva'")
    assert check_password("correct horse battery", kept)

    for arguments, stdin, said in (
        (("ana", "--role", "qa"), "", "taken"),
        (("leo", "--role", "agent"), "", "--group"),
        (("leo", "--role", "qa", "--password-stdin"), "short\n", "8 to 256"),
    ):
        refused = await dialer("user", "add", *arguments, stdin=stdin, database_dsn=dsn)
        assert (refused.code, refused.out) == (REFUSED, "")
        assert said in refused.err
        assert refused.err.count("\n") == 1
    wrong = await dialer("user", "add", "leo", "--role", "boss", database_dsn=dsn)
    assert wrong.code == USAGE


async def test_a_campaign_is_made_and_listed(dsn: str) -> None:
    made = await dialer(
        *("campaign", "create", "Mora 60", "--group", "Sur", "--mode", "power", "--rule-set", "laboratory"),
        database_dsn=dsn,
    )
    assert made.code == DONE, made.err
    listed = await dialer("campaign", "list", "--json", database_dsn=dsn)
    assert isinstance(listed.data, list)
    (row,) = listed.data
    assert (row["name"], row["state"], row["mode"], row["agent_group"]) == (
        "Mora 60",
        "draft",
        "power",
        "Sur",
    )
    assert "Mora 60" in (await dialer("campaign", "list", database_dsn=dsn)).out
    for arguments, said in (
        (("create", "Mora 60", "--group", "Sur"), "exists"),
        (("create", "Otra", "--group", "Sur", "--rule-set", "none"), "laboratory"),
        (("create", "Otra", "--group", "Sur", "--language", "fr"), "es, en, pt"),
        (("status", "Mora 90"), "there are: Mora 60"),
    ):
        refused = await dialer("campaign", *arguments, database_dsn=dsn)
        assert (refused.code, said in refused.err) == (REFUSED, True), refused.err


async def test_a_trunk_is_set_and_changed(dsn: str) -> None:
    for channels in (10, 20):
        result = await dialer(
            *("trunk", "set", "carrier-a", "--caller-id", "+18095550100", "--calls-per-second", "5"),
            *("--channels", str(channels), *(["--early-media"] if channels == 20 else [])),
            database_dsn=dsn,
        )
        assert result.code == DONE, result.err
    listed = await dialer("trunk", "list", "--json", database_dsn=dsn)
    assert isinstance(listed.data, list)
    assert [(row["name"], row["channels"], row["early_media"]) for row in listed.data] == [
        ("carrier-a", 20, True)
    ]
    bad = await dialer(
        *(
            "trunk",
            "set",
            "carrier-b",
            "--caller-id",
            "5550100",
            "--calls-per-second",
            "5",
            "--channels",
            "1",
        ),
        database_dsn=dsn,
    )
    assert (bad.code, "E.164" in bad.err) == (REFUSED, True)


async def test_a_trunk_is_added_once_changed_in_part_and_taken_out_and_back(
    dsn: str, pool: asyncpg.Pool
) -> None:
    async def trunk(*arguments: str) -> Result:
        return await dialer("trunk", *arguments, database_dsn=dsn)

    missing = await trunk("add", "carrier-a", "--channels", "10")
    assert (missing.code, "needs --caller-id, --calls-per-second" in missing.err) == (REFUSED, True), (
        missing.err
    )
    new = ("--caller-id", "+18095550100", "--calls-per-second", "5", "--channels", "10")
    for name in ("carrier-a", "carrier-b"):
        assert (await trunk("add", name, *new)).code == DONE
    again = await trunk("add", "carrier-a", *new)
    assert (again.code, "trunk set" in again.err) == (REFUSED, True)
    assert (await trunk("set", "carrier-b", "--channels", "20")).code == DONE
    await pool.execute(
        "UPDATE trunk SET fault = 'SIP 401: refused', faulted_at = now() WHERE name = 'carrier-b'"
    )
    assert (await trunk("disable", "carrier-a")).code == DONE
    listed = await trunk("list")
    assert [line.split() for line in listed.out.splitlines()[1:]] == [
        ["carrier-a", "0", "5", "10", "+18095550100", "no", "-"],
        ["carrier-b", "1", "5", "20", "+18095550100", "no:", "SIP", "401:", "refused", "-"],
    ]
    for name in ("carrier-a", "carrier-b"):
        assert (await trunk("enable", name)).code == DONE
    assert await pool.fetchval("SELECT bool_and(enabled AND fault IS NULL AND faulted_at IS NULL) FROM trunk")
    unknown = await trunk("disable", "carrier-c")
    assert (unknown.code, "trunk list" in unknown.err) == (REFUSED, True)


# --- orders -------------------------------------------------------------------------------------------------


@asynccontextmanager
async def shard(dsn: str, portfolio: Portfolio, error: str | None = None) -> AsyncIterator[None]:
    """The store's side of a running dialer: it settles each order, or refuses it."""
    async with PostgresShardStore(dsn) as store:
        assert await store.acquire(portfolio.group_id, "test", LEASE)
        await store.load()

        async def settle() -> None:
            states = {
                "start_campaign": CampaignState.RUNNING,
                "pause_campaign": CampaignState.PAUSED,
                "stop_campaign": CampaignState.DRAINING,
            }
            async for intent in store.intents():
                at = datetime.now(UTC)
                settled = f.IntentSettled(at=at, intent_id=intent.id, user_id=intent.user_id, error=error)
                campaign_id = intent.data["campaign_id"]
                assert isinstance(campaign_id, int)
                moved = f.CampaignMoved(at=at, campaign_id=campaign_id, state=states[intent.type])
                await store.append([settled] if error else [moved, settled])

        task = asyncio.create_task(settle())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await store.release()


async def test_an_order_is_carried_out_by_the_running_dialer(
    dsn: str, pool: asyncpg.Pool, portfolio: Portfolio
) -> None:
    nobody = await dialer("campaign", "start", "Mora 30", database_dsn=dsn)
    assert (nobody.code, "administrator" in nobody.err) == (REFUSED, True)
    assert await pool.fetchval("SELECT count(*) FROM intent") == 0
    for login, role in (("root", "admin"), ("eva", "supervisor")):
        added = await dialer("user", "add", login, "--role", role, database_dsn=dsn)
        assert added.code == DONE
    async with shard(dsn, portfolio):
        started = await dialer("campaign", "start", "Mora 30", database_dsn=dsn)
        assert (started.code, started.out) == (DONE, "campaign 'Mora 30' is running\n"), started.err
        paused = await dialer("campaign", "pause", "Mora 30", "--as", "eva", "--json", database_dsn=dsn)
        assert paused.data == {"campaign": "Mora 30", "state": "paused"}
    users = await pool.fetch("SELECT login FROM intent JOIN app_user u ON u.id = user_id ORDER BY intent.id")
    assert [row["login"] for row in users] == ["root", "eva"]


async def test_a_refused_order_says_why_and_an_unheard_one_waits(
    dsn: str, pool: asyncpg.Pool, portfolio: Portfolio
) -> None:
    assert (await dialer("user", "add", "root", "--role", "admin", database_dsn=dsn)).code == DONE
    await add_agent(pool, portfolio.group_id, "ana")
    async with shard(dsn, portfolio, error="wrong_state"):
        refused = await dialer("campaign", "stop", "Mora 30", database_dsn=dsn)
        assert (refused.code, "wrong_state" in refused.err) == (REFUSED, True)
    unheard = await dialer("campaign", "start", "Mora 30", database_dsn=dsn)
    assert (unheard.code, "no dialer runs" in unheard.err) == (UNREACHABLE, True)
    assert await pool.fetchval("SELECT count(*) FROM intent WHERE done_at IS NULL") == 1
    for login, said in (("ana", "is agent"), ("leo", "no active user")):
        forbidden = await dialer("campaign", "start", "Mora 30", "--as", login, database_dsn=dsn)
        assert (forbidden.code, said in forbidden.err) == (REFUSED, True)


# --- leads --------------------------------------------------------------------------------------------------

GOOD = "external_ref,full_name,phone1\nC-1,Ana Pérez Mota,+18095550101\nC-2,Luis Gómez Díaz,+18295550102\n"


async def test_leads_are_loaded_or_checked_only(
    dsn: str, pool: asyncpg.Pool, portfolio: Portfolio, tmp_path: Path
) -> None:
    file = tmp_path / "mora.csv"
    file.write_text(GOOD, encoding="utf-8")
    dry = await dialer("leads", "import", file, "--campaign", "Mora 30", "--dry-run", database_dsn=dsn)
    assert dry.code == DONE, dry.err
    assert dry.out.startswith("2 new leads would be in list 'mora.csv'")
    assert await pool.fetchval("SELECT count(*) FROM lead") == 3
    loaded = await dialer("leads", "import", file, "--campaign", "Mora 30", "--json", database_dsn=dsn)
    assert isinstance(loaded.data, dict)
    assert (loaded.data["leads"], loaded.data["bad_rows"], loaded.data["list_name"]) == (2, 0, "mora.csv")
    assert await pool.fetchval("SELECT count(*) FROM lead") == 3 + 2
    twice = await dialer("leads", "import", file, "--campaign", "Mora 30", database_dsn=dsn)
    assert (twice.code, await pool.fetchval("SELECT count(*) FROM lead")) == (REFUSED, 5)


async def test_a_creditors_own_words_are_saved_once(
    dsn: str, pool: asyncpg.Pool, portfolio: Portfolio, tmp_path: Path
) -> None:
    nobody = await dialer("leads", "mapping", "list", database_dsn=dsn)
    assert (nobody.code, "no mappings are saved" in nobody.out) == (DONE, True)
    words = ("--column", "Cliente=external_ref", "--column", "Titular=nombre", "--column", "Celular=phone1")
    wrong = await dialer("leads", "mapping", "save", "Banco", "--column", "Celular=fone", database_dsn=dsn)
    assert (wrong.code, "there is no such column" in wrong.err) == (REFUSED, True)
    saved = await dialer("leads", "mapping", "save", "Banco", *words, "--region", "DO", database_dsn=dsn)
    assert saved.code == DONE, saved.err
    file = tmp_path / "banco.csv"
    file.write_text("Cliente;Titular;Celular\nB-1;Ana Pérez;809-555-0101\n", encoding="utf-8")
    loaded = await dialer(
        *("leads", "import", file, "--campaign", "Mora 30", "--mapping", "Banco"), database_dsn=dsn
    )
    assert loaded.code == DONE, loaded.err
    assert await pool.fetchval("SELECT number FROM phone ORDER BY id DESC LIMIT 1") == "+18095550101"
    assert (await dialer("leads", "mapping", "delete", "Banco", database_dsn=dsn)).code == DONE
    gone = await dialer(
        *("leads", "import", file, "--campaign", "Mora 30", "--mapping", "Banco"), database_dsn=dsn
    )
    assert (gone.code, "there is no mapping 'Banco'" in gone.err) == (REFUSED, True)


async def test_a_bad_row_stops_the_file_unless_it_is_skipped(
    dsn: str, pool: asyncpg.Pool, portfolio: Portfolio, tmp_path: Path
) -> None:
    file, errors = tmp_path / "mora.csv", tmp_path / "errors.csv"
    file.write_text(GOOD + "C-3,${EVIL},+18095550103\nC-4,Eva Ruiz,12\n", encoding="utf-8")
    options = ("--campaign", "Mora 30")
    for extra in ((), ("--dry-run",)):
        refused = await dialer("leads", "import", file, *options, *extra, database_dsn=dsn)
        assert refused.code == REFUSED
        assert "row 4, column full_name" in refused.err
        assert "row 5, column phone1" in refused.err
        assert "--skip-bad" in refused.err
    assert await pool.fetchval("SELECT count(*) FROM lead") == 3
    skipped = await dialer(
        *("leads", "import", file, *options, "--skip-bad", "--errors", errors), database_dsn=dsn
    )
    assert skipped.code == DONE, skipped.err
    assert skipped.out.startswith("2 new leads in list 'mora.csv'")
    assert "2 bad rows were left out" in skipped.err
    assert len(errors.read_text("utf-8-sig").splitlines()) == 3
    absent = await dialer("leads", "import", tmp_path / "none.csv", *options, database_dsn=dsn)
    assert (absent.code, "can't be read" in absent.err) == (REFUSED, True)


async def test_plans_and_segments_are_set_in_plain_words(
    dsn: str, pool: asyncpg.Pool, portfolio: Portfolio
) -> None:
    usual = await dialer("campaign", "plan", "Mora 30", database_dsn=dsn)
    assert (usual.code, "no quota by day" in usual.out) == (DONE, True), usual.err
    six = ("--tries", "6", "--days", "5", "--rule", "no_answer=3h:2")
    plan = await dialer("campaign", "plan", "Mora 30", *six, database_dsn=dsn)
    assert plan.code == DONE, plan.err
    assert "6 tries over 5 days, at most 2 a day; 2 in the morning, 2 in the afternoon" in plan.out
    assert "no_answer *" in plan.out
    wrong = await dialer("campaign", "plan", "Mora 30", "--parts", "1,1,1", database_dsn=dsn)
    assert (wrong.code, "hold 3 tries, fewer than the 6" in wrong.err) == (REFUSED, True)
    reset = await dialer("campaign", "plan", "Mora 30", "--reset", "--json", database_dsn=dsn)
    assert reset.data == {"rules": {}, "max_attempts": 10}
    assert (await dialer("segment", "presets", "--save", database_dsn=dsn)).code == DONE
    counted = await dialer("segment", "preview", "--where", "tries <= 0", "--json", database_dsn=dsn)
    assert isinstance(counted.data, dict)
    assert (counted.data["leads"], counted.data["of"]) == (3, 3)
    bad = await dialer("segment", "preview", "--where", "balance; DROP TABLE lead >= 1", database_dsn=dsn)
    assert (bad.code, "is not FIELD >= VALUE" in bad.err) == (REFUSED, True)
    run = await dialer("segment", "run", database_dsn=dsn)
    assert (run.code, "3 leads judged, 0 moved" in run.out) == (DONE, True), run.err
    order = await dialer("order", "refresh", "--campaign", "Mora 30", database_dsn=dsn)
    assert (order.code, order.out.startswith("3 leads of 'Mora 30' judged")) == (DONE, True), order.err


# --- the story of a call ------------------------------------------------------------------------------------


async def tell_a_story(dsn: str, pool: asyncpg.Pool, portfolio: Portfolio) -> AttemptId:
    """A connected call, written as a shard writes it."""
    agent_id = await add_agent(pool, portfolio.group_id, "ana")
    at = datetime.now(UTC)
    async with PostgresShardStore(dsn) as store:
        assert await store.acquire(portfolio.group_id, "test", LEASE)
        await store.load()
        (lead,) = await store.claim(portfolio.campaign_id, 1, LEASE, at)
        attempt = Attempt(
            id=AttemptId(mint_ulid(at, random.Random(1))),
            campaign_id=portfolio.campaign_id,
            lead_id=lead.id,
            person_id=lead.person_id,
            phone_id=lead.next_phone_id,
            n=1,
            mode=DialMode.PREDICTIVE,
            number=lead.phones[0].number,
            trunk="telco",
            caller_id="+18095550100",
            verdict=Verdict("laboratory", "1", ("calling_hours", "do_not_call")),
            planned_at=at,
            ring_timeout_s=25,
            connect_limit_s=2.0,
            language="es",
        )
        assert await store.append([f.AttemptPlanned(at=at, attempt=attempt)]) == {attempt.id}

        def after(seconds: float) -> datetime:
            return at + timedelta(seconds=seconds)

        def moved(seconds: float, state: CallState, **more: object) -> f.AttemptMoved:
            return f.AttemptMoved(
                at=after(seconds), attempt_id=attempt.id, campaign_id=attempt.campaign_id, state=state, **more
            )  # type: ignore[arg-type]

        await store.append(
            [
                moved(0.01, CallState.ORIGINATING),
                moved(1.0, CallState.RINGING),
                moved(4.0, CallState.ANSWERED),
                moved(4.004, CallState.BRIDGED, agent_id=agent_id, connect_ms=4.2),
                f.NoticeGiven(at=after(5), attempt_id=attempt.id, spoken=False),
                f.RecordingBegan(at=after(5.1), attempt_id=attempt.id),
                f.AttemptEnded(
                    at=after(20),
                    attempt_id=attempt.id,
                    campaign_id=attempt.campaign_id,
                    lead_id=lead.id,
                    phone_id=attempt.phone_id,
                    outcome=Outcome.CONNECTED,
                    burnt=True,
                    q850=16,
                    hung_up_by=HungUpBy.CUSTOMER,
                ),
                f.AttemptDisposed(
                    at=after(30),
                    attempt_id=attempt.id,
                    agent_id=agent_id,
                    code="promise",
                    note="call 8095550177",
                ),
                f.LeadMoved(
                    at=after(30),
                    lead_id=lead.id,
                    campaign_id=attempt.campaign_id,
                    step=NextStep(LeadState.FINISHED, reason="promise"),
                ),
            ]
        )
        await store.release()
    return attempt.id


async def test_a_call_is_told_event_by_event_and_without_its_number(
    dsn: str, pool: asyncpg.Pool, portfolio: Portfolio
) -> None:
    attempt_id = await tell_a_story(dsn, pool, portfolio)
    number = await pool.fetchval("SELECT number FROM attempt")
    told = await dialer("call", "show", attempt_id.lower(), database_dsn=dsn)
    assert told.code == DONE, told.err
    steps = [
        *("planned through telco; allowed by rule set laboratory 1 (checked: calling_hours, do_not_call)",),
        *("the switch was told to dial", "it rings", "answered", "in 4.2 ms", "recording notice played"),
        *("recording began", "ended: connected (Q.850 16), hung up by customer", "says: promise"),
        "the lead is finished (promise)",
    ]
    place = told.out.index("AFTER")
    for step in steps:
        place = told.out.find(step, place)
        assert place > 0, step
    assert "+20.000 s" in told.out
    for secret in (number, number[1:], "8095550177"):
        assert secret not in told.out
    assert f"+…{number[-2:]}" in told.out

    as_json = await dialer("call", "show", attempt_id, "--json", database_dsn=dsn)
    assert isinstance(as_json.data, dict)
    assert [event["type"] for event in as_json.data["events"]][-1] == "LeadMoved"
    assert number not in as_json.out
    assert "8095550177" not in as_json.out
    in_full = await dialer("call", "show", attempt_id, "--json", "--show-numbers", database_dsn=dsn)
    assert isinstance(in_full.data, dict)
    assert in_full.data["attempt"]["number"] == number
    assert "8095550177" in in_full.out

    for wrong, said in ((attempt_id[:-1] + "0", "there is no attempt"), ("12", "26 letters")):
        missing = await dialer("call", "show", wrong, database_dsn=dsn)
        assert (missing.code, said in missing.err) == (REFUSED, True)

    status = await dialer("campaign", "status", "Mora 30", "--json", database_dsn=dsn)
    assert isinstance(status.data, dict)
    assert status.data["outcomes"] == {"connected": 1}
    assert status.data["leads"] == {"callable": 2, "finished": 1}
    assert (status.data["live_answers"], status.data["abandoned"], status.data["dialer_up"]) == (1, 0, False)
    assert (
        "0, 0.0% of 1 live answers" in (await dialer("campaign", "status", "Mora 30", database_dsn=dsn)).out
    )


# --- doctor and serve ---------------------------------------------------------------------------------------


@dataclass
class Site:
    """Everything a dialer needs, for `dialer(**settings)`."""

    settings: dict[str, object]
    switch: Switch


@pytest.fixture
async def site(dsn: str, tmp_path: Path) -> AsyncIterator[Site]:
    broker = find_broker()
    assert broker is not None
    nowhere = Database("127.0.0.1", free_tcp_port(), "none", "none", "none")
    async with (
        broker,
        Switch(asterisk_root(), database=nowhere, trunks=[Trunk("telco", "127.0.0.1", 9)]) as switch,
    ):
        (tmp_path / "recordings").mkdir()
        yield Site(
            {
                "database_dsn": dsn,
                "ami_port": switch.ami_port,
                "ami_user": switch.ami_user,
                "ami_secret": switch.ami_secret,
                "ami_recorder_user": switch.recorder_user,
                "ami_recorder_secret": switch.recorder_secret,
                "spool_dir": switch.spool,
                "switch_spool_dir": switch.spool_inside,
                "recordings_dir": tmp_path / "recordings",
                "mqtt_url": f"mqtt://{broker.user}:{broker.password}@{broker.host}:{broker.port}",
            },
            switch,
        )


async def add_trunk(dsn: str, name: str) -> None:
    result = await dialer(
        *("trunk", "set", name, "--caller-id", "+18095550100", "--calls-per-second", "5", "--channels", "9"),
        database_dsn=dsn,
    )
    assert result.code == DONE, result.err


async def examine(settings: dict[str, object]) -> tuple[int, dict[str, list[tuple[str, str, str]]]]:
    result = await dialer("doctor", "--json", **settings)
    assert isinstance(result.data, dict)
    found: dict[str, list[tuple[str, str, str]]] = {}
    for check in result.data["checks"]:
        found.setdefault(check["name"], []).append((check["level"], check["detail"], check["advice"]))
    assert result.data["ok"] == (result.code == DONE)
    return result.code, found


async def test_the_doctor_finds_a_whole_site_well(dsn: str, site: Site) -> None:
    await add_trunk(dsn, "telco")
    code, found = await examine(site.settings)
    assert {level for checks in found.values() for level, _, _ in checks} <= {"ok", "warn"}, found
    assert code == DONE
    assert found["database"][0][1].endswith(f"tables at {(await revisions(dsn))[1]}")
    assert "Asterisk 2" in found["switch"][0][1]
    assert (
        found["recorder"][0][0]
        == found["trunk"][0][0]
        == found["broker"][0][0]
        == found["clock"][0][0]
        == "ok"
    )
    assert "database +" in found["clock"][0][1] or "database -" in found["clock"][0][1]
    assert "switch" in found["clock"][0][1]
    text = await dialer("doctor", **site.settings)
    assert text.code == DONE
    assert text.out.splitlines()[0].startswith("ok   database")
    for secret in ("ami_secret", "ami_recorder_secret"):
        assert str(site.settings[secret]) not in text.out + text.err


async def test_the_doctor_names_each_fault_and_what_to_do(dsn: str, site: Site, tmp_path: Path) -> None:
    await add_trunk(dsn, "carrier-b")
    code, found = await examine(
        site.settings
        | {
            "ami_secret": "wrong",
            "mqtt_url": f"mqtt://127.0.0.1:{free_tcp_port()}",
            "spool_dir": tmp_path / "none",
        }
    )
    assert code == REFUSED
    assert found["switch"][0][0] == "fail"
    assert "CADENCIA_AMI_SECRET" in found["switch"][0][2]
    assert found["trunk"][0][0] == "fail"
    assert "no such endpoint" in found["trunk"][0][1]
    assert found["broker"][0][0] == "warn"
    assert found["spool"][0][0] == "fail"
    assert found["recording"][0][0] in ("ok", "warn")


async def test_the_doctor_without_anything_still_reports(tmp_path: Path) -> None:
    code, found = await examine({})
    assert (code, list(found)) == (REFUSED, ["settings"])
    port = free_tcp_port()
    code, found = await examine(
        {
            "database_dsn": f"postgresql://a:b@127.0.0.1:{port}/c",
            "ami_port": port,
            "ami_secret": "x",
            "ami_recorder_secret": "y",
        }
    )
    assert code == REFUSED
    assert [found[name][0][0] for name in ("database", "switch", "recorder", "trunks")] == [
        *("fail", "fail", "fail", "warn")
    ]
    assert "start Asterisk" in found["switch"][0][2]
    unreachable = await dialer("campaign", "list", database_dsn=f"postgresql://a:b@127.0.0.1:{port}/c")
    assert unreachable.code == UNREACHABLE
    unset = await dialer("campaign", "list")
    assert (unset.code, "CADENCIA_DATABASE_DSN" in unset.err) == (REFUSED, True)


async def test_serve_dials_and_answers_until_told_to_stop(
    dsn: str, pool: asyncpg.Pool, site: Site, portfolio: Portfolio
) -> None:
    await add_trunk(dsn, "telco")
    assert (await dialer("user", "add", "root", "--role", "admin", database_dsn=dsn)).code == DONE
    port = free_tcp_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dialer", "serve"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(**site.settings, api_port=port),
    )
    try:
        async with asyncio.timeout(20):
            while not await pool.fetchval("SELECT bool_or(switch_up) FROM shard"):
                assert process.returncode is None
                await asyncio.sleep(0.1)
            while True:
                try:
                    with await asyncio.to_thread(urlopen, f"http://127.0.0.1:{port}/healthz") as answer:
                        assert answer.status == 200
                    break
                except OSError:
                    await asyncio.sleep(0.1)
        health = ("doctor", "--only", "dialer", "--strict", "--quiet")
        assert (await dialer(*health, **site.settings)).code == DONE
        started = await dialer("campaign", "start", "Mora 30", **site.settings)
        assert (started.code, started.out) == (DONE, "campaign 'Mora 30' is running\n"), started.err
        stopped = await dialer("campaign", "pause", "Mora 30", **site.settings)
        assert stopped.code == DONE, stopped.err
    finally:
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(15):
            out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    lines = [json.loads(line) for line in out.decode().splitlines()]
    assert {"shard_started", "mqtt_connected", "stopping"} <= {line["event"] for line in lines}
    assert "Traceback" not in err.decode()
    assert not await pool.fetchval("SELECT lease_until > now() FROM shard")
    left = await dialer(*health, **site.settings)
    assert (left.code, "nobody dials for it" in left.out) == (REFUSED, True)


async def test_serve_says_in_one_line_what_it_lacks(dsn: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dialer", "serve", "--part", "dialer"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(database_dsn=dsn),
    )
    _, err = await process.communicate()
    assert (process.returncode, err.count(b"\n")) == (REFUSED, 1)
    assert b"CADENCIA_AMI_SECRET" in err
