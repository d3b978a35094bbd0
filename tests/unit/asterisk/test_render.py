"""The switch's files say what the settings say; a setting can't say more than its own line."""

import warnings
from pathlib import Path
from typing import Any

import pytest
from asterisk.config import Config
from jinja2 import UndefinedError

from dialer.asterisk.render import UnsafeSetting, render

SWITCH = Path(__file__).resolve().parents[3] / "asterisk_conf" / "switch"


def settings(**changes: Any) -> dict[str, Any]:
    names = ("etc", "modules", "lib", "data", "spool", "run", "log", "prompts")
    return {
        "directories": {name: f"/srv/{name}" for name in names},
        "sip": {"host": "127.0.0.1", "port": 5060},
        "rtp": {"start": 10000, "end": 12000},
        "http": {"host": "127.0.0.1", "port": 8088, "tls": None},
        "ami": {
            "host": "127.0.0.1",
            "port": 5038,
            "user": "dialer",
            "secret": "s1",
            "permit": "127.0.0.1/32",
        },
        "recorder": {"user": "recorder", "secret": "s2"},
        "trunks": [
            {
                "name": "first",
                "host": "sip.example",
                "port": 5060,
                "codecs": ["ulaw"],
                "username": "u",
                "password": "p",
            },
            {
                "name": "second",
                "host": "10.0.0.1",
                "port": 5070,
                "codecs": ["alaw"],
                "username": None,
                "password": None,
            },
        ],
        "database": {
            "host": "db",
            "port": 5432,
            "name": "c",
            "user": "r",
            "password": "x",
            "schema": "switch",
        },
        "hold_s": 20,
        **changes,
    }


def read(path: Path) -> dict[str, list[tuple[str, str]]]:
    """Sections and their settings, as the independent parser of pyst2 reads them."""
    with warnings.catch_warnings():
        # It leaves the file to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        parsed = Config(str(path))
    sections: dict[str, list[tuple[str, str]]] = {}
    for category in parsed.categories:
        items = [(item.name, item.value.strip()) for item in category.items]
        sections.setdefault(category.name, []).extend(items)
    return sections


def test_another_parser_reads_every_file(tmp_path: Path) -> None:
    written = render(SWITCH, tmp_path, settings())
    assert {path.name for path in written} == {path.stem for path in SWITCH.glob("*.j2")}
    for path in written:
        assert read(path), path.name
        assert path.stat().st_mode & 0o777 == 0o640


def test_ami_users_have_the_least_rights(tmp_path: Path) -> None:
    render(SWITCH, tmp_path, settings())
    users = read(tmp_path / "manager.conf")
    assert set(users) == {"general", "dialer", "recorder"}
    assert ("write", "call,originate,reporting") in users["dialer"]
    assert ("read", "") in users["recorder"]
    assert ("write", "system") in users["recorder"]
    for user in ("dialer", "recorder"):
        assert ("deny", "0.0.0.0/0.0.0.0") in users[user]
        assert ("permit", "127.0.0.1/32") in users[user]


def test_switch_loads_nothing_that_starts_programs(tmp_path: Path) -> None:
    render(SWITCH, tmp_path, settings())
    modules = read(tmp_path / "modules.conf")["modules"]
    assert ("autoload", "no") in modules
    loaded = {value for _, value in modules}
    assert loaded.isdisjoint(
        {"app_system.so", "func_shell.so", "res_agi.so", "app_externalivr.so", "func_env.so"}
    )


def test_each_trunk_is_an_endpoint_and_only_one_with_a_user_authenticates(tmp_path: Path) -> None:
    render(SWITCH, tmp_path, settings())
    sections = read(tmp_path / "pjsip.conf")
    assert ("outbound_auth", "first") in sections["first"]
    assert ("contact", "sip:10.0.0.1:5070") in sections["second"]
    assert not [name for name, _ in sections["second"] if name == "outbound_auth"]
    assert "transport-wss" not in sections


def test_a_certificate_opens_the_secure_socket(tmp_path: Path) -> None:
    tls = {"port": 8089, "certificate": "/keys/c.pem", "key": "/keys/k.pem"}
    render(SWITCH, tmp_path, settings(http={"host": "0.0.0.0", "port": 8088, "tls": tls}))
    assert "transport-wss" in read(tmp_path / "pjsip.conf")
    assert ("tlscertfile", "/keys/c.pem") in read(tmp_path / "http.conf")["general"]


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\0b", "a;b", "${SHELL(x)}", "$[1]"])
def test_a_value_that_reaches_beyond_its_line_is_refused(tmp_path: Path, value: str) -> None:
    trunks = settings()["trunks"]
    trunks[1]["host"] = value
    with pytest.raises(UnsafeSetting, match=r"trunks\[1\]\.host"):
        render(SWITCH, tmp_path / "etc", settings(trunks=trunks))
    assert not (tmp_path / "etc").exists()


def test_a_missing_setting_is_an_error_and_writes_nothing(tmp_path: Path) -> None:
    incomplete = settings()
    del incomplete["rtp"]
    with pytest.raises(UndefinedError, match="rtp"):
        render(SWITCH, tmp_path / "etc", incomplete)
    assert not (tmp_path / "etc").exists()


def test_a_folder_without_templates_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no templates"):
        render(tmp_path, tmp_path / "etc", {})
