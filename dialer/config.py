"""Settings from the environment: addresses, folders and secrets, nothing else.

Each is `CADENCIA_<NAME>`; `CADENCIA_<NAME>_FILE` names a file that holds the value instead, as containers
give secrets.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import Any, Self

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from dialer.domain.errors import BadInput

PREFIX = "CADENCIA_"


class Settings(BaseSettings):
    """Where everything is. `load` is the way to get one."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="forbid")

    #: postgresql://user:password@host:port/database, as libpq reads it.
    database_dsn: SecretStr = SecretStr("")

    ami_host: str = "127.0.0.1"
    ami_port: int = Field(default=5038, ge=1, le=65535)
    ami_user: str = "dialer"
    ami_secret: SecretStr = SecretStr("")
    #: The manager user who may start recordings and nothing else (asterisk_conf/switch/manager.conf.j2).
    ami_recorder_user: str = "recorder"
    ami_recorder_secret: SecretStr = SecretStr("")

    #: Where the screener takes calls' sound: an address the switch reaches; port 0 takes a free one.
    screener_host: str = Field(default="127.0.0.1", pattern=r"^[0-9A-Za-z.-]{1,100}$")
    screener_port: int = Field(default=0, ge=0, le=65535)

    #: The folder the switch records into: as this process sees it, and as the switch itself names it.
    spool_dir: Path | None = None
    switch_spool_dir: PurePosixPath | None = None
    #: Where finished recordings are kept.
    recordings_dir: Path | None = None
    #: Where files wait that supervisors bring; none: they are loaded by command only.
    uploads_dir: Path | None = None

    api_host: str = "127.0.0.1"
    api_port: int = Field(default=8080, ge=0, le=65535)  # 0: any free one
    #: The built console; without it the API serves data only.
    console_dir: Path | None = None

    #: What the browser's softphone registers with.
    sip_domain: str = "127.0.0.1"
    sip_socket_url: str = ""
    sip_realm: str = "cadencia"
    #: https://dialer.example.com when a proxy stands before the API; none: the request's own scheme and host.
    public_origin: str | None = None

    #: whsec_<base64>, one or (while it is changed) two separated by a space; none: no webhook is taken.
    webhook_secret: SecretStr = SecretStr("")

    #: mqtt://[user:password@]host[:port]; none: no mirror.
    mqtt_url: SecretStr | None = None

    @classmethod
    def load(cls, *needs: str) -> Self:
        """The settings of this process; `needs` names the fields the caller can't do without.

        The database's address always is one of them. Raises BadInput, one line that names the variable.
        """
        try:
            settings = cls(**_from_files(cls))
        except ValidationError as error:
            raise BadInput(
                "; ".join(f"{_variable(e['loc'])}: {e['msg']}" for e in error.errors(include_url=False))
            ) from None
        for name in ("database_dsn", *needs):
            value = getattr(settings, name)
            if not (value.get_secret_value() if isinstance(value, SecretStr) else value):
                raise BadInput(f"set {PREFIX}{name.upper()} (or {PREFIX}{name.upper()}_FILE): it is missing")
        return settings


def _variable(location: tuple[int | str, ...]) -> str:
    return PREFIX + "_".join(str(part) for part in location).upper()


def _from_files(settings: type[BaseSettings]) -> dict[str, Any]:
    """The values that the environment gives by file name."""
    found: dict[str, Any] = {}
    for name in settings.model_fields:
        variable = f"{PREFIX}{name.upper()}"
        path = os.environ.get(f"{variable}_FILE")
        if not path:
            continue
        if os.environ.get(variable):
            raise BadInput(f"set {variable} or {variable}_FILE, not both")
        try:
            found[name] = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"{variable}_FILE: can't read {path}: {error}") from None
    return found
