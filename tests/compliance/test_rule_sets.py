"""Presets are read strictly: a mistyped key would be a law forgotten. And they merge, the strictest first."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from dialer.compliance import RULES, Debtor, Deny, judge, load_rule_set, rule_set_names
from dialer.compliance.holiday_calendar import load_calendar
from dialer.compliance.preset import load_preset, parse_preset, policy, preset_names, sources
from dialer.compliance.rule_set import merge
from dialer.domain.errors import BadInput
from dialer.domain.values import Verdict

T0 = datetime(2026, 3, 3, 15, 0, tzinfo=UTC)

GOOD = """\
format: cadencia-law/1
code: test
name: "For tests"
version: "3"
notice: {en: "for tests"}
zones: [America/Bogota]
holidays: CO
hours:
  days:
    mon: ["08:00-12:00", "14:00-20:00"]
    tue: ["08:00-20:00"]
    wed: ["00:00-24:00"]
    thu: []
    fri: ["08:00-20:00"]
    sat: []
    sun: []
    holiday: []
  norm: "Ley 1"
  src: [S01]
  conf: read_primary
limits:
  - id: T-day
    counts: contact
    unit: person
    channels: all
    max: 1
    window: {kind: calendar_day}
    conf: policy
"""


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_loads(name: str) -> None:
    assert load_preset(name).code == name


@pytest.mark.parametrize("name", rule_set_names())
def test_every_rule_set_loads(name: str) -> None:
    rules = load_rule_set(name)
    assert rules.name == name
    assert rules.version.partition("+")[2], "a version names the very figures"
    assert {"hours"} <= {"hours" for _ in rules.hours}


def test_what_is_not_written_is_not_known() -> None:
    """Sources cited exist, the policy loads, holidays of each country are there for the years to come."""
    assert len(sources()) == 66
    assert policy().conf == "policy"
    for name in preset_names():
        if (country := load_preset(name).holidays) is not None:
            assert {2026, 2027, 2028} <= load_calendar(country).years


def test_laboratory_says_what_it_is() -> None:
    """It allows any hour, so whoever sees its campaigns must read that it reaches nobody."""
    laboratory = load_rule_set("laboratory")
    assert set(laboratory.notice) == {"es", "en", "pt"}
    assert (laboratory.caps, laboratory.gaps, laboratory.scopes) == ((), None, ())


def test_good_one() -> None:
    preset = parse_preset(GOOD, "test.yaml")
    assert preset.hours is not None
    rows = preset.hours.days.rows()
    assert rows[0] == ((time(8), time(12)), (time(14), time(20)))
    assert rows[2] == ((time.min, time.max),)
    assert rows[3] == rows[7] == ()
    rules = merge(preset, [], "test")
    assert [cap.limit.id for cap in rules.caps] == ["T-day", "max_attempts_day", "max_attempts_week"]
    assert set(rules.to_approve) == {"T-day"}


@pytest.mark.parametrize(
    "name", ["atlantis", "", "../presets/strict", "strict.yaml", "Strict", "EU", "CO-XYZ", "US-", "BR-sp"]
)
def test_unknown_rule_set(name: str) -> None:
    with pytest.raises(BadInput, match=r"there are|by itself|no subdivision"):
        load_rule_set(name)


def test_subdivision_without_rules_has_its_country_s() -> None:
    assert load_rule_set("US-TX").caps == load_rule_set("US").caps
    assert load_rule_set("US-NY-NYC").caps[-1].limit.id == "NYC-3in7"


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("counts: contact", "cuonts: contact", 23, "no such key"),
        ("counts: contact", "counts: contacts", 23, "contact"),
        ("    max: 1\n", "", 22, "either max"),
        ("max: 1", "max: one", 26, "integer"),
        ("max: 1", 'max: "1"', 26, "integer"),
        ("max: 1", "max: yes", 26, "truth value"),
        ("max: 1", "max:", 26, "nothing stands here"),
        ("max: 1", "max: 1\n    max: 2", 27, "twice"),
        ('version: "3"', "version: 3", 4, "string"),
        ('version: "3"', "version: 1.10", 4, "string"),
        ('name: "For tests"', "name: off", 3, "truth value"),
        ('name: "For tests"', "? \n: x", 3, "key is text"),
        ('{en: "for tests"}', "{en: no}", 5, "truth value"),
        ("conf: policy", "conf: sure", 28, "read_primary"),
        ("conf: read_primary", "conf: read_primary\n  src2: [S01]", 21, "no such key"),
        ("  src: [S01]\n", "", 8, "needs its sources"),
        ("src: [S01]", "src: [S99]", 19, "not among the sources"),
        ("kind: calendar_day", "kind: calendar_day, days: 2", 27, "days belongs"),
        ("kind: calendar_day", "kind: consecutive_days", 27, "days belongs"),
        ("channels: all", "channels: [fax]", 25, "voice"),
        ("thu: []", "thu: off", 13, "truth value"),
        ("thu: []", "thu: 20:00", 13, "read as"),
        ("thu: []", "thu: none", 13, "a list"),
        ("thu: []", 'thu: ["08:00"]', 13, "HH:MM-HH:MM"),
        ("thu: []", 'thu: ["8:00-20:00"]', 13, "HH:MM-HH:MM"),
        ("thu: []", 'thu: ["08:00-25:00"]', 13, "no clock"),
        ("thu: []", 'thu: ["20:00-08:00"]', 13, "ends before"),
        ("thu: []", 'thu: ["08:00-12:00", "11:00-13:00"]', 13, "follow each other"),
        ("thu: []", 'thu: ["٠٨:٠٠-٢٠:٠٠"]', 13, "HH:MM-HH:MM"),
        ("    thu: []\n", "", 9, "missing"),
        ("holidays: CO", "holidays: &anchor CO", 1, "anchors"),
        ("holidays: CO", "holidays: !!python/name:os.system CO", 7, "read as"),
        ("format: cadencia-law/1", "format: cadencia-law/2", 1, "cadencia-law/1"),
        ("limits:", "limits: [", 22, "not YAML"),
    ],
)
def test_bad_presets(old: str, new: str, line: int, says: str) -> None:
    """The error names the file, the line and what is wrong there."""
    assert old in GOOD
    with pytest.raises(BadInput) as raised:
        parse_preset(GOOD.replace(old, new, 1), "test.yaml")
    message = str(raised.value)
    assert says in message
    assert message.startswith(f"test.yaml, line {line}:")


@pytest.mark.parametrize("text", ["", "[]", "text", "3", "true", "---\na: 1\n---\nb: 2\n"])
def test_no_preset(text: str) -> None:
    with pytest.raises(BadInput, match=r"^test.yaml, line \d"):
        parse_preset(text, "test.yaml")


def test_verdict_names_what_was_checked() -> None:
    rules = merge(parse_preset(GOOD, "test.yaml"), [], "test")
    said = judge(rules, Debtor(zone="America/Bogota"), at=T0)
    assert said == Verdict("test", rules.version, tuple(RULES))


def test_first_denial_counts() -> None:
    """On the list and at night: the reason time does not change comes first."""
    rules = merge(parse_preset(GOOD, "test.yaml"), [], "test")
    said = judge(rules, Debtor(zone="America/Bogota", do_not_call=True), at=T0.replace(hour=3))
    assert said == Deny("do_not_call", None)


def test_any_figure_changed_is_another_version() -> None:
    one, two = (
        merge(parse_preset(text, "test.yaml"), [], "test").version
        for text in (GOOD, GOOD.replace("max: 1", "max: 2"))
    )
    assert one != two
