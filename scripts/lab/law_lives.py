"""Two campaigns and two dialers over one ledger: a person's weeks of calls, each decided like the product decides.

A dialer claims the person with the contacts that the ledger holds then, and may act on them much later. What it was
allowed is placed only if the ledger still has that number of rows and no other call of the person is open, as the
transaction that plans an attempt demands (`plan_attempt` in the store; the race itself is tested on PostgreSQL). Each
placed call is counted again by brute force, with all that has happened by then.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from lab.law_cases import CREDITORS, random_outcome
from lab.law_compare import Answer, compare
from lab.law_oracle import Event, Question, Terms, law_of

DECISIONS = 40
PHONES = ("p1", "p2")
#: A call rings and lasts so long at the most.
LONGEST_CALL_S = 900


@dataclass
class Life:
    """What came of one person's decisions."""

    answers: list[Answer] = field(default_factory=list)
    placed: int = 0
    #: Allowed on what the dialer knew, and refused because the ledger had moved on or a call was open.
    refused: int = 0
    #: Of those: what would have been outside the law.
    saved: int = 0
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Claim:
    """A person in a dialer's hopper, with the ledger as it was."""

    campaign: Terms
    creditor: str
    known: tuple[Event, ...]
    rows: int


def live(rng: random.Random, campaigns: Sequence[Terms], zone: str | None) -> Life:
    """`campaigns`: two of one country. Dialers 1 and 2 work both."""
    life = Life()
    ledger: list[Event] = []
    rows = 0
    open_until = datetime.min.replace(tzinfo=UTC)
    claims: dict[int, Claim] = {}
    at = datetime(2026, rng.randint(1, 12), rng.randint(1, 28), rng.randint(0, 23), tzinfo=UTC)
    for step in _steps(rng):
        at += step
        dialer = rng.randint(1, 2)
        if (claim := claims.pop(dialer, None)) is None:
            campaign, creditor = rng.choice(campaigns), rng.choice(CREDITORS)
            claims[dialer] = Claim(campaign, creditor, tuple(map(_copied, ledger)), rows)
            continue
        question = Question(
            terms=claim.campaign,
            at=at,
            channel="voice",
            zone=zone,
            phone=rng.choice(PHONES),
            debts=(f"of {claim.creditor}",),
            account=f"with {claim.creditor}",
            creditor=claim.creditor,
            history=list(claim.known),
            agent_reserved=rng.random() < 0.5,
        )
        answer = compare(question, clearing=False)
        life.answers.append(answer)
        if not answer.allowed:
            continue
        truth = replace(question, history=list(ledger), in_flight=int(at < open_until))
        outside = law_of(truth.terms, None, None, truth.creditor).forbids(truth)
        if rows != claim.rows or at < open_until:
            life.refused += 1
            life.saved += bool(outside)
            continue
        life.placed += 1
        if outside:
            life.wrong.append(f"placed, but {outside}: {truth}")
        ledger.append(_call(rng, truth))
        # An attempt is one row; what it came to be, a row each.
        rows += len(ledger[-1].counts)
        open_until = at + timedelta(seconds=rng.randint(20, LONGEST_CALL_S))
    return life


def _steps(rng: random.Random) -> Iterator[timedelta]:
    for _ in range(DECISIONS):
        yield timedelta(seconds=rng.choice((0, 1, 30, 600, 1800, 3600, 7200, 14400, 50000)))


def _call(rng: random.Random, question: Question) -> Event:
    counts = random_outcome(rng)
    lost = counts == {"attempt", "answered_human"} and rng.random() < 0.3
    return Event(
        at=question.at,
        channel="voice",
        counts=counts,
        phone=question.phone,
        debts=question.debts,
        account=question.account,
        creditor=question.creditor,
        abandoned=lost,
    )


def _copied(event: Event) -> Event:
    return replace(event, counts=set(event.counts))
