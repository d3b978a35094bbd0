"""The ledger of contacts: what a call counts as.

An attempt counts when it is committed, before it is dialled; what came of it follows as rows of their own. What is not
known counts: a call whose end nobody saw has been answered, one with an agent and no disposition was a conversation.
Rows are never changed: what turns out to have reached nobody, or the wrong person, is withdrawn by a further row.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from dialer.domain import facts as f
from dialer.domain.contact import Count
from dialer.domain.outcomes import UNBURNT_OUTCOMES, Outcome


class Mark(StrEnum):
    """What some limits ask of a call besides its counts."""

    ABANDONED = "abandoned"
    MACHINE = "machine"


class Condition(StrEnum):
    """When a row is written: what only the database knows at that moment."""

    ALWAYS = "always"
    NEVER_RANG = "never_rang"
    WRONG_NUMBER = "wrong_number"
    NOT_RIGHT_PARTY = "not_right_party"


class ContactNews(NamedTuple):
    """The parameters of `count_contacts`, in its order."""

    attempt_id: str
    at: datetime
    counts: str  # joined by commas
    withdrawn: bool
    mark: Mark | None
    condition: Condition
    code: str | None  # the disposition that decides


def _news(
    fact: f.AttemptMoved | f.AttemptEnded | f.CallAbandoned | f.AttemptDisposed,
    *counts: Count,
    withdrawn: bool = False,
    mark: Mark | None = None,
    condition: Condition = Condition.ALWAYS,
    code: str | None = None,
) -> ContactNews:
    return ContactNews(fact.attempt_id, fact.at, ",".join(counts), withdrawn, mark, condition, code)


def of_connection(fact: f.AttemptMoved) -> ContactNews:
    """An agent and whoever answered speak: an exchange with somebody at the debtor's number."""
    return _news(fact, Count.ANSWERED_HUMAN, Count.CONTACT)


def of_abandonment(fact: f.CallAbandoned) -> ContactNews:
    """Somebody answered and was left: the strict reading lets that use up a rationed contact (Ley 2300 art. 3)."""
    return _news(fact, Count.ANSWERED_HUMAN, Count.CONTACT, mark=Mark.ABANDONED)


def of_end(fact: f.AttemptEnded, *, rang: bool) -> list[ContactNews]:
    """What the end adds. `rang`: the batch itself knows that the far end rang."""
    match fact.outcome:
        case Outcome.CONNECTED:
            # Until the agent says that it was not the debtor.
            return [_news(fact, Count.CONVERSATION)]
        case Outcome.UNKNOWN | Outcome.CUSTOMER_HUNG_UP:
            return [_news(fact, Count.ANSWERED_HUMAN)]
        case Outcome.MACHINE:
            return [_news(fact, mark=Mark.MACHINE)]
        case outcome if outcome in UNBURNT_OUTCOMES and not rang:
            return [_news(fact, Count.ATTEMPT, withdrawn=True, condition=Condition.NEVER_RANG)]
        case _:
            return []


def of_disposition(fact: f.AttemptDisposed) -> list[ContactNews]:
    """The agent's word takes back what was counted for the debtor when somebody else was on the line."""
    talk, contact = Count.CONVERSATION, Count.CONTACT
    return [
        _news(fact, talk, withdrawn=True, condition=Condition.NOT_RIGHT_PARTY, code=fact.code),
        _news(fact, contact, talk, withdrawn=True, condition=Condition.WRONG_NUMBER, code=fact.code),
    ]
