"""A server process of the laboratory, which never outlives us."""

import asyncio
import contextlib
import os
import pwd
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from lab.errors import LabError

KEEPER = Path(__file__).with_name("keeper.py")
LOG_TAIL_LINES = 30


class Child:
    """A command under `keeper.py`: it ends by `stop`, and when this process ends, even by SIGKILL."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        stop_signal: signal.Signals = signal.SIGTERM,
        grace_s: float = 5.0,
        remove: Path | None = None,
        run_as: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`log` receives the output; `remove` is a folder to delete after the end; `run_as` needs root."""
        self.log = log
        self._environment = {**os.environ, **environment} if environment is not None else None
        self._keeper: Process | None = None
        self._grace_s = grace_s
        removal = [f"--remove={remove}"] if remove else []
        identity = [f"--user={run_as}"] if run_as else []
        self._command = [sys.executable, "-S", "-E", str(KEEPER), f"--signal={int(stop_signal)}"]
        self._command += [f"--grace-s={grace_s}", *removal, *identity, "--", *command]

    async def start(self) -> None:
        """Start the command; whether it serves yet is for the caller to find out."""
        with self.log.open("ab") as output:
            self._keeper = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
                cwd="/",
                env=self._environment,
            )

    async def stop(self) -> None:
        """Stop the command and wait until it is gone; harmless when it has ended by itself."""
        keeper, self._keeper = self._keeper, None
        if keeper is None:
            return
        assert keeper.stdin is not None
        keeper.stdin.close()
        await asyncio.shield(asyncio.wait_for(keeper.wait(), self._grace_s + 10))

    @property
    def running(self) -> bool:
        """True from `start` until the command has ended."""
        return self._keeper is not None and self._keeper.returncode is None

    @property
    def pid(self) -> int:
        """The command's own process id (its keeper's only child)."""
        assert self._keeper is not None
        children = Path(f"/proc/{self._keeper.pid}/task/{self._keeper.pid}/children").read_text().split()
        return int(children[0])

    async def wait(self) -> int:
        """The command's exit code, once it has ended by itself."""
        assert self._keeper is not None
        return await self._keeper.wait()

    def tail(self) -> str:
        """The last lines of the command's output, for a message about its failure."""
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])
        return ""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


async def run(*command: str, timeout_s: float = 60, run_as: str | None = None) -> str:
    """Run a command to its end, as another user if wanted, and give its output.

    Raises `LabError` with that output when the command fails or takes longer.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=STDOUT,
        cwd="/",
        user=run_as,
        group=pwd.getpwnam(run_as).pw_gid if run_as else None,
        extra_groups=[] if run_as else None,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), timeout_s)
    except BaseException as error:
        process.kill()
        if isinstance(error, TimeoutError):
            raise LabError(f"{command[0]} did not end within {timeout_s} s") from None
        raise
    text = output.decode(errors="replace")
    if process.returncode != 0:
        raise LabError(f"{Path(command[0]).name} failed ({process.returncode}): {text.strip()}")
    return text


def free_tcp_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def free_udp_port() -> int:
    """A UDP port of 127.0.0.1 that nobody is bound to now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
