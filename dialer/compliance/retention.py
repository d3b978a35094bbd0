"""How long what is known of a person may be kept, and must be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from dialer.compliance.provisions import Retention
from dialer.compliance.rule_set import RuleSet, load_rule_set, rule_set_names

#: A year in days, rounded up: nothing is deleted a day too early.
YEAR_DAYS = 366


@dataclass(frozen=True, slots=True)
class Keep:
    """How long recordings live from the call's beginning, and persons from the last that happened; None: no rule lets
    them be deleted. With the rules that say so."""

    recordings: timedelta | None
    recordings_by: Retention | None
    persons: timedelta | None
    persons_by: Retention | None


def keep_of(rules: RuleSet) -> Keep:
    """The shortest life that a rule gives to recordings, never below what another asks them to live; persons as long as
    the longest proof of contacts must be kept."""
    limits = [rule for rule in rules.retentions if rule.recordings_days is not None]
    shortest = min(limits, key=lambda rule: rule.recordings_days or 0, default=None)
    longest = max(rules.retentions, key=lambda rule: rule.contact_ledger_years, default=None)
    days = shortest.recordings_days if shortest else None
    if days is not None:
        days = max([days, *(rule.recordings_min_days or 0 for rule in rules.retentions)])
    return Keep(
        None if days is None else timedelta(days=days),
        shortest,
        None if longest is None else timedelta(days=YEAR_DAYS * longest.contact_ledger_years),
        longest,
    )


def longest_persons() -> timedelta:
    """How long anybody at all must be remembered: the longest that any rule set asks, whichever country is his."""
    kept = (keep_of(load_rule_set(name)).persons for name in rule_set_names())
    return max(span for span in kept if span is not None)
