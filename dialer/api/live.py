"""The live view: who has a console open, who of them is told of what, and who is missed when he is gone."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from typing import NoReturn

import asyncpg
import structlog
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import ValidationError

from dialer.api.auth import MayWatch, User, read_standings
from dialer.api.floor import DATABASE_ERRORS, Floor
from dialer.api.intents import store_intent
from dialer.api.live_schemas import Resync
from dialer.api.watcher import OWN, SESSION_OVER, UNKNOWN_MESSAGE, Over, Watcher
from dialer.domain.agent import AgentState
from dialer.store.live import Change

log = structlog.get_logger()

router = APIRouter(prefix="/live", tags=["live"])

#: How often open sockets' sessions are checked: a log-out elsewhere ends them within 5 s.
SESSION_POLL_S = 2.0
#: An agent whose last console is gone for so long takes no more calls; a reload is quicker.
CONSOLE_GRACE_S = 3.0
#: The same for those who were logged in when this process started: their consoles try again up to every 10 s.
RESTART_GRACE_S = 12.0

CONSOLE_POLL_S = 0.25
#: Reading every shard's floor at the start; longer means that the database is no use.
START_LIMIT_S = 30.0
#: A console that does not take its closing is cut off.
CLOSE_LIMIT_S = 1.0


class Hub:
    """Every open console of this process, and the floor they watch."""

    def __init__(self, dsn: str, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._watchers: set[Watcher] = set()
        self._by_user: dict[int, set[Watcher]] = {}
        self._running_names: dict[int, tuple[str, ...]] = {}
        #: Agents without a console -> when that counts as lost (monotonic).
        self._lost_at: dict[int, float] = {}
        #: Agents whose presence the other processes are to be told.
        self._to_announce: set[int] = set()
        self.floor = Floor(dsn, pool, tell=self._tell, hear_console=self._hear_console)

    @property
    def following(self) -> bool:
        return self.floor.following

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Hub]:
        """Follow the floor, and look after the sockets, for as long as the context."""
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(self.floor.run())]
            async with asyncio.timeout(START_LIMIT_S):
                await self.floor.begun.wait()
            running.append(tasks.create_task(self._check_sessions()))
            running.append(tasks.create_task(self._miss_consoles()))
            try:
                yield self
            finally:
                for task in running:
                    task.cancel()

    async def attend(self, socket: WebSocket, user: User) -> None:
        """Serve an accepted socket until one side has enough of it."""
        watcher = Watcher(user, self.floor)
        if watcher.is_agent:
            with suppress(*DATABASE_ERRORS):  # what is known must do until it is back
                await self.floor.meet(user.group_id, user.me.id)
        self._enter(watcher)
        code: int | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(watcher.send(socket))
                tasks.create_task(_receive(socket, watcher))
        except* Over as over:
            code = next(error.code for error in over.exceptions if isinstance(error, Over))
        except* WebSocketDisconnect:
            code = None
        finally:
            self._leave(watcher)
        if code is not None:
            log.info("live_socket_closed", user_id=user.me.id, code=code)
            with suppress(TimeoutError, WebSocketDisconnect):
                async with asyncio.timeout(CLOSE_LIMIT_S):
                    await socket.close(code)

    def end_session(self, token_hash: str) -> None:
        """Close the sockets of a session that has just ended here."""
        for watcher in self._watchers:
            if watcher.user.token_hash == token_hash:
                watcher.close(SESSION_OVER)

    # --- who sees what ------------------------------------------------------------------------------------

    def _tell(self, shard_id: int, changes: Collection[Change] | None) -> None:
        """Route a shard's changes to those who may see them. None: everything of it may be new."""
        if changes is None:
            for watcher in self._watchers:
                if not watcher.is_agent or watcher.user.group_id == shard_id:
                    watcher.want_snapshot()
            return
        names = self.floor.running_campaigns(shard_id)
        names_changed = self._running_names.get(shard_id) != names
        self._running_names[shard_id] = names
        figures: list[Change] = [change for change in changes if change[0] != "intent"]
        # What everybody sees, and what every agent of the shard does.
        common: list[Change] = [change for change in changes if change[0] == "switch"]
        own: list[Change] = [*common, OWN] if names_changed else common
        for watcher in self._watchers:
            if watcher.sees_figures:
                watcher.note(figures)
            elif not watcher.is_agent:
                watcher.note(common)
            elif watcher.user.group_id == shard_id:
                watcher.note(own)
        for change in changes:
            if change[0] == "agent":
                for watcher in self._by_user.get(change[1], ()):
                    if watcher.is_agent:
                        watcher.note([change])
            elif change[0] == "intent":
                for watcher in self._by_user.get(change[2], ()):
                    watcher.note([change])

    # --- who is there -------------------------------------------------------------------------------------

    def _enter(self, watcher: Watcher) -> None:
        self._watchers.add(watcher)
        self._by_user.setdefault(watcher.user.me.id, set()).add(watcher)
        if watcher.is_agent:
            self._lost_at.pop(watcher.user.me.id, None)
            self._to_announce.add(watcher.user.me.id)
            self._count_shards()

    def _leave(self, watcher: Watcher) -> None:
        user_id = watcher.user.me.id
        self._watchers.discard(watcher)
        self._by_user[user_id].discard(watcher)
        if not self._by_user[user_id]:
            del self._by_user[user_id]
            if watcher.is_agent:
                self._lost_at[user_id] = time.monotonic() + CONSOLE_GRACE_S
        self._count_shards()

    def _count_shards(self) -> None:
        self.floor.watched_shards = {w.user.group_id for w in self._watchers if w.is_agent}

    def _hear_console(self, word: str) -> None:
        """Another process (or this one) speaks: `roll` asks who is there, `seen:<user>` says that one is."""
        kind, _, user_id = word.partition(":")
        if kind == "roll":
            self._to_announce |= {w.user.me.id for w in self._watchers if w.is_agent}
        elif kind == "seen" and user_id.isdigit() and int(user_id) not in self._by_user:
            self._lost_at.pop(int(user_id), None)

    async def _miss_consoles(self) -> None:
        """Tell the shard of agents whose last console is gone, so that no call goes to an empty chair."""
        came_up = time.monotonic()
        for fold in self.floor.folds.values():
            for agent in fold.agents.values():
                if agent.state is not AgentState.LOGGED_OUT and agent.id not in self._by_user:
                    self._lost_at[agent.id] = came_up + RESTART_GRACE_S
        words = ["roll"]
        while True:
            try:
                words += [f"seen:{user_id}" for user_id in self._to_announce]
                self._to_announce.clear()
                if words:
                    await self._pool.execute(
                        "SELECT pg_notify('cadencia_console', word) FROM unnest($1::text[]) AS word", words
                    )
                    words.clear()
                for user_id in [id_ for id_, at in self._lost_at.items() if at <= time.monotonic()]:
                    await self._report_lost(user_id)
                    self._lost_at.pop(user_id, None)
            except DATABASE_ERRORS as error:
                log.warning("consoles_not_watched", error=str(error) or type(error).__name__)
            await asyncio.sleep(CONSOLE_POLL_S)

    async def _report_lost(self, user_id: int) -> None:
        for fold in self.floor.folds.values():
            agent = fold.agents.get(user_id)
            if agent is None or agent.state is AgentState.LOGGED_OUT:
                continue
            log.info("console_lost", user_id=user_id, state=agent.state)
            await store_intent(
                self._pool,
                shard_id=fold.shard_id,
                user_id=user_id,
                key=f"console-lost-{secrets.token_hex(8)}",
                type_="console_lost",
                data={},
            )

    async def _check_sessions(self) -> None:
        while True:
            await asyncio.sleep(SESSION_POLL_S)
            watchers = list(self._watchers)
            if not watchers:
                continue
            try:
                standings = await read_standings(self._pool, list({w.user.token_hash for w in watchers}))
            except DATABASE_ERRORS:
                continue
            for watcher in watchers:
                me = watcher.user.me
                # Who has gone over to another group opens a new socket, and sees that group.
                if standings.get(watcher.user.token_hash) != (me.role, me.agent_group_id):
                    watcher.close(SESSION_OVER)


@router.websocket("")
async def watch_live(socket: WebSocket, user: MayWatch) -> None:
    """A Snapshot, then Deltas. The console may say {"type": "resync"}."""
    hub: Hub = socket.app.state.hub
    await socket.accept()
    await hub.attend(socket, user)


async def _receive(socket: WebSocket, watcher: Watcher) -> NoReturn:
    """Hear what the console says. Raises Over, WebSocketDisconnect."""
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        try:
            Resync.model_validate_json(message.get("text") or "")
        except ValidationError:
            raise Over(UNKNOWN_MESSAGE) from None
        watcher.want_snapshot()
