"""The production layout, as far as it can be judged without a container engine."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest
import structlog
import yaml

from dialer.asterisk.render import render
from dialer.cli import main
from dialer.config import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
STANDING = sorted(SERVICES.keys() - {"migrate"})
DOCKERFILES = sorted((ROOT / "deploy").rglob("Dockerfile"))
ENTRYPOINT = runpy.run_path(str(ROOT / "deploy" / "asterisk" / "entrypoint.py"))


def test_the_services_are_those_of_the_design() -> None:
    assert STANDING == ["api", "asterisk", "dialer", "mosquitto", "postgres"]
    assert SERVICES["migrate"]["command"] == ["db", "upgrade"]


@pytest.mark.parametrize("name", STANDING)
def test_a_service_is_watched_confined_and_restarted(name: str) -> None:
    service = SERVICES[name]
    assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert service["restart"] == "unless-stopped"
    user = service["user"].split(":")[0]
    assert user.isdigit()
    assert int(user) > 0
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_an_image_is_pinned_by_version(name: str) -> None:
    _, _, tag = SERVICES[name]["image"].partition(":")
    assert re.match(r"[0-9]+\.[0-9]+", tag), f"{name} has tag {tag!r}"


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_built_stands_on_named_releases_and_sheds_root(path: Path) -> None:
    text = path.read_text("utf-8")
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert bases
    for base in bases:
        assert re.search(r":[0-9a-z]", base), base
        assert "latest" not in base
    assert re.findall(r"^USER (\S+)", text, re.MULTILINE)[-1].split(":")[0].isdigit()


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_copied_is_there_and_not_ignored(path: Path) -> None:
    kept = {
        line[1:]
        for line in path.with_name("Dockerfile.dockerignore").read_text("utf-8").splitlines()
        if line.startswith("!")
    }
    for line in re.findall(r"^COPY (?!--from)(.+)$", path.read_text("utf-8"), re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert any(source == name or source.startswith(f"{name}/") for name in kept), source


def test_every_port_is_published_on_the_loopback() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert len(ports) == 2
    assert all(port.startswith("127.0.0.1:") for port in ports)


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_secrets_come_from_files_only(name: str) -> None:
    service = SERVICES[name]
    for secret in service.get("secrets", ()):
        assert COMPOSE["secrets"][secret]["file"] == f"deploy/secrets/{secret}"
    for variable, value in service.get("environment", {}).items():
        if re.search("PASSWORD|SECRET|DSN|MQTT_URL", variable):
            assert variable.endswith("_FILE"), variable
            assert value.removeprefix("/run/secrets/") in service["secrets"], variable
        assert "://" not in str(value) or "@" not in str(value), f"{variable} holds a log-in"


def test_every_secret_and_volume_is_used() -> None:
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", ())}
    assert used == set(COMPOSE["secrets"])
    mounts = [mount.split(":")[0] for service in SERVICES.values() for mount in service.get("volumes", ())]
    assert {mount for mount in mounts if not mount.startswith(".")} == set(COMPOSE["volumes"])
    for mount in mounts:
        assert not mount.startswith(".") or (ROOT / mount).exists(), mount


@pytest.mark.parametrize("name", ["api", "dialer", "migrate"])
def test_the_product_knows_every_variable_it_is_given(name: str) -> None:
    for variable in SERVICES[name]["environment"]:
        field = variable.removeprefix(PREFIX).removesuffix("_FILE").lower()
        assert field in Settings.model_fields, variable


@pytest.mark.parametrize("name", ["api", "dialer", "migrate"])
def test_the_product_knows_the_commands_it_is_given(name: str) -> None:
    service = SERVICES[name]
    commands = [service["command"]]
    check = service.get("healthcheck", {}).get("test", [])
    if check[1:4] == ["python", "-m", "dialer"]:
        commands.append(check[4:])
    for command in commands:
        with pytest.raises(SystemExit) as ended:
            main([*command, "--help"])
        structlog.reset_defaults()
        assert ended.value.code == 0, command


def test_the_tables_come_before_those_who_read_them() -> None:
    for name in ("asterisk", "dialer", "api"):
        assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert SERVICES["migrate"]["depends_on"]["postgres"]["condition"] == "service_healthy"


def test_the_broker_lets_nobody_in_without_a_name() -> None:
    lines = (ROOT / "deploy/mosquitto/mosquitto.conf").read_text("utf-8").splitlines()
    assert "allow_anonymous false" in lines
    assert "acl_file /mosquitto/config/acl" in lines
    rules = (ROOT / "deploy/mosquitto/acl").read_text("utf-8")
    assert re.findall(r"^topic (\w+) (\S+)$", rules, re.MULTILINE) == [
        ("write", "cadencia/v1/#"),
        ("read", "cadencia/v1/#"),
    ]


# --- the switch's entry point -------------------------------------------------------------------------------

CARRIERS = """
- name: carrier-a
  host: sip.carrier.example
- name: carrier-b
  host: 192.0.2.7
  port: 5062
  username: cuenta
  password: clave
"""


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    folder.mkdir()
    for name in SERVICES["asterisk"]["secrets"]:
        (folder / name).write_text(CARRIERS if name == "trunks" else f"value-of-{name}\n")
    return folder


def variables(**changes: str) -> dict[str, str]:
    given = {name: str(value) for name, value in SERVICES["asterisk"]["environment"].items()}
    resolved = {
        "CADENCIA_SIP_ADDRESS": "192.0.2.1",
        "CADENCIA_SIP_PORT": "5060",
        "CADENCIA_RTP_PORTS": "10000-19998",
    }
    return given | resolved | changes


def test_the_switch_is_rendered_from_environment_and_secrets(tmp_path: Path, secrets: Path) -> None:
    settings = ENTRYPOINT["settings"](variables(), secrets, tmp_path / "run", "/usr/lib/asterisk/modules")
    written = render(ROOT / "asterisk_conf" / "switch", tmp_path / "etc", settings)
    assert {path.name for path in written} >= {
        "asterisk.conf",
        "manager.conf",
        "pjsip.conf",
        "res_pgsql.conf",
    }
    manager = (tmp_path / "etc" / "manager.conf").read_text()
    assert "secret = value-of-ami_secret\n" in manager
    assert "secret = value-of-ami_recorder_secret\n" in manager
    assert "bindaddr = 127.0.0.1\n" in manager
    pjsip = (tmp_path / "etc" / "pjsip.conf").read_text()
    assert "contact = sip:sip.carrier.example:5060" in pjsip
    assert "password = clave" in pjsip
    assert "dbpass = value-of-switch_reader_password" in (tmp_path / "etc" / "res_pgsql.conf").read_text()


@pytest.mark.parametrize(
    ("carriers", "said"),
    [
        ("- host: x", "trunk 1: needs name and host"),
        ("- {name: a, host: b, passwd: c}", "trunk 1"),
        ("- {name: a, host: b, password: c}", "go together"),
        ("name: a", "a list of carriers"),
        ("[", "not YAML"),
    ],
)
def test_a_wrong_carrier_is_named(carriers: str, said: str) -> None:
    with pytest.raises(ENTRYPOINT["WrongSetting"], match=said):
        ENTRYPOINT["trunks"](carriers)


@pytest.mark.parametrize(
    "changes",
    [
        {"CADENCIA_SIP_PORT": "0"},
        {"CADENCIA_RTP_PORTS": "10000"},
        {"CADENCIA_RTP_PORTS": "10000-99999"},
        {"CADENCIA_DATABASE": "127.0.0.1/cadencia"},
        {"CADENCIA_AMI_PORT": "5038\nhost = 0.0.0.0"},
    ],
)
def test_a_wrong_port_is_named(changes: dict[str, str], tmp_path: Path, secrets: Path) -> None:
    with pytest.raises(ENTRYPOINT["WrongSetting"], match=next(iter(changes))):
        ENTRYPOINT["settings"](variables(**changes), secrets, tmp_path, "/m")


def test_a_missing_secret_is_named(tmp_path: Path, secrets: Path) -> None:
    (secrets / "ami_secret").unlink()
    with pytest.raises(ENTRYPOINT["WrongSetting"], match="secret ami_secret"):
        ENTRYPOINT["settings"](variables(), secrets, tmp_path, "/m")


def test_the_entry_point_knows_one_argument() -> None:
    with pytest.raises(
        ENTRYPOINT["WrongSetting"], match="'restart now': the only argument there is is reload"
    ):
        ENTRYPOINT["main"](["restart", "now"])
