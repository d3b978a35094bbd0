"""The composition root: which adapter stands behind which port. The one module that may import everything."""

from __future__ import annotations

import asyncio
import gc
import os
import secrets
import socket
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, aclosing
from functools import partial
from pathlib import Path, PurePosixPath

import asyncpg
import structlog

from dialer.api.app import create_app
from dialer.api.server import serve
from dialer.asterisk.client import Address, Credentials
from dialer.asterisk.switch import AsteriskSwitch, SwitchSettings
from dialer.config import Settings
from dialer.domain.errors import BadInput
from dialer.mqtt import MqttMirror
from dialer.night_clock import keep_nights
from dialer.ports import Publisher
from dialer.promise_clock import keep_time
from dialer.recording.ingest import Ingest
from dialer.retention import keep_retention
from dialer.screening.process import ScreenerProcess
from dialer.shard import Shard
from dialer.speech import TextSpeaker
from dialer.store.database import CONNECTION_ERRORS, DatabaseUnreachable, connect, open_pool
from dialer.store.event_log import PostgresShardStore
from dialer.store.greetings import PostgresGreetings
from dialer.store.listening import notifications
from dialer.store.prompts import PostgresPrompts
from dialer.store.recordings import PostgresRecordingStore
from dialer.store.spoken import PostgresSpoken

log = structlog.get_logger()

#: What the shards can't do without.
DIALER_NEEDS = (
    "ami_secret",
    "ami_recorder_secret",
    "spool_dir",
    "switch_spool_dir",
    "recordings_dir",
)


def switch_settings(settings: Settings) -> SwitchSettings:
    """How the switch of these settings is reached."""
    return SwitchSettings(
        address=Address(settings.ami_host, settings.ami_port),
        dialer=Credentials(settings.ami_user, settings.ami_secret.get_secret_value()),
        recorder=Credentials(
            settings.ami_recorder_user, settings.ami_recorder_secret.get_secret_value(), event_classes=""
        ),
        spool=settings.switch_spool_dir or PurePosixPath("/"),
    )


def _needed(path: Path | None) -> Path:
    """A folder of DIALER_NEEDS, which `Settings.load` has made sure of."""
    if path is None:
        raise BadInput("the spool and the recordings need a folder each")
    return path


async def group_ids(dsn: str, names: Sequence[str]) -> list[int]:
    """The agent groups to run: those named, or all there are. Raises BadInput on a name nobody has."""
    connection = await connect(dsn)
    try:
        rows = await connection.fetch("SELECT id, name FROM agent_group ORDER BY id")
    finally:
        await connection.close()
    known = {row["name"]: row["id"] for row in rows}
    if missing := [name for name in names if name not in known]:
        raise BadInput(f"no agent group {missing[0]!r}; there are: {', '.join(known) or 'none yet'}")
    return [known[name] for name in names] if names else list(known.values())


async def new_groups(dsn: str, names: Sequence[str]) -> AsyncGenerator[int]:
    """Those of `group_ids`, then, unless some were named, each that is made later; never ends then."""
    started: set[int] = set()
    for group_id in await group_ids(dsn, names):
        started.add(group_id)
        yield group_id
    if names:
        return
    if not started:
        log.info("no_agent_group_yet", hint="waiting for the first: dialer campaign create")
    async with aclosing(notifications(dsn, "cadencia_group")) as words:
        async for _ in words:
            try:
                found = await group_ids(dsn, ())
            except (DatabaseUnreachable, *CONNECTION_ERRORS):
                continue  # `words` says so too, and comes back when the database does
            for group_id in found:
                if group_id not in started:
                    started.add(group_id)
                    yield group_id


async def run_dialer(settings: Settings, groups: Sequence[str] = ()) -> None:
    """Run the shards of these agent groups (all when none is named) until cancelled."""
    dsn = settings.database_dsn.get_secret_value()
    owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    async with AsyncExitStack() as exit_stack:
        await group_ids(dsn, groups)  # a name that nobody has is told before anything starts
        pool = await exit_stack.enter_async_context(await open_pool(dsn, size=2))
        ingest = Ingest(
            spool=_needed(settings.spool_dir),
            recordings=_needed(settings.recordings_dir),
            store=PostgresRecordingStore(pool),
        )
        group = await exit_stack.enter_async_context(asyncio.TaskGroup())
        group.create_task(ingest.run(), name="ingest")
        group.create_task(keep_time(pool), name="promises")
        group.create_task(keep_retention(pool, _needed(settings.recordings_dir)), name="retention")
        group.create_task(keep_nights(dsn), name="nights")
        # What is loaded by now stays as long as the process; a full pass of the collector over it took 50 to 90 ms,
        # in which nobody who answers is connected.
        gc.collect()
        gc.freeze()
        async with aclosing(new_groups(dsn, groups)) as found:
            async for group_id in found:
                group.create_task(
                    _run_shard(settings, group_id, owner, ingest, pool), name=f"shard {group_id}"
                )


async def _run_shard(
    settings: Settings, group_id: int, owner: str, ingest: Ingest, pool: asyncpg.Pool
) -> None:
    publishers: list[Publisher] = [ingest]
    prompts, greetings = PostgresPrompts(pool), PostgresGreetings(pool)
    mirror = None
    if settings.mqtt_url is not None:
        # A name of the shard's own, the same after a restart: its retained states are then taken over.
        node = f"{socket.gethostname()}-{group_id}"
        mirror = MqttMirror(settings.mqtt_url.get_secret_value(), node=node)
        publishers.append(mirror)
    async with (
        PostgresShardStore(settings.database_dsn.get_secret_value()) as store,
        asyncio.TaskGroup() as group,
    ):
        shard = Shard(
            group_id,
            store=store,
            make_switch=partial(AsteriskSwitch, switch_settings(settings)),
            publishers=publishers,
            owner=owner,
            make_screener=partial(
                ScreenerProcess,
                host=settings.screener_host,
                port=settings.screener_port,
                read_prompts=prompts.read,
                keep_prompt=prompts.keep,
                read_greetings=greetings.read,
                keep_greeting=greetings.keep,
            ),
            speaker=TextSpeaker(_needed(settings.spool_dir), PostgresSpoken(pool).read),
        )
        if mirror is not None:
            group.create_task(_mirror(shard, mirror), name=f"mqtt {group_id}")
        await shard.run()


async def _mirror(shard: Shard, mirror: MqttMirror) -> None:
    """A process that waits for the shard's lease keeps off the broker, where its owner is known by the same name."""
    await shard.running.wait()
    await mirror.run()


async def run_api(settings: Settings) -> None:
    """Serve the API and the console until cancelled."""
    log.info("api_starting", host=settings.api_host, port=settings.api_port)
    await serve(create_app(settings), settings.api_host, settings.api_port)
