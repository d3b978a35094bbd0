"""Asterisk instances: the switch, the telco stand-in and the telephones, each with a folder and ports."""

import asyncio
import csv
import fcntl
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from dialer.asterisk.render import render
from lab.asterisk_root import AsteriskRoot
from lab.cache import locked
from lab.child import Child, free_tcp_port, free_udp_port, run
from lab.errors import LabError
from lab.sounds import CONF, VOICES, sound_folder

HOST = "127.0.0.1"
BOOT_TIMEOUT_S = 30.0
REGISTRATION_TIMEOUT_S = 20.0
# RTP blocks lie below the ports the kernel gives away by itself (32768 and up). A call takes two ports.
RTP_FIRST, RTP_LAST = 10_000, 32_000
RTP_BLOCK = 2_000
CUSTOMER_HOLD_S = 20


@dataclass(frozen=True, slots=True)
class Trunk:
    """A carrier as the switch sees it; `PJSIP/<digits>@<name>` dials through it."""

    name: str
    host: str
    port: int
    username: str | None = None
    password: str | None = None
    codecs: tuple[str, ...] = ("ulaw", "alaw")


@dataclass(frozen=True, slots=True)
class Database:
    """How the switch reads its agents' telephones from PostgreSQL."""

    host: str
    port: int
    name: str
    user: str
    password: str
    schema: str = "switch"


@dataclass(frozen=True, slots=True)
class Account:
    """What a telephone registers with."""

    user: str
    password: str


class AsteriskInstance:
    """One running Asterisk. Use as an async context manager; everything it made is gone afterwards.

    It also ends, and its folder goes, when this process dies in any way.
    """

    role: str
    # How long a stop may take before it is enforced.
    grace_s = 5.0

    def __init__(self, root: AsteriskRoot, settings: Mapping[str, Any]) -> None:
        self.root = root
        self.sip_port = free_udp_port()
        self._settings = dict(settings)
        self._lock: int | None = None
        self._rtp: socket.socket | None = None
        self._child: Child | None = None
        self._failure_log = ""

    async def start(self) -> None:
        """Start and wait until fully booted; `LabError` with the log's tail when that fails."""
        self._make_folder()
        try:
            self._write_configuration()
            user = ["-U", "asterisk", "-g"] if os.geteuid() == 0 else ["-g"]
            self._child = Child(
                [*self.root.command, "-f", "-C", str(self._etc_inside / "asterisk.conf"), *user],
                log=self.folder / "log" / "output",
                remove=self.folder,
                grace_s=self.grace_s,
            )
            await self._child.start()
            await self._wait_until_booted(self._child)
        except BaseException:
            self._failure_log = self.log_tail()
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop Asterisk and remove its folder; live calls are cut."""
        if self._child is not None:
            await self._child.stop()
            self._child = None
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._rtp is not None:
            self._rtp.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def rx(self, command: str) -> str:
        """A CLI command's output; for the laboratory and its tests only, the product never uses the CLI."""
        configuration = str(self._etc_inside / "asterisk.conf")
        return await run(*self.root.command, "-C", configuration, "-rx", command, timeout_s=20)

    @property
    def running(self) -> bool:
        """False once Asterisk has ended, whoever ended it."""
        return self._child is not None and self._child.running

    @property
    def spool(self) -> Path:
        """The spool folder as we see it."""
        return self.folder / "spool"

    @property
    def spool_inside(self) -> Path:
        """The spool folder as this Asterisk sees it: what a recording's file name in AMI must begin with."""
        return self.root.inside(self.spool)

    def log_tail(self, lines: int = 40) -> str:
        """The last lines of Asterisk's own log and output."""
        if self._failure_log:
            return self._failure_log
        tail: list[str] = []
        for name in ("messages", "output"):
            path = self.folder / "log" / name
            if path.exists():
                tail += path.read_text(errors="replace").splitlines()[-lines:]
        return "\n".join(tail)

    @property
    def _etc_inside(self) -> Path:
        return self.root.inside(self.folder / "etc")

    def _make_folder(self) -> None:
        """Make our folder, locked for as long as we live, and remove folders whose owners are dead."""
        instances = self.root.instances
        instances.mkdir(parents=True, exist_ok=True)
        with locked("instances"):
            for stale in instances.iterdir():
                owner = os.open(stale / "owner", os.O_RDWR | os.O_CREAT)
                try:
                    fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(stale, ignore_errors=True)
                except BlockingIOError:
                    pass
                finally:
                    os.close(owner)
            self.folder = Path(tempfile.mkdtemp(prefix=f"{self.role}-", dir=instances))
            self.folder.chmod(0o755)
            self._lock = os.open(self.folder / "owner", os.O_RDWR | os.O_CREAT)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        for name in ("etc", "run", "log", "log/cdr-custom", "spool", "lib", "lib/keys"):
            (self.folder / name).mkdir()
        if (sounds := sound_folder() / self.role).exists():
            shutil.copytree(sounds, self.folder / "sounds")

    def _write_configuration(self) -> None:
        if self._rtp is None:
            self._rtp, rtp_start = _claim_rtp_block()
            self._settings["rtp"] = {"start": rtp_start, "end": rtp_start + RTP_BLOCK - 2}
        names = ("etc", "run", "log", "spool", "lib", "sounds")
        inside = {name: str(self.root.inside(self.folder / name)) for name in names}
        directories = {
            **inside,
            "prompts": inside["sounds"],
            "modules": str(self.root.modules),
            "data": "/usr/share/asterisk",
        }
        sip = {"host": HOST, "port": self.sip_port}
        render(
            CONF / self.role, self.folder / "etc", {**self._settings, "directories": directories, "sip": sip}
        )
        if os.geteuid() == 0:
            self._give_to_asterisk()

    def _give_to_asterisk(self) -> None:
        password = (self.root.path / "etc" / "passwd").read_text().splitlines()
        uid, gid = next(
            tuple(map(int, line.split(":")[2:4])) for line in password if line.startswith("asterisk:")
        )
        for folder, _, files in os.walk(self.folder):
            for path in (folder, *(os.path.join(folder, name) for name in files)):
                os.chown(path, uid, gid)

    async def _wait_until_booted(self, child: Child) -> None:
        deadline = asyncio.get_running_loop().time() + BOOT_TIMEOUT_S
        while True:
            if not child.running:
                raise LabError(f"Asterisk ({self.role}) ended while it started; its log:\n{self.log_tail()}")
            if (self.folder / "run" / "asterisk.ctl").exists():
                try:
                    if "fully booted" in await self.rx("core waitfullybooted"):
                        return
                except LabError:
                    # The control socket is there a moment before it is served.
                    pass
            if asyncio.get_running_loop().time() > deadline:
                raise LabError(
                    f"Asterisk ({self.role}) was not up in {BOOT_TIMEOUT_S} s; its log:\n{self.log_tail()}"
                )
            await asyncio.sleep(0.05)


class Switch(AsteriskInstance):
    """The switch: `ami_port` with a user and a secret each for the dialer and the recorder, and `http_port`
    (path `/ws`) for softphones."""

    role = "switch"

    def __init__(self, root: AsteriskRoot, *, database: Database, trunks: Sequence[Trunk]) -> None:
        self.ami_port = free_tcp_port()
        self.ami_user = "dialer"
        self.ami_secret = secrets.token_urlsafe(24)
        self.recorder_user = "recorder"
        self.recorder_secret = secrets.token_urlsafe(24)
        self.http_port = free_tcp_port()
        super().__init__(
            root,
            {
                "http": {"host": HOST, "port": self.http_port, "tls": None},
                "ami": {
                    "host": HOST,
                    "port": self.ami_port,
                    "user": self.ami_user,
                    "secret": self.ami_secret,
                    "permit": f"{HOST}/255.255.255.255",
                },
                "recorder": {"user": self.recorder_user, "secret": self.recorder_secret},
                "trunks": [asdict(trunk) for trunk in trunks],
                "database": asdict(database),
                "hold_s": CUSTOMER_HOLD_S,
            },
        )

    async def set_trunks(self, trunks: Sequence[Trunk]) -> None:
        """Know exactly these carriers from now on; calls go on."""
        self._settings["trunks"] = [asdict(trunk) for trunk in trunks]
        self._write_configuration()
        await self.rx("module reload res_pjsip.so")


@dataclass(frozen=True, slots=True)
class TelcoCall:
    """One INVITE as the telco recorded it."""

    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime
    dialled: str
    caller: str
    attempt: str
    disposition: str
    cause: int
    sip_status: int | None
    duration_s: float
    talk_s: float


class Telco(AsteriskInstance):
    """The telco stand-in; the last two digits of the number choose what the far end does.

    `out_of_order`: it answers every call with 503. `account`: what callers must log in with. `corpus`: WAV files
    (8 kHz, mono) by the last ten digits of the numbers that answer with them; `sounds_of` is what each said and heard.
    """

    role = "telco"

    def __init__(
        self,
        root: AsteriskRoot,
        *,
        out_of_order: bool = False,
        account: Account | None = None,
        corpus: Mapping[str, Path] | None = None,
    ) -> None:
        self._corpus = corpus
        voices = yaml.safe_load(VOICES.read_text("utf-8"))
        super().__init__(
            root,
            {
                "out_of_order": out_of_order,
                "account": account and asdict(account),
                "corpus": corpus is not None,
                "voices": {"people": len(voices["people"]), "voicemail": len(voices["voicemail"])},
            },
        )

    def trunk(self, name: str = "telco") -> Trunk:
        """This telco as a trunk of the switch."""
        return Trunk(name, HOST, self.sip_port)

    def _make_folder(self) -> None:
        super()._make_folder()
        if self._corpus is not None:
            (self.folder / "sounds" / "corpus").mkdir()
            for digits, path in self._corpus.items():
                shutil.copy(path, self.folder / "sounds" / "corpus" / f"{digits}.wav")

    def sounds_of(self, digits: str) -> tuple[Path, Path]:
        """Of a call to a number of the corpus: what it said and what it heard, from the same instant on."""
        return self.spool / f"{digits}-said.wav", self.spool / f"{digits}-heard.wav"

    def cdr(self) -> list[TelcoCall]:
        """Every INVITE that has ended, in the order of their ends: the telco's word, not the switch's."""
        path = self.folder / "log" / "cdr-custom" / "calls.csv"
        if not path.exists():
            return []
        with path.open(encoding="utf-8", newline="") as file:
            return [_telco_call(row) for row in csv.reader(file)]


class Phones(AsteriskInstance):
    """Telephones that register at the switch with minted credentials, answer at once and send 440 Hz."""

    role = "phones"
    # It would wait for the switch's word on each un-registration.
    grace_s = 0.5

    def __init__(self, root: AsteriskRoot, switch: Switch, accounts: Sequence[Account] = ()) -> None:
        super().__init__(
            root,
            {
                "switch": {"host": HOST, "port": switch.sip_port},
                "accounts": [asdict(account) for account in accounts],
            },
        )

    async def set_accounts(self, accounts: Sequence[Account]) -> None:
        """Register exactly these from now on; calls of the others go on."""
        self._settings["accounts"] = [asdict(account) for account in accounts]
        self._write_configuration()
        await self.rx("module reload res_pjsip.so")
        await self.rx("module reload res_pjsip_outbound_registration.so")

    async def registered(self, switch: Switch) -> None:
        """Wait until the switch knows every telephone; `LabError` when it does not."""
        deadline = asyncio.get_running_loop().time() + REGISTRATION_TIMEOUT_S
        users = {account["user"] for account in self._settings["accounts"]}
        while True:
            contacts = await switch.rx("pjsip show contacts")
            missing = sorted(user for user in users if f" {user}/sip:" not in contacts)
            if not missing:
                return
            if asyncio.get_running_loop().time() > deadline:
                raise LabError(f"not registered in {REGISTRATION_TIMEOUT_S} s: {', '.join(missing)}")
            await asyncio.sleep(0.1)


def _telco_call(row: list[str]) -> TelcoCall:
    started, answered, ended, dialled, caller, attempt, disposition, cause, status, duration, talk = row
    return TelcoCall(
        started_at=_instant(started),
        answered_at=_instant(answered) if float(answered or 0) > 0 else None,
        ended_at=_instant(ended),
        dialled=dialled,
        caller=caller,
        attempt=attempt,
        disposition=disposition,
        cause=int(cause or 0),
        sip_status=int(status) if status else None,
        duration_s=float(duration),
        talk_s=float(talk),
    )


def _instant(epoch_s: str) -> datetime:
    return datetime.fromtimestamp(float(epoch_s), UTC)


def _claim_rtp_block() -> tuple[socket.socket, int]:
    """A block of RTP ports for one instance: whoever is bound to its first port owns it."""
    for first in range(RTP_FIRST, RTP_LAST, RTP_BLOCK):
        claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            claim.bind((HOST, first))
        except OSError:
            claim.close()
            continue
        return claim, first + 2
    raise LabError(
        f"all blocks of UDP ports from {RTP_FIRST} to {RTP_LAST} are in use: too many laboratories run here"
    )
