"""One case judged twice: by `dialer.compliance`, as the engine asks it, and by the brute-force count."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import time as clock
from datetime import timedelta
from functools import cache

from dialer.compliance import Debtor, Deny, Role, judge
from dialer.compliance.debtor_wishes import wishes_of
from dialer.compliance.overlays import rules_of
from dialer.domain.campaign import (
    Campaign,
    CampaignState,
    DialMode,
    LocalHoliday,
    Overlay,
    RecordingNotice,
)
from dialer.domain.contact import Channel, Contact, Count, Place, Preference
from dialer.domain.debtor import Wish
from lab.law_oracle import Event, Question, Terms, Wanted, law_of

SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Answer:
    """What came of a comparison; `wrong` says where the two disagree."""

    allowed: bool
    rule: str | None
    wrong: str | None
    judge_ns: int | None


@cache
def campaign_of(terms: Terms) -> Campaign:
    """The campaign as the engine holds it."""
    overlays = tuple(
        Overlay(f"contract:{creditor}@1" if creditor else "campaign:Norte@1", creditor, text)
        for creditor, text in terms.overlays
    )
    return Campaign(
        id=1,
        name="Norte",
        agent_group_id=1,
        state=CampaignState.RUNNING,
        mode=DialMode.PROGRESSIVE,
        ratio=1.0,
        max_lines_per_agent=2.0,
        abandon_cap=0.03,
        connect_limit_s=2.0,
        ring_timeout_s=25,
        wrap_up_s=30,
        priority=0,
        rule_set=terms.place,
        recording_notice=RecordingNotice.PLAYED,
        language="es",
        version=1,
        overlays=overlays,
        local_holidays=tuple(LocalHoliday(d.day, d.place, d.city) for d in terms.days),
    )


def contact_of(event: Event) -> Contact:
    return Contact(
        event.at,
        Channel(event.channel),
        frozenset(map(Count, event.counts)),
        phone=event.phone,
        debts=event.debts,
        account=event.account,
        creditor=event.creditor,
        place=Place(event.to) if event.to else None,
        abandoned=event.abandoned,
        machine=event.machine,
        consent_at=event.consent_at,
    )


def _preference(wish: Wanted, question: Question) -> Preference:
    starts, ends = (clock.fromisoformat(text) if text else None for text in (wish.starts, wish.ends))
    channel = Channel(wish.channel) if wish.channel else None
    since = wish.since or question.at
    return Preference(
        Wish(wish.kind), channel, wish.weekdays, starts, ends, since, wish.until, wish.by_debtor
    )


def verdict(question: Question, *, timed: bool = False) -> tuple[Deny | None, int | None]:
    """The product's word, and the nanoseconds it took: the rules laid together, the wishes read, the case judged.

    None when not `timed`: on some machines asking for the time costs more than the verdict.
    """
    campaign = campaign_of(question.terms)
    history = tuple(map(contact_of, question.history))
    channel = Channel(question.channel)
    preferences = tuple(_preference(wish, question) for wish in question.wishes)
    debtor = Debtor(
        number=question.phone,
        zone=question.zone,
        debts=question.debts,
        account=question.account,
        creditor=question.creditor,
        place=Place(question.to) if question.to else None,
        role=Role(question.role),
        do_not_call=question.do_not_call,
        cease_request=question.cease_request,
        attorney=question.attorney,
        employer_forbids=question.employer_forbids,
        in_flight=question.in_flight,
        consent_at=question.consent_at,
        answers_request=question.answers_request,
    )
    # Its own time: what else the machine does is not the verdict's cost.
    began = time.thread_time_ns() if timed else 0
    rules = rules_of(
        campaign, creditor=question.creditor, subdivision=question.subdivision, city=question.city
    )
    if preferences:
        debtor = replace(debtor, wishes=wishes_of(preferences, at=question.at, channel=channel))
    said = judge(
        rules,
        debtor,
        at=question.at,
        channel=channel,
        history=history,
        agent_reserved=question.agent_reserved,
    )
    took = time.thread_time_ns() - began if timed else None
    return (said if isinstance(said, Deny) else None), took


def compare(question: Question, *, clearing: bool = True, timed: bool = False) -> Answer:
    """Both words on the case; when it is denied, and `clearing` asked for, on the instant it clears, the second before
    and some moments between."""
    law = law_of(question.terms, question.subdivision, question.city, question.creditor)
    forbidden = law.forbids(question)
    denial, took = verdict(question, timed=timed)
    if denial is None:
        return Answer(True, None, f"allowed, but {forbidden}" if forbidden else None, took)
    rule = denial.rule if denial.rule != "holiday_table" else "hours"
    wrong = None
    if rule not in forbidden:
        wrong = f"denied by {denial.rule}, but {forbidden or 'lawful'}"
    elif clearing and denial.until is not None:
        # What lies ahead of the case's own moment has not happened when it clears.
        past = [event for event in question.history if event.at <= question.at]
        clear = replace(question, at=denial.until, history=past, asked_at=question.at)
        if late := law.forbids(clear):
            wrong = f"clears at {denial.until}, but then {late}"
        wait = denial.until - question.at
        for part in (0.25, 0.5, 0.75, 0.9, 0.99):
            if wrong is None and not law.forbids(replace(clear, at=question.at + wait * part)):
                wrong = f"clears at {denial.until}, but lawful at {question.at + wait * part}"
        if wrong is None and wait > SECOND and not law.forbids(replace(clear, at=denial.until - SECOND)):
            wrong = f"clears at {denial.until}, but lawful a second earlier"
    return Answer(False, denial.rule, wrong, took)
