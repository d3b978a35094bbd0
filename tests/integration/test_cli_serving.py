"""The doctor and the dialer's own process, on a real database, switch and broker."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import asyncpg
import pytest

from dialer.store.database import revisions
from lab.asterisk import Database, Switch, Trunk
from lab.asterisk_root import asterisk_root
from lab.broker import find_broker
from lab.child import free_tcp_port
from tests.integration.command import DONE, REFUSED, UNREACHABLE, dialer, environment
from tests.integration.portfolio import Portfolio

pytestmark = pytest.mark.integration


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
