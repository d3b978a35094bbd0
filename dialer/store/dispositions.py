"""Agents' words as statements: what each kind of result does besides moving its own lead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dialer.domain.dispositions import GRACE_DAYS, Instalment
from dialer.domain.facts import AttemptDisposed
from dialer.domain.outcomes import PAYMENT_SHOWS, Effect, LeadState
from dialer.domain.phone_facts import RIGHT_PARTY, SAID

#: A block of `dispositions.sql` and the rows whose columns are its first parameters, then the rest of them.
Rows = tuple[str, list[tuple[object, ...]], tuple[object, ...]]


def consequences(said: Iterable[AttemptDisposed]) -> Iterator[Rows]:
    """The statements that these words ask for, in order, none of them without rows."""
    said = list(said)
    if not said:
        return
    parties: list[tuple[object, ...]] = [
        (fact.attempt_id, fact.effect, fact.at, fact.code, SAID.get(fact.effect, 1.0)) for fact in said
    ]
    yield "learn_parties", parties, (RIGHT_PARTY,)
    if promised := [fact for fact in said if fact.effect is Effect.PROMISE]:
        yield "make_promises", [row for fact in promised for row in _promises(fact)], (GRACE_DAYS,)
    if disputed := [fact for fact in said if fact.effect is Effect.DISPUTE]:
        rows: list[tuple[object, ...]] = [
            (fact.attempt_id, fact.agent_id, fact.details.reason, fact.details.explanation, fact.at)
            for fact in disputed
        ]
        yield "open_disputes", rows, ()
    if held := [row for fact in said if (row := _hold(fact))]:
        yield "hold_leads", held, ()


def _promises(fact: AttemptDisposed) -> Iterator[tuple[object, ...]]:
    """One row for each part of the plan; a promise without a plan has one part."""
    details = fact.details
    assert details.amount_minor is not None, "check_details lets no promise through without"
    assert details.due_on is not None
    parts = details.instalments or (Instalment(details.amount_minor, details.due_on),)
    for part in parts:
        yield fact.attempt_id, fact.agent_id, part.amount_minor, details.currency, part.due_on, fact.at


def _hold(fact: AttemptDisposed) -> tuple[object, ...] | None:
    """Where the other leads of the debt (or, of the dead, all leads) go."""
    match fact.effect:
        case Effect.PROMISE | Effect.DISPUTE:
            return fact.attempt_id, LeadState.SUPPRESSED, fact.effect, None, False
        case Effect.DECEASED:
            return fact.attempt_id, LeadState.SUPPRESSED, fact.effect, None, True
        case Effect.PAID:
            return fact.attempt_id, LeadState.RESTING, "says_paid", fact.at + PAYMENT_SHOWS, False
        case _:
            return None
