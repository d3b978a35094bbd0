"""An MQTT broker (mosquitto) on a free port of 127.0.0.1."""

import asyncio
import os
import pwd
import secrets
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from lab.cache import say
from lab.child import Child, free_tcp_port, run
from lab.errors import LabError

HOST = "127.0.0.1"
USER = "cadencia"
PASSWORDS, CONFIGURATION = "passwords", "mosquitto.conf"
START_TIMEOUT_S = 10.0


class Broker:
    """Mosquitto with one user and a random password; ends with this process, and keeps nothing."""

    def __init__(self, program: str) -> None:
        self.host = HOST
        self.port = free_tcp_port()
        self.user = USER
        self.password = secrets.token_urlsafe(24)
        self._program = program
        self._child: Child | None = None

    async def start(self) -> None:
        """Start and wait until it listens; `LabError` with its output when it does not."""
        folder = _make_folder(self.port, self.user, self.password)
        run_as = _broker_user()
        try:
            await run("mosquitto_passwd", "-U", str(folder / PASSWORDS))
        except BaseException:
            shutil.rmtree(folder)
            raise
        for path in (folder, folder / PASSWORDS, folder / CONFIGURATION):
            shutil.chown(path, run_as)
        command = [self._program, "-c", str(folder / CONFIGURATION)]
        self._child = Child(
            command, log=folder / "log", remove=folder, run_as=run_as if os.geteuid() == 0 else None
        )
        try:
            await self._child.start()
            await self._wait_until_listening(self._child)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop the broker."""
        if self._child is not None:
            await self._child.stop()
            self._child = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _wait_until_listening(self, child: Child) -> None:
        deadline = asyncio.get_running_loop().time() + START_TIMEOUT_S
        while True:
            try:
                _, writer = await asyncio.open_connection(self.host, self.port)
            except OSError:
                if not child.running or asyncio.get_running_loop().time() > deadline:
                    raise LabError(f"mosquitto did not start; its output:\n{child.tail()}") from None
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return


def find_broker() -> Broker | None:
    """A broker to start; where mosquitto is not installed None, and a word to the person at the terminal."""
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None:
        say("mosquitto is not installed: events are not mirrored to MQTT (apt-get install mosquitto)")
        return None
    return Broker(program)


def _make_folder(port: int, user: str, password: str) -> Path:
    """A folder with the configuration and the password, which `mosquitto_passwd -U` then hashes in place."""
    folder = Path(tempfile.mkdtemp(prefix="cadencia-broker-"))
    (folder / PASSWORDS).touch(mode=0o600)
    (folder / PASSWORDS).write_text(f"{user}:{password}\n")
    settings = [f"listener {port} {HOST}", "allow_anonymous false", "persistence false"]
    settings += [f"password_file {folder / PASSWORDS}"]
    (folder / CONFIGURATION).write_text("\n".join(settings) + "\n")
    return folder


def _broker_user() -> str:
    """Root starts the broker as an unprivileged user, anybody else as himself."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name
    users = {entry.pw_name for entry in pwd.getpwall()}
    return "mosquitto" if "mosquitto" in users else "nobody"
