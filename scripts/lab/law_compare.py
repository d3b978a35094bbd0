"""One case judged twice: by `dialer.compliance` and by the brute-force count."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache

from dialer.compliance import Debtor, Deny, judge, load_rule_set
from dialer.domain.contact import Channel, Contact, Count
from lab.law_oracle import Law, Question

SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Answer:
    """What came of a comparison; `wrong` says where the two disagree."""

    allowed: bool
    rule: str | None
    wrong: str | None
    judge_ns: int


@cache
def law_of(place: str) -> Law:
    return Law(place)


def verdict(question: Question) -> tuple[Deny | None, int]:
    """The product's word, and how long it took."""
    rules = load_rule_set(question.place)
    debtor = Debtor(number=question.phone, zone=question.zone, debts=question.debts, account=question.account)
    history = tuple(
        Contact(
            event.at,
            Channel(event.channel),
            frozenset(map(Count, event.counts)),
            phone=event.phone,
            debts=event.debts,
            account=event.account,
            abandoned=event.abandoned,
            machine=event.machine,
        )
        for event in question.history
    )
    channel = Channel(question.channel)
    began = time.thread_time_ns()  # its own time: what else the machine does is not the verdict's cost
    said = judge(
        rules,
        debtor,
        at=question.at,
        channel=channel,
        history=history,
        agent_reserved=question.agent_reserved,
    )
    took = time.thread_time_ns() - began
    return (said if isinstance(said, Deny) else None), took


def compare(question: Question, *, clearing: bool = True) -> Answer:
    """Both words on the case; when it is denied, and `clearing` asked for, on the instant it clears, the second before
    and some moments between."""
    law = law_of(question.place)
    forbidden = law.forbids(question)
    denial, took = verdict(question)
    if denial is None:
        return Answer(True, None, f"allowed, but {forbidden}" if forbidden else None, took)
    rule = denial.rule if denial.rule != "holiday_table" else "hours"
    wrong = None
    if rule not in forbidden:
        wrong = f"denied by {denial.rule}, but {forbidden or 'lawful'}"
    elif clearing and denial.until is not None:
        # What lies ahead of the case's own moment has not happened when it clears.
        past = [event for event in question.history if event.at <= question.at]
        clear = replace(question, at=denial.until, history=past)
        if late := law.forbids(clear):
            wrong = f"clears at {denial.until}, but then {late}"
        wait = denial.until - question.at
        for part in (0.25, 0.5, 0.75, 0.9, 0.99):
            if wrong is None and not law.forbids(replace(clear, at=question.at + wait * part)):
                wrong = f"clears at {denial.until}, but lawful at {question.at + wait * part}"
        if wrong is None and wait > SECOND and not law.forbids(replace(clear, at=denial.until - SECOND)):
            wrong = f"clears at {denial.until}, but lawful a second earlier"
    return Answer(False, denial.rule, wrong, took)
