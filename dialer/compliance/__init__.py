"""The contact law: may this person be called on this number at this moment?

One rule per file, each `(case) -> Deny | None`; `RULES` is their order. A rule set (the law as data, one YAML file
under `presets/`) says which rules apply and with what figures. The verdict that counts is taken at originate time
and stored with the attempt.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from dialer.compliance.calling_hours import calling_hours
from dialer.compliance.do_not_call import do_not_call
from dialer.compliance.rule_set import Case, Deny, RuleSet, load_rule_set
from dialer.domain.values import Verdict

RULES: dict[str, Callable[[Case], Deny | None]] = {
    "do_not_call": do_not_call,
    "calling_hours": calling_hours,
}

__all__ = ["RULES", "Case", "Deny", "RuleSet", "judge", "load_rule_set"]


def judge(
    rules: RuleSet,
    *,
    at: datetime,
    number: str,
    time_zone: str | None,
    on_do_not_call: bool,
    ring_timeout_s: int,
) -> Verdict | Deny:
    """The verdict on one call: the Verdict to store with the attempt, or the first rule that forbids it."""
    case = Case(rules, at, number, time_zone, on_do_not_call, ring_timeout_s)
    for name in rules.rules:
        if denial := RULES[name](case):
            return denial
    return Verdict(rules.name, rules.version, tuple(rules.rules))
