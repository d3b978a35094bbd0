"""The whole of one laboratory: database, telco stand-in, switch, broker, and the product's own processes on them."""

import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2

from dialer.store.database import upgrade
from lab.asterisk import Database, Phones, Switch, Telco, Trunk
from lab.asterisk_root import asterisk_root
from lab.broker import Broker, find_broker
from lab.cache import say
from lab.child import Child, free_tcp_port
from lab.errors import LabError
from lab.postgres import DATABASE, Postgres

ROOT = Path(__file__).resolve().parents[2]
CONSOLE = ROOT / "agents_console" / "dist"
SWITCH_ROLE = "switch_reader"
READY_TIMEOUT_S = 120.0


class Stack:
    """An async context manager. Inside it everything runs but the product, which `start_product` starts.

    `data_dir` None: the database and the recordings end with it. `trunks` None: the telco stand-in is the trunk.
    """

    def __init__(
        self,
        *,
        data_dir: Path | None = None,
        recordings_dir: Path | None = None,
        trunks: list[Trunk] | None = None,
        api_port: int | None = None,
        quiet: bool = True,
        corpus: Mapping[str, Path] | None = None,
    ) -> None:
        self._data_dir = data_dir
        self._wanted_recordings = recordings_dir
        self._trunks = trunks
        self._quiet = quiet
        self._corpus = corpus
        self._exit = AsyncExitStack()
        self.api_port = api_port or free_tcp_port()
        self.telco: Telco | None = None
        self.broker: Broker | None = None
        self.dialer: Child | None = None
        self.api: Child | None = None

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._exit.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Closing must come to its end, however often somebody types Ctrl-C.
        await asyncio.shield(self._exit.aclose())

    async def _start(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="cadencia-lab-"))
        self._exit.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.recordings = self._wanted_recordings or self.folder / "recordings"
        self.recordings.mkdir(parents=True, exist_ok=True)
        self._say("database ...")
        self.postgres = await self._exit.enter_async_context(Postgres(self._data_dir))
        await upgrade(self.postgres.dsn)
        password = await self.postgres.login_role(SWITCH_ROLE)
        self._say("Asterisk ...")
        root = await asyncio.to_thread(asterisk_root)
        self._root = root
        if self._trunks is None:
            self.telco = await self._exit.enter_async_context(Telco(root, corpus=self._corpus))
        database = Database(self.postgres.host, self.postgres.port, DATABASE, SWITCH_ROLE, password)
        trunks = self._trunks if self._trunks is not None else [self.telco.trunk()] if self.telco else []
        self.switch = await self._exit.enter_async_context(Switch(root, database=database, trunks=trunks))
        (self.switch.spool / "monitor").mkdir(exist_ok=True)
        shutil.chown(self.switch.spool / "monitor", self.switch.spool.stat().st_uid)
        self.broker = find_broker()
        if self.broker is not None:
            await self._exit.enter_async_context(self.broker)
        self._exit.push_async_callback(self.stop_product)

    def phones(self) -> Phones:
        """Telephones for agents without a browser; the caller starts and stops them."""
        return Phones(self._root, self.switch)

    @property
    def environment(self) -> dict[str, str]:
        """What the product's processes are told."""
        found = {
            "DATABASE_DSN": self.postgres.dsn,
            "AMI_PORT": str(self.switch.ami_port),
            "AMI_USER": self.switch.ami_user,
            "AMI_SECRET": self.switch.ami_secret,
            "AMI_RECORDER_USER": self.switch.recorder_user,
            "AMI_RECORDER_SECRET": self.switch.recorder_secret,
            "SPOOL_DIR": str(self.switch.spool / "monitor"),
            "SWITCH_SPOOL_DIR": str(self.switch.spool_inside / "monitor"),
            "RECORDINGS_DIR": str(self.recordings),
            "UPLOADS_DIR": str(self.folder / "uploads"),
            "API_PORT": str(self.api_port),
            "SIP_DOMAIN": "127.0.0.1",
            "SIP_SOCKET_URL": f"ws://127.0.0.1:{self.switch.http_port}/ws",
        }
        if self.broker is not None:
            found["MQTT_URL"] = (
                f"mqtt://{self.broker.user}:{self.broker.password}@{self.broker.host}:{self.broker.port}"
            )
        if CONSOLE.is_dir():
            found["CONSOLE_DIR"] = str(CONSOLE)
        return {f"CADENCIA_{name}": value for name, value in found.items()} | {
            "PYTHONPATH": f"{ROOT}:{ROOT / 'scripts'}"
        }

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    async def start_product(self) -> None:
        """The API and the dialer, each a process of its own; returns when both are ready."""
        await self.start_api()
        await self.start_dialer()

    async def start_api(self) -> None:
        self.api = self._child("api")
        await self.api.start()
        await self._wait("api", self.api, f"{self.url}/readyz")

    async def start_dialer(self) -> None:
        self.dialer = self._child("dialer")
        await self.dialer.start()

    async def stop_product(self) -> None:
        """Stop both; calls in progress go on in the switch."""
        for child in (self.dialer, self.api):
            if child is not None:
                await child.stop()
        self.dialer = self.api = None

    def logs(self, part: str) -> str:
        path = self.folder / f"{part}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _child(self, part: str) -> Child:
        command = [sys.executable, "-m", "dialer", "serve", "--part", part]
        return Child(command, log=self.folder / f"{part}.log", environment=self.environment, grace_s=10)

    async def _wait(self, part: str, child: Child, url: str) -> None:
        deadline = time.monotonic() + READY_TIMEOUT_S
        async with httpx2.AsyncClient(trust_env=False) as client:
            while True:
                try:
                    if (await client.get(url)).status_code == 200:
                        return
                except httpx2.TransportError:
                    pass
                if not child.running or time.monotonic() > deadline:
                    raise LabError(f"the {part} did not get ready; its log:\n{child.tail()}")
                await asyncio.sleep(0.1)

    def _say(self, text: str) -> None:
        if not self._quiet:
            say(text)
