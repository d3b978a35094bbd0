"""Render the switch's configuration from the environment and the secrets, then become Asterisk.

With the argument `reload`, in a container that runs: render it anew and have Asterisk read its carriers again. Calls
go on.

The secret `trunks` is YAML, a list of carriers (deploy/README.md):

    - name: carrier-a            # the endpoint's name, as in `dialer trunk set`
      host: sip.carrier.example
      port: 5060
      username: account          # both only where the carrier asks for a log-in
      password: secret
      codecs: [ulaw, alaw]
"""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from dialer.asterisk.render import render

HERE = Path(__file__).parent
TEMPLATES = HERE / "asterisk_conf" / "switch"
RUN = Path("/run/cadencia")
SECRETS = Path("/run/secrets")
LOOPBACK = "127.0.0.1"
#: Seconds that a customer is held whose agent's telephone died.
HOLD_S = 20
_TRUNK_KEYS = {"name", "host", "port", "username", "password", "codecs"}


class WrongSetting(Exception):
    """What keeps the switch from starting, in one line."""


def settings(environment: Mapping[str, str], secrets: Path, run: Path, modules: str) -> dict[str, Any]:
    """What the templates of asterisk_conf/switch ask for. Raises WrongSetting."""

    def variable(name: str) -> str:
        try:
            return environment[name]
        except KeyError:
            raise WrongSetting(f"set {name}") from None

    def secret(name: str) -> str:
        try:
            return (secrets / name).read_text("utf-8").strip()
        except OSError as error:
            raise WrongSetting(f"secret {name} can't be read: {error.strerror}") from None

    first, _, last = variable("CADENCIA_RTP_PORTS").partition("-")
    address, _, database = variable("CADENCIA_DATABASE").partition("/")
    host, _, port = address.partition(":")
    numbers = {"CADENCIA_RTP_PORTS": (first, last), "CADENCIA_DATABASE": (port,)}
    for name in ("CADENCIA_SIP_PORT", "CADENCIA_HTTP_PORT", "CADENCIA_AMI_PORT"):
        numbers[name] = (variable(name),)
    for name, texts in numbers.items():
        if not all(text.isascii() and text.isdigit() and 0 < int(text) < 65536 for text in texts):
            raise WrongSetting(f"{name}: {environment[name]!r} does not name ports from 1 to 65535")
    return {
        "directories": {
            "etc": str(run / "etc"),
            "run": str(run),
            "log": str(run / "log"),
            "modules": modules,
            "data": "/usr/share/asterisk",
            "lib": "/var/lib/cadencia",
            "spool": "/var/spool/cadencia",
            "sounds": str(HERE / "prompts"),
            "prompts": str(HERE / "prompts"),
        },
        "sip": {"host": variable("CADENCIA_SIP_ADDRESS"), "port": int(environment["CADENCIA_SIP_PORT"])},
        "rtp": {"start": int(first), "end": int(last)},
        # TLS ends at the proxy in front; between it and here is the loopback.
        "http": {"host": LOOPBACK, "port": int(environment["CADENCIA_HTTP_PORT"]), "tls": None},
        "ami": {
            "host": LOOPBACK,
            "port": int(environment["CADENCIA_AMI_PORT"]),
            "user": "dialer",
            "secret": secret("ami_secret"),
            "permit": f"{LOOPBACK}/255.255.255.255",
        },
        "recorder": {"user": "recorder", "secret": secret("ami_recorder_secret")},
        "trunks": trunks(secret("trunks")),
        "database": {
            "host": host,
            "port": int(port),
            "name": database,
            "user": "switch_reader",
            "password": secret("switch_reader_password"),
            "schema": "switch",
        },
        "hold_s": HOLD_S,
    }


def trunks(text: str) -> list[dict[str, Any]]:
    """The carriers of the secret `trunks`. Raises WrongSetting naming the carrier, never its password."""
    try:
        found = yaml.safe_load(text) or []
    except yaml.YAMLError:
        raise WrongSetting("secret trunks is not YAML") from None
    if not isinstance(found, list) or not all(isinstance(trunk, dict) for trunk in found):
        raise WrongSetting("secret trunks must be a list of carriers")
    for number, trunk in enumerate(found, 1):
        if not {"name", "host"} <= trunk.keys() <= _TRUNK_KEYS:
            raise WrongSetting(
                f"trunk {number}: needs name and host, and knows {', '.join(sorted(_TRUNK_KEYS))}"
            )
        if ("username" in trunk) != ("password" in trunk):
            raise WrongSetting(f"trunk {number}: username and password go together")
    defaults = {"port": 5060, "username": None, "password": None, "codecs": ["ulaw", "alaw"]}
    return [{**defaults, **trunk} for trunk in found]


def main(arguments: list[str]) -> None:
    """Never returns: this process becomes Asterisk, or the command that tells the one that runs."""
    if arguments not in ([], ["reload"]):
        raise WrongSetting(f"{' '.join(arguments)!r}: the only argument there is is reload")
    # Recordings belong to the group, which the dialer shares, and to nobody else.
    os.umask(0o007)
    modules = next(iter(glob.glob("/usr/lib/*/asterisk/modules")), "/usr/lib/asterisk/modules")
    told = ["-rx", "module reload res_pjsip.so"] if arguments else ["-f"]
    if not arguments:
        (RUN / "log").mkdir(exist_ok=True)
        messages = RUN / "log" / "messages"
        messages.unlink(missing_ok=True)
        messages.symlink_to("/proc/self/fd/1")
        Path("/var/spool/cadencia/monitor").mkdir(exist_ok=True)
    render(TEMPLATES, RUN / "etc", settings(os.environ, SECRETS, RUN, modules))
    os.execvp("asterisk", ["asterisk", *told, "-C", str(RUN / "etc" / "asterisk.conf")])  # noqa: S606


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (WrongSetting, ValueError, OSError) as error:
        sys.exit(f"switch: {error}")
