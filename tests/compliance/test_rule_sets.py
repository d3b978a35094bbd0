"""Rule sets are read strictly: a mistyped key would be a law forgotten."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, time
from importlib.resources import files
from typing import Any

import pytest
import yaml

from dialer.compliance import RULES, judge, load_rule_set
from dialer.compliance.rule_set import KNOWN_RULES, WEEKDAYS, Deny, parse_rule_set
from dialer.domain.errors import BadInput
from dialer.domain.values import Verdict

PRESETS = sorted(p.name.removesuffix(".yaml") for p in (files("dialer.compliance") / "presets").iterdir())
T0 = datetime(2026, 3, 3, 15, 0, tzinfo=UTC)

GOOD = """
name: test
version: "3"
notice: {en: "for tests"}
rules: [do_not_call, calling_hours]
calling_hours:
  monday: "08:00-20:00"
  tuesday: 08:00-20:00
  wednesday: "00:00-24:00"
  thursday: "08:30-20:15"
  friday: "08:00-20:00"
  saturday: none
  sunday: "none"
"""


def tree(**changes: Any) -> dict[str, Any]:
    """The good rule set, changed; `monday="..."` changes a span."""
    data = copy.deepcopy(yaml.safe_load(GOOD))
    for key, value in changes.items():
        (data["calling_hours"] if key in WEEKDAYS else data)[key] = value
    return data


def test_rules_known_are_rules_there_are() -> None:
    assert frozenset(RULES) == KNOWN_RULES


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_loads(name: str) -> None:
    rules = load_rule_set(name)
    assert rules.name == name, "a preset carries the name of its file"
    assert "do_not_call" in rules.rules


def test_laboratory_says_what_it_is() -> None:
    """It allows any hour, so whoever sees its campaigns must read that it reaches nobody."""
    assert set(load_rule_set("laboratory").notice) == {"es", "en", "pt"}


def test_good_one() -> None:
    rules = parse_rule_set(tree())
    assert (rules.name, rules.version, rules.rules) == ("test", "3", ("do_not_call", "calling_hours"))
    assert rules.hours[0] == (time(8), time(20))
    assert rules.hours[2] == (time.min, time.max)
    assert rules.hours[3] == (time(8, 30), time(20, 15))
    assert rules.hours[5:] == (None, None)


@pytest.mark.parametrize("name", ["atlantis", "", "../presets/strict", "strict.yaml", "Strict"])
def test_unknown_preset(name: str) -> None:
    with pytest.raises(BadInput, match=r"no rule set .*there are: .*strict"):
        load_rule_set(name)


@pytest.mark.parametrize("data", [None, [], "text", 3, {}, True])
def test_no_mapping(data: object) -> None:
    with pytest.raises(BadInput, match="exactly the keys"):
        parse_rule_set(data)


def test_unknown_and_missing_keys() -> None:
    with pytest.raises(BadInput, match="exactly the keys"):
        parse_rule_set(tree(frequency={"per_week": 7}))
    short = tree()
    del short["version"]
    with pytest.raises(BadInput, match="exactly the keys"):
        parse_rule_set(short)
    with pytest.raises(BadInput, match="each weekday once"):
        parse_rule_set(tree(calling_hours={"monday": "08:00-20:00"}))
    extra = tree()
    extra["calling_hours"]["holiday"] = "none"
    with pytest.raises(BadInput, match="each weekday once"):
        parse_rule_set(extra)


@pytest.mark.parametrize(
    "rules",
    ["do_not_call", None, False, {"do_not_call": True}, [["do_not_call"]], [None], ["do_not_cal"], []],
)
def test_rules_that_are_no_list_of_rules(rules: object) -> None:
    with pytest.raises(BadInput, match="rules"):
        parse_rule_set(tree(rules=rules))


@pytest.mark.parametrize("notice", [None, "text", ["en"], {"en": None}, {1: "one"}, False])
def test_notice_that_is_no_text_by_language(notice: object) -> None:
    with pytest.raises(BadInput, match="notice"):
        parse_rule_set(tree(notice=notice))


@pytest.mark.parametrize("key", ["name", "version"])
@pytest.mark.parametrize("value", [None, 1.0, False, ["1"]])
def test_name_and_version_are_text(key: str, value: object) -> None:
    """`version: 1.10` is the number 1.1 to YAML: it must be quoted to be what it says."""
    with pytest.raises(BadInput, match=f"{key} is text"):
        parse_rule_set(tree(**{key: value}))


@pytest.mark.parametrize(
    "span",
    [
        yaml.safe_load("off"),  # False to YAML 1.1
        yaml.safe_load("no"),
        yaml.safe_load("08:00"),
        yaml.safe_load("20:00"),  # 1200 to YAML 1.1: base sixty
        None,
        "",
        "None",
        "closed",
        "08:00",
        "08:00-",
        "8-20",
        "8:00-20:00",
        "08:00 - 20:00",
        "08:00-20:00-22:00",
        "08:00-25:00",
        "08:00-20:60",
        "20:00-08:00",
        "08:00-08:00",
        "24:00-24:00",
        "08:00Z-20:00Z",
        "08:00+02:00",
        "08:00:00-20:00:00",
        "0800-2000",
        "٠٨:٠٠-٢٠:٠٠",
        ["08:00", "20:00"],
        "08:00-20:00\n",
    ],
)
def test_bad_spans(span: object) -> None:
    with pytest.raises(BadInput, match=r"calling_hours\.monday"):
        parse_rule_set(tree(monday=span))


def test_verdict_names_what_was_checked() -> None:
    rules = parse_rule_set(tree())
    said = judge(
        rules,
        at=T0,
        number="+18095550100",
        time_zone="America/Santo_Domingo",
        on_do_not_call=False,
        ring_timeout_s=25,
    )
    assert said == Verdict("test", "3", ("do_not_call", "calling_hours"))


def test_first_denial_counts() -> None:
    """On the list and at night: the reason time does not change comes first."""
    said = judge(
        parse_rule_set(tree()),
        at=T0.replace(hour=3),
        number="+18095550100",
        time_zone="America/Santo_Domingo",
        on_do_not_call=True,
        ring_timeout_s=25,
    )
    assert said == Deny("do_not_call", None)


def test_rule_not_in_the_set_is_not_asked() -> None:
    said = judge(
        parse_rule_set(tree(rules=["do_not_call"])),
        at=T0.replace(hour=3),
        number="+18095550100",
        time_zone=None,
        on_do_not_call=False,
        ring_timeout_s=25,
    )
    assert said == Verdict("test", "3", ("do_not_call",))
