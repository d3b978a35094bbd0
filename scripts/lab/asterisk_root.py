"""Where Asterisk comes from: an installed one (20 or later), or a root folder made once per machine.

Debian 12 and 13 have no asterisk package; the next release has Asterisk 22, the LTS. A root folder of that
release in the cache gives the same Asterisk on every machine and changes nothing outside.
"""

import hashlib
import os
import re
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lab.cache import cache_folder, locked, say
from lab.errors import LabError

OLDEST_MAJOR = 20
SUITE = "forky"
PACKAGES = (
    "ca-certificates",
    "asterisk",
    "asterisk-core-sounds-en-gsm",
    "asterisk-core-sounds-es-gsm",
    "asterisk-moh-opsound-wav",
)
RECIPE = (
    "mmdebstrap",
    "--mode=root",
    "--variant=minbase",
    # A mirror that lags behind serves release files which are past their date.
    '--aptopt=Acquire::Check-Valid-Until "false"',
    '--aptopt=APT::Install-Recommends "false"',
    "--components=main",
    f"--include={','.join(PACKAGES)}",
    SUITE,
)


@dataclass(frozen=True, slots=True)
class AsteriskRoot:
    """An Asterisk to start: `path` is its root folder, `/` for an installed one."""

    path: Path
    version: str

    @property
    def command(self) -> list[str]:
        """How to call `asterisk` so that it sees `path` as `/`."""
        return ["asterisk"] if self.path == Path("/") else ["chroot", str(self.path), "asterisk"]

    @property
    def instances(self) -> Path:
        """The folder that holds the folders of instances, as seen from outside."""
        if self.path == Path("/") and os.geteuid() != 0:
            return cache_folder() / "instances"
        return self.path / "srv" / "cadencia"

    def inside(self, path: Path) -> Path:
        """A path of the outside as Asterisk sees it."""
        return Path("/") / path.relative_to(self.path)

    @property
    def modules(self) -> Path:
        """Asterisk's module folder, as Asterisk sees it."""
        found = sorted(self.path.glob("usr/lib/*/asterisk/modules")) or [
            self.path / "usr/lib/asterisk/modules"
        ]
        return self.inside(found[0])


def asterisk_root() -> AsteriskRoot:
    """An installed Asterisk >= 20, else the root folder of the cache, made on first use (about a minute).

    Raises `LabError` that says what to do when neither can be had.
    """
    if shutil.which("asterisk"):
        version = _version(["asterisk"])
        if int(version.split(".")[0]) >= OLDEST_MAJOR:
            return AsteriskRoot(Path("/"), version)
        say(f"the installed Asterisk {version} is older than {OLDEST_MAJOR}: it is left alone")
    if os.geteuid() != 0:
        raise LabError(
            f"no Asterisk {OLDEST_MAJOR} or later is installed, and only root can make a root folder of it; "
            "run this as root, or install one"
        )
    digest = hashlib.sha256("\0".join(RECIPE).encode()).hexdigest()[:12]
    target = cache_folder() / f"asterisk-{digest}"
    with locked("asterisk"):
        if not target.exists():
            _make(target)
        _name_this_host(target)
    return AsteriskRoot(target, _version(["chroot", str(target), "asterisk"]))


def _make(target: Path) -> None:
    if not shutil.which("mmdebstrap"):
        raise LabError("mmdebstrap is missing; type: apt-get install --yes mmdebstrap")
    building = target.with_name(f"{target.name}.building")
    shutil.rmtree(building, ignore_errors=True)
    say(f"making a root folder with Asterisk from Debian {SUITE}, once for this machine (about a minute) ...")
    if subprocess.run([*RECIPE, str(building)], stdin=subprocess.DEVNULL).returncode != 0:
        raise LabError("mmdebstrap could not make Asterisk's root folder; its message is above")
    (building / "srv" / "cadencia").mkdir(mode=0o755)
    building.rename(target)


def _name_this_host(root: Path) -> None:
    """Let Asterisk find its own address without asking a name server; it would look for a root server's too."""
    names = f"127.0.0.1 localhost {socket.gethostname()} A.ROOT-SERVERS.NET\n"
    hosts = root / "etc" / "hosts"
    if not hosts.exists() or hosts.read_text() != names:
        hosts.write_text(names)


def _version(command: list[str]) -> str:
    banner = subprocess.run([*command, "-V"], capture_output=True, text=True).stdout
    found = re.search(r"Asterisk (\d+\.\d+\.\d+)", banner)
    if not found:
        raise LabError(f"`{' '.join(command)} -V` gave no version but: {banner.strip() or 'nothing'}")
    return found[1]
