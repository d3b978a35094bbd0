"""The doctor's judgements, without anything to examine."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from dialer.cli import checks
from dialer.cli.checks import Level, TrunkRow, check_clocks, check_disks, check_trunks
from dialer.config import Settings


def trunk(calls: int = 0, refused: int = 0) -> TrunkRow:
    return TrunkRow("telco", 5.0, 30, calls, refused)


@pytest.mark.parametrize(
    ("row", "contacts", "level", "said"),
    [
        (trunk(), {"telco": "Reachable in 12 ms"}, Level.OK, "reachable in 12 ms"),
        (trunk(100, 3), {"telco": "NonQualified"}, Level.OK, "3 of 100 calls refused"),
        (trunk(100, 60), {"telco": "NonQualified"}, Level.WARN, "60 of 100"),
        (trunk(4, 4), {"telco": "NonQualified"}, Level.OK, "4 of 4"),
        (trunk(), {"telco": "Unreachable"}, Level.FAIL, "unreachable"),
        (trunk(), {"telco": None}, Level.FAIL, "no such endpoint"),
        (trunk(), {"telco": "NoContact"}, Level.FAIL, "no address"),
        (trunk(), None, Level.WARN, "was not asked"),
    ],
)
def test_a_trunk_is_judged_by_the_switch_and_by_its_calls(
    row: TrunkRow, contacts: dict[str, str | None] | None, level: Level, said: str
) -> None:
    (check,) = check_trunks([row], contacts)
    assert check.level is level
    assert said in check.detail
    assert (check.advice == "") is (level is Level.OK)


def test_a_trunk_whose_carrier_refuses_us_says_so_and_how_to_go_on() -> None:
    row = TrunkRow("telco", 5.0, 30, 3, 3, "the carrier refuses our account (SIP 401, 3 calls in a row)")
    (check,) = check_trunks([row], {"telco": "Reachable in 12 ms"})
    assert check.level is Level.FAIL
    assert "SIP 401" in check.detail
    assert "dialer trunk enable telco" in check.advice


def test_without_a_trunk_nothing_can_be_dialled() -> None:
    assert [check.level for check in check_trunks([], {})] == [Level.FAIL]
    assert [check.level for check in check_trunks(None, None)] == [Level.WARN]


@pytest.mark.parametrize(
    ("ahead", "level"),
    [
        ({"database": 0.01, "switch": -0.2}, Level.OK),
        ({"database": 0.01, "switch": -0.9}, Level.WARN),
        ({"database": 3600.0, "switch": None}, Level.FAIL),
        ({"database": None, "switch": None}, Level.WARN),
    ],
)
def test_clocks_must_agree(ahead: dict[str, float | None], level: Level) -> None:
    (check,) = check_clocks(ahead)
    assert check.level is level


@pytest.mark.parametrize(
    ("version", "level"),
    [
        ("22.10.1+dfsg-1", Level.OK),
        ("20.0.0", Level.OK),
        ("certified-20.7-cert2", Level.OK),
        ("18.9", Level.FAIL),
        ("GIT", Level.WARN),
    ],
)
def test_the_switch_must_be_new_enough(version: str, level: Level) -> None:
    assert checks._version("dialer@switch", version).level is level


@pytest.mark.parametrize(
    ("free", "level"), [(10**12, Level.OK), (5 * 10**9, Level.WARN), (10**8, Level.FAIL)]
)
def test_recordings_need_room(
    free: int, level: Level, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks.shutil, "disk_usage", lambda folder: SimpleNamespace(free=free))
    settings = Settings(database_dsn="x", spool_dir=tmp_path, recordings_dir=tmp_path / "none")  # type: ignore[arg-type]
    spool, recordings = check_disks(settings)
    assert spool.level is level
    assert recordings.level is Level.FAIL
    assert "CADENCIA_RECORDINGS_DIR" in recordings.advice
    assert list(tmp_path.iterdir()) == []
