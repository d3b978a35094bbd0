"""What `dialer doctor` looks at: each check asks from outside, as the dialer would, and changes nothing."""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from time import time

import asyncpg
from aiomqtt import MqttError

from dialer.asterisk.client import Address, AmiClient, Credentials, LinkDown, LinkState, Timings
from dialer.asterisk.errors import ActionRefused, AmiError, LinkFailed, LoginRefused
from dialer.config import Settings
from dialer.domain.errors import BadInput, DialerError
from dialer.mqtt import Broker
from dialer.store.database import CONNECTION_ERRORS, DatabaseUnreachable, connect, revisions

OLDEST_SWITCH = 20
#: Seconds a clock may differ: more than the first is told, more than the second makes calling hours doubtful.
CLOCK_WARN_S, CLOCK_FAIL_S = 0.5, 2.0
#: Free space of a folder of recordings. An hour of calls of 100 agents is 11 GB (two channels, 16 bit, 8 kHz).
DISK_WARN_BYTES, DISK_FAIL_BYTES = 20 * 10**9, 1 * 10**9
#: What each outside system may take to answer.
ANSWER_S = 5.0
#: Calls of the last minutes tell how a trunk does, whether or not the switch probes it.
RECENT_MINUTES = 30


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report. `advice` is what to do; empty when all is well."""

    name: str
    level: Level
    detail: str
    advice: str = ""


def _ok(name: str, detail: str) -> Check:
    return Check(name, Level.OK, detail)


def _warn(name: str, detail: str, advice: str) -> Check:
    return Check(name, Level.WARN, detail, advice)


def _fail(name: str, detail: str, advice: str) -> Check:
    return Check(name, Level.FAIL, detail, advice)


class Part(StrEnum):
    """What can be looked at on its own."""

    DATABASE = "database"
    SWITCH = "switch"
    TRUNKS = "trunks"
    BROKER = "broker"
    CLOCK = "clock"
    DISK = "disk"
    DIALER = "dialer"


async def examine(parts: Collection[Part]) -> list[Check]:
    """The checks of these parts, in the order in which to mend things. Never raises for what it finds."""
    try:
        settings = Settings.load()
    except BadInput as error:
        return [
            _fail(
                "settings", str(error), "set the variable in the environment or in a file named by ..._FILE"
            )
        ]
    # The other parts need the database's word on trunks, shards and time, so it is asked in any case.
    database = await check_database(settings)
    found = database.checks if Part.DATABASE in parts or database.failed else []
    switch = SwitchAnswer([])
    if not {Part.SWITCH, Part.TRUNKS, Part.CLOCK}.isdisjoint(parts):
        switch = await check_switch(settings, [trunk.name for trunk in database.trunks or ()])
        found += switch.checks
    if Part.TRUNKS in parts:
        found += check_trunks(database.trunks, switch.contacts)
    if Part.BROKER in parts:
        found.append(await check_broker(settings))
    if Part.CLOCK in parts:
        found += check_clocks({"database": database.ahead_s, "switch": switch.ahead_s})
    if Part.DISK in parts:
        found += await asyncio.to_thread(check_disks, settings)
    if Part.DIALER in parts:
        found += check_shards(database.shards)
    return found


# --- database -----------------------------------------------------------------------------------------------

_TRUNKS = """
    SELECT t.name, t.calls_per_second, t.channels, t.fault,
           count(a.id) AS calls,
           count(*) FILTER (WHERE a.outcome IN ('congestion', 'failed')) AS refused
    FROM trunk t
    LEFT JOIN attempt a ON a.trunk = t.name AND a.ended_at > now() - make_interval(mins => $1)
    WHERE t.enabled GROUP BY t.id ORDER BY t.position, t.id
"""
_SHARDS = """
    SELECT g.name, s.owner, coalesce(s.lease_until > now(), false) AS runs, coalesce(s.switch_up, false) AS switch_up
    FROM agent_group g LEFT JOIN shard s ON s.agent_group_id = g.id
    ORDER BY g.name
"""


@dataclass(frozen=True, slots=True)
class TrunkRow:
    """A carrier in service, with its calls of the last RECENT_MINUTES."""

    name: str
    calls_per_second: float
    channels: int
    calls: int
    refused: int
    #: Why the dialer has put it out of service.
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class ShardRow:
    """An agent group, and whether a dialer runs it, with a link to the switch."""

    name: str
    owner: str | None
    runs: bool
    switch_up: bool


@dataclass(slots=True)
class DatabaseAnswer:
    """What the database tells; None where it does not."""

    checks: list[Check]
    trunks: list[TrunkRow] | None = None
    shards: list[ShardRow] | None = None
    #: How far its clock is ahead of ours, s.
    ahead_s: float | None = None

    @property
    def failed(self) -> bool:
        return any(check.level is Level.FAIL for check in self.checks)


async def check_database(settings: Settings) -> DatabaseAnswer:
    """Whether it answers and has this program's tables, and what it knows of the rest."""
    dsn = settings.database_dsn.get_secret_value()
    try:
        connection = await connect(dsn, timeout_s=ANSWER_S)
    except DatabaseUnreachable as error:
        advice = "start PostgreSQL, or correct CADENCIA_DATABASE_DSN"
        return DatabaseAnswer([_fail("database", str(error), advice)])
    try:
        version = str(await connection.fetchval("SHOW server_version")).split()[0]
        before = time()
        theirs = float(await connection.fetchval("SELECT extract(epoch FROM clock_timestamp())"))
        ahead_s = theirs - (before + time()) / 2
        current, newest = await revisions(dsn)
        if current != newest:
            detail = f"PostgreSQL {version}, tables at {current or 'nothing'}, this program needs {newest}"
            return DatabaseAnswer([_fail("database", detail, "type: dialer db upgrade")], ahead_s=ahead_s)
        trunks = [TrunkRow(**row) for row in await connection.fetch(_TRUNKS, RECENT_MINUTES)]
        shards = [ShardRow(**row) for row in await connection.fetch(_SHARDS)]
    except (*CONNECTION_ERRORS, asyncpg.PostgresError, DialerError) as error:
        detail = f"it fails: {error or type(error).__name__}"
        return DatabaseAnswer([_fail("database", detail, "look into PostgreSQL's log")])
    finally:
        connection.terminate()
    told = _ok("database", f"PostgreSQL {version}, tables at {current}")
    return DatabaseAnswer([told], trunks, shards, ahead_s)


# --- switch -------------------------------------------------------------------------------------------------

#: What the switch says of each trunk: the status of its contact, None when it has no such endpoint.
Contacts = dict[str, str | None]


@dataclass(slots=True)
class SwitchAnswer:
    """What the switch tells; None where it does not."""

    checks: list[Check]
    contacts: Contacts | None = None
    #: How far its clock is ahead of ours, s.
    ahead_s: float | None = None


async def check_switch(settings: Settings, trunks: list[str]) -> SwitchAnswer:
    """Whether both users may log in and the version will do, and what it knows of these trunks."""
    address = Address(settings.ami_host, settings.ami_port)
    answer = SwitchAnswer([])
    checks = answer.checks
    user, secret = settings.ami_user, settings.ami_secret.get_secret_value()
    if not (secret and settings.ami_recorder_secret.get_secret_value()):
        missing = "CADENCIA_AMI_RECORDER_SECRET" if secret else "CADENCIA_AMI_SECRET"
        advice = "set it to the secret of this user in manager.conf"
        return SwitchAnswer([_fail("switch", f"{missing} is not set", advice)])
    try:
        async with _logged_in(address, Credentials(user, secret)) as dialer:
            version = (await dialer.action("CoreSettings")).get("AsteriskVersion")
            before = time()
            pong = await dialer.action("Ping")
            answer.ahead_s = float(pong.get("Timestamp")) - (before + time()) / 2
        checks.append(_version(f"{user}@{address}", version))
    except (AmiError, ValueError) as error:
        checks.append(
            _fail("switch", f"{user}@{address}: {error}", _switch_advice(error, "CADENCIA_AMI_SECRET"))
        )
    user, secret = settings.ami_recorder_user, settings.ami_recorder_secret.get_secret_value()
    try:
        async with _logged_in(address, Credentials(user, secret, event_classes="")) as recorder:
            # Its class, system, is also the one that may look at PJSIP endpoints.
            answer.contacts = {name: await _contact(recorder, name) for name in trunks}
        checks.append(_ok("recorder", f"{user}@{address} may log in"))
    except AmiError as error:
        advice = _switch_advice(error, "CADENCIA_AMI_RECORDER_SECRET")
        checks.append(_fail("recorder", f"{user}@{address}: {error}", advice))
    return answer


async def _contact(recorder: AmiClient, trunk: str) -> str | None:
    """The status of a trunk's contact as Asterisk words it, with its round trip; None without such an endpoint."""
    try:
        details = await recorder.list_action("PJSIPShowEndpoint", [("Endpoint", trunk)])
    except ActionRefused as error:
        if "Unable to retrieve endpoint" in str(error):
            return None
        raise
    for detail in details:
        if detail.name == "ContactStatusDetail":
            trip_us = detail.get("RoundtripUsec")
            trip = f" in {int(trip_us) / 1000:.0f} ms" if trip_us.isdigit() and int(trip_us) else ""
            return detail.get("Status") + trip
    return "NoContact"


def _version(where: str, text: str) -> Check:
    number = re.search(r"[0-9]+", text)
    if number is None:
        return _warn("switch", f"{where}: version {text!r}", "this does not look like a released Asterisk")
    if int(number[0]) < OLDEST_SWITCH:
        advice = f"install Asterisk {OLDEST_SWITCH} or later"
        return _fail("switch", f"{where}: Asterisk {text} is too old", advice)
    return _ok("switch", f"{where}: Asterisk {text}")


def _switch_advice(error: Exception, secret: str) -> str:
    if isinstance(error, LoginRefused):
        return f"compare {secret} with manager.conf, and its `permit` with this machine's address"
    if isinstance(error, LinkFailed):
        return "start Asterisk, or correct CADENCIA_AMI_HOST and CADENCIA_AMI_PORT"
    return "compare manager.conf with asterisk_conf/switch/manager.conf.j2"


@asynccontextmanager
async def _logged_in(address: Address, user: Credentials) -> AsyncIterator[AmiClient]:
    """A link, up; raises LinkFailed saying why it can't be made, at the first failure."""
    outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def changed(state: LinkState) -> None:
        if outcome.done():
            return
        if isinstance(state, LinkDown):
            outcome.set_exception(state.error)
        else:
            outcome.set_result(None)

    timings = Timings(
        connect_s=ANSWER_S, login_s=ANSWER_S, boot_s=ANSWER_S, action_s=ANSWER_S, list_s=ANSWER_S
    )
    client = AmiClient(address, user, on_event=lambda message: None, on_state=changed, timings=timings)
    failure: LinkFailed | None = None
    async with client:
        try:
            await outcome
            yield client
        except LinkFailed as error:
            failure = error  # not through the task group, which would wrap it
    if failure is not None:
        raise failure


# --- trunks -------------------------------------------------------------------------------------------------


def check_trunks(trunks: list[TrunkRow] | None, contacts: Contacts | None) -> list[Check]:
    """A line for each carrier in service: limits, what the switch sees of it, how its last calls went."""
    if trunks is None:
        return [_warn("trunks", "unknown, since the database can't be read", "mend the database first")]
    if not trunks:
        return [
            _fail(
                "trunks", "no trunk is in service: nothing can be dialled", "type: dialer trunk set NAME ..."
            )
        ]
    return [_check_trunk(trunk, contacts) for trunk in trunks]


def _check_trunk(trunk: TrunkRow, contacts: Contacts | None) -> Check:
    recent = (
        f"{trunk.refused} of {trunk.calls} calls refused in {RECENT_MINUTES} min"
        if trunk.calls
        else "no call lately"
    )
    told = f"{trunk.name}: {trunk.calls_per_second:g} calls/s, {trunk.channels} channels, {recent}"
    if trunk.fault is not None:
        advice = (
            "mend the account with the carrier (username and password in the switch's trunks),"
            f" then type: dialer trunk enable {trunk.name}"
        )
        return _fail("trunk", f"{told}; out of service: {trunk.fault}", advice)
    if contacts is None:
        return _warn("trunk", f"{told}; the switch was not asked", "mend the switch first")
    status = contacts[trunk.name]
    if status is None:
        advice = "add the carrier to the switch's pjsip.conf, under this name"
        return _fail("trunk", f"{told}; the switch has no such endpoint", advice)
    if status == "NoContact":
        return _fail("trunk", f"{told}; its endpoint has no address", "give its aor a contact in pjsip.conf")
    if status.startswith("Unreachable"):
        advice = "ask the carrier, and look at the firewall: it does not answer SIP OPTIONS"
        return _fail("trunk", f"{told}; unreachable", advice)
    if trunk.calls >= 10 and trunk.refused > trunk.calls / 2:
        return _warn("trunk", told, "see why: dialer call show ID of one of them; then ask the carrier")
    if status.startswith("Reachable"):
        return _ok("trunk", f"{told}; r{status[1:]}")
    # NonQualified, Unknown: nobody asks the carrier, so only calls can tell.
    return _ok("trunk", f"{told}; not probed by the switch (qualify_frequency of its aor is 0)")


# --- the dialer itself --------------------------------------------------------------------------------------


def check_shards(shards: list[ShardRow] | None) -> list[Check]:
    """A line for each agent group: whether a dialer works for it."""
    if shards is None:
        return [_warn("dialer", "unknown, since the database can't be read", "mend the database first")]
    if not shards:
        return [
            _warn("dialer", "there is no agent group yet", "type: dialer campaign create NAME --group GROUP")
        ]
    return [_check_shard(shard) for shard in shards]


def _check_shard(shard: ShardRow) -> Check:
    if not shard.runs:
        return _warn("dialer", f"group {shard.name}: nobody dials for it", "type: dialer serve")
    if not shard.switch_up:
        return _warn("dialer", f"group {shard.name}: {shard.owner}, without its switch", "mend the switch")
    return _ok("dialer", f"group {shard.name}: {shard.owner}")


# --- broker, clocks, disks ----------------------------------------------------------------------------------


async def check_broker(settings: Settings) -> Check:
    """Whether the broker lets us in. Nothing is published."""
    if settings.mqtt_url is None:
        return _ok("broker", "none is set: events are not mirrored to MQTT")
    try:
        broker = Broker.parse(settings.mqtt_url.get_secret_value())
    except BadInput as error:
        return _fail("broker", str(error), "correct CADENCIA_MQTT_URL")
    where = f"{broker.host}:{broker.port}"
    try:
        async with broker.visit():
            return _ok("broker", f"{where} lets us in")
    except MqttError as error:
        # Calls do not need it.
        return _warn(
            "broker",
            f"{where}: {error}",
            "start the broker, or correct CADENCIA_MQTT_URL; calls go on without it",
        )


def check_clocks(ahead_s: dict[str, float | None]) -> list[Check]:
    """Calling hours and time-outs are judged by these clocks; `ahead_s`: by how much each is ahead of ours."""
    known = {name: seconds for name, seconds in ahead_s.items() if seconds is not None}
    if not known:
        return [
            _warn(
                "clock",
                f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z, compared with no other",
                "mend the above first",
            )
        ]
    told = ", ".join(f"{name} {seconds:+.3f} s" for name, seconds in known.items())
    worst = max(map(abs, known.values()))
    if worst <= CLOCK_WARN_S:
        return [_ok("clock", told)]
    advice = "set the clocks by NTP on all machines (timedatectl set-ntp true)"
    return [(_fail if worst > CLOCK_FAIL_S else _warn)("clock", told, advice)]


def check_disks(settings: Settings) -> list[Check]:
    """The folders of recordings: there, writable, with room."""
    return [
        _check_folder("spool", settings.spool_dir, "CADENCIA_SPOOL_DIR"),
        _check_folder("recording", settings.recordings_dir, "CADENCIA_RECORDINGS_DIR"),
    ]


def _check_folder(name: str, folder: Path | None, variable: str) -> Check:
    if folder is None:
        return _fail(name, f"{variable} is not set", f"set {variable} to a folder")
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-"):
            free = shutil.disk_usage(folder).free
    except OSError as error:
        return _fail(
            name,
            f"{folder}: {error.strerror}",
            f"make it, and let this user write there, or correct {variable}",
        )
    told = f"{folder}: writable, {free / 10**9:.1f} GB free"
    if free < DISK_FAIL_BYTES:
        return _fail(name, told, "make room: recordings would be lost")
    if free < DISK_WARN_BYTES:
        return _warn(name, told, "make room: an hour of 100 agents takes 11 GB")
    return _ok(name, told)
