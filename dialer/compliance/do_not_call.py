"""A person or number on the do-not-call list is not called, and time does not change it."""

from __future__ import annotations

from dialer.compliance.rule_set import Case, Deny


def do_not_call(case: Case) -> Deny | None:
    return Deny("do_not_call", None) if case.on_do_not_call else None
