"""`dialer may-call`: the law asked with a file of history, as others will ask it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dialer.cli import app
from dialer.domain.errors import BadInput

runner = CliRunner()
CO = ("--jurisdiction", "CO", "--channel", "voice")


def ask(*arguments: str) -> dict[str, Any]:
    result = runner.invoke(app, ["may-call", *arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    assert {"allowed", "rule", "norm", "source", "clears_at"} <= set(answer)
    return dict(answer)


def refused(*arguments: str) -> str:
    result = runner.invoke(app, ["may-call", *arguments])
    assert isinstance(result.exception, BadInput)
    return str(result.exception)


def written(folder: Path, name: str, data: object) -> str:
    file = folder / name
    file.write_text(json.dumps(data), "utf-8")
    return str(file)


def test_saturday_afternoon() -> None:
    assert ask(*CO, "--at", "2026-11-21T14:59:00-05:00")["allowed"] is True
    answer = ask(*CO, "--at", "2026-11-21T14:59:30-05:00")
    assert answer["allowed"] is False
    assert (answer["rule"], answer["norm"]) == ("hours", "Ley 2300 de 2023 art. 3")
    assert answer["source"] == ["S02", "S03", "S04"]
    assert answer["clears_at"] == "2026-11-23T07:00:00-05:00"
    assert answer["cited"][0]["url"]


def test_history_and_debtor(tmp_path: Path) -> None:
    history = [
        {
            "at": "2026-11-18T18:00:00Z",
            "channel": "voice",
            "counts": ["attempt", "answered_human", "contact"],
            "phone": "+573001234567",
            "debt": 7,
        },
    ]
    debtor = {"zone": "America/Bogota", "phone": "+573001234567", "debt": "7", "account": None, "shoe": 43}
    files = (
        "--history",
        written(tmp_path, "history.json", history),
        "--debtor",
        written(tmp_path, "debtor.json", debtor),
    )
    answer = ask(*CO, "--at", "2026-11-18T18:00:00-05:00", *files)
    assert (answer["rule"], answer["clears_at"]) == ("CO-day", "2026-11-19T07:00:00-05:00")
    assert answer["ignored"] == ["debtor.shoe"]


def test_rule_of_our_own_says_so(tmp_path: Path) -> None:
    tried = [{"at": "2026-11-18T10:00:00-05:00", "channel": "voice", "counts": ["attempt"]}]
    answer = ask(
        *CO, "--at", "2026-11-18T11:00:00-05:00", "--history", written(tmp_path, "history.json", tried)
    )
    assert answer["rule"] == "min_gap_between_attempts_s"
    assert answer["source"] == ["policy_defaults"]
    assert answer["norm"].startswith("policy")


@pytest.mark.parametrize("subdivision", ["US-NY-NYC", "NYC", "NY-NYC"])
def test_subdivision_in_any_writing(subdivision: str) -> None:
    answer = ask(
        *("--jurisdiction", "US", "--subdivision", subdivision, "--at", "2026-11-18T11:00:00-05:00"),
    )
    assert (answer["allowed"], answer["rule_set"]["name"]) == (True, "US-NY-NYC")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--jurisdiction", "ZZ", "--at", "2026-11-18T11:00:00Z"), "no rules for 'ZZ'"),
        (("--jurisdiction", "EU", "--at", "2026-11-18T11:00:00Z"), "none by itself"),
        ((*CO, "--subdivision", "US-MA", "--at", "2026-11-18T11:00:00Z"), "no subdivision"),
        ((*CO, "--at", "2026-11-18T11:00:00"), "no offset"),
        ((*CO, "--at", "yesterday"), "is no time"),
        (("--jurisdiction", "CO", "--channel", "fax", "--at", "2026-11-18T11:00:00Z"), "none of voice"),
        ((*CO, "--at", "2026-11-18T11:00:00Z", "--history", "/nowhere/x.json"), "can't be read"),
    ],
)
def test_what_cannot_be_understood(arguments: tuple[str, ...], says: str) -> None:
    assert says in refused(*arguments)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({}, "a list of contacts"),
        ([3], r"[0]: it is an object"),
        ([{"at": "2026-11-18T11:00:00Z", "channel": "voice"}], "[0]: counts is missing"),
        ([{"at": "2026-11-18T11:00:00Z", "channel": "voice", "counts": ["atempt"]}], "none of attempt"),
        ([{"at": 3, "channel": "voice", "counts": []}], "is no time"),
        ([{"at": "2026-11-18T11:00:00Z", "channel": "voice", "counts": [], "phone": [1]}], "phone: a text"),
    ],
)
def test_bad_history(tmp_path: Path, data: object, says: str) -> None:
    file = written(tmp_path, "history.json", data)
    assert says in refused(*CO, "--at", "2026-11-18T11:00:00Z", "--history", file)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ([], "an object"),
        ({"zone": "America/Atlantis"}, "no time zone"),
        ({"in_flight": -1}, "whole number"),
        ({"do_not_call": "yes"}, "true or false"),
        ({"role": "cousin"}, "none of debtor"),
        ({"only_hours": {"monday": []}}, "spans by day"),
        ({"only_hours": {"mon": ["9-12"]}}, "HH:MM-HH:MM"),
    ],
)
def test_bad_debtor(tmp_path: Path, data: object, says: str) -> None:
    file = written(tmp_path, "debtor.json", data)
    assert says in refused(*CO, "--at", "2026-11-18T11:00:00Z", "--debtor", file)


def test_wishes(tmp_path: Path) -> None:
    """He may narrow the hours anywhere; widen them only where the law lets him (CO), not in MX."""
    evening = ("--at", "2026-11-18T20:00:00-05:00")
    wide = written(tmp_path, "wide.json", {"zone": "America/Bogota", "more_hours": {"wed": ["19:00-21:00"]}})
    assert ask(*CO, *evening)["allowed"] is False
    assert ask(*CO, *evening, "--debtor", wide)["allowed"] is True
    late = ("--at", "2026-11-18T23:00:00-06:00")
    wide = written(
        tmp_path, "mx.json", {"zone": "America/Mexico_City", "more_hours": {"wed": ["22:00-24:00"]}}
    )
    assert ask("--jurisdiction", "MX", *late, "--debtor", wide)["allowed"] is False
    narrow = written(
        tmp_path, "narrow.json", {"zone": "America/Bogota", "only_hours": {"thu": ["09:00-10:00"]}}
    )
    answer = ask(*CO, "--at", "2026-11-18T12:00:00-05:00", "--debtor", narrow)
    assert (answer["rule"], answer["clears_at"]) == ("debtor_wish", "2026-11-19T09:00:00-05:00")
    sms = written(tmp_path, "sms.json", {"zone": "America/Bogota", "authorised_channels": ["sms"]})
    assert ask(*CO, "--at", "2026-11-18T12:00:00-05:00", "--debtor", sms)["rule"] == "channel_consent"
