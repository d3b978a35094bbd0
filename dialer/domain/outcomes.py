"""What the network said of an attempt, and what follows for the lead: pure functions over small tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial


class Outcome(StrEnum):
    """Set once per attempt, by code, never by an agent (a *disposition* is what the agent says)."""

    NO_ANSWER = "no_answer"
    BUSY = "busy"
    CONGESTION = "congestion"
    INVALID_NUMBER = "invalid_number"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    MACHINE = "machine"
    FAX = "fax"
    ABANDONED = "abandoned"
    CUSTOMER_HUNG_UP = "customer_hung_up"
    CONNECTED = "connected"
    FAILED = "failed"
    UNKNOWN = "unknown"


#: A person (or what nobody told from a person) was on the line: the denominator of the abandon rate.
LIVE_OUTCOMES = frozenset({Outcome.CONNECTED, Outcome.ABANDONED, Outcome.CUSTOMER_HUNG_UP})
#: The far end was never tried, so the lead keeps its turn and the number its count.
UNBURNT_OUTCOMES = frozenset({Outcome.CONGESTION, Outcome.FAILED, Outcome.CANCELLED})


class LeadState(StrEnum):
    """CALLABLE -> CLAIMED (lease) -> IN_ATTEMPT -> RESTING | CALLBACK | FINISHED; any -> SUPPRESSED."""

    CALLABLE = "callable"
    CLAIMED = "claimed"
    IN_ATTEMPT = "in_attempt"
    RESTING = "resting"
    CALLBACK = "callback"
    FINISHED = "finished"
    SUPPRESSED = "suppressed"


class PhoneStatus(StrEnum):
    """Whether a number may still be dialled."""

    ACTIVE = "active"
    INVALID = "invalid"
    WRONG_PERSON = "wrong_person"
    DO_NOT_CALL = "do_not_call"


class Effect(StrEnum):
    """What a disposition does with the lead. The campaign's list maps each code to one of these."""

    FINISH = "finish"
    RETRY = "retry"
    CALLBACK = "callback"
    WRONG_NUMBER = "wrong_number"
    DO_NOT_CALL = "do_not_call"
    PROMISE = "promise"  # silent until it is kept or broken
    PAID = "paid"  # says so: silent until the books have had time to show it
    DISPUTE = "dispute"  # silent until somebody settles it
    HARDSHIP = "hardship"
    REFUSED = "refused"
    DECEASED = "deceased"
    THIRD_PARTY = "third_party"
    MACHINE = "machine"


#: The longest rest that doubling comes to.
MAX_DOUBLED = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class RecycleRule:
    """How an outcome is tried again: rest this long, at most so often on the number in a row."""

    delay: timedelta
    max_tries: int
    #: Try the person's next number instead of this one (when there is one that was not tried since).
    next_phone: bool = True
    #: Rest twice as long after each further time in a row, up to MAX_DOUBLED.
    doubling: bool = False

    def rest(self, run: int) -> timedelta:
        """How long to rest after the `run`-th such outcome in a row."""
        if not self.doubling:
            return self.delay
        return min(MAX_DOUBLED, self.delay * (1 << min(max(run - 1, 0), 20)))


#: Attempts on one lead, whatever their outcomes, before it is finished as exhausted.
MAX_ATTEMPTS = 10

RECYCLE: dict[Outcome, RecycleRule] = {
    Outcome.NO_ANSWER: RecycleRule(timedelta(hours=2), 4),
    Outcome.BUSY: RecycleRule(timedelta(minutes=10), 5, next_phone=False),
    # The next trunk may take it at once; a network that stays congested is left alone for longer and longer.
    Outcome.CONGESTION: RecycleRule(timedelta(seconds=5), 100, next_phone=False, doubling=True),
    Outcome.INVALID_NUMBER: RecycleRule(timedelta(0), 0),
    Outcome.REJECTED: RecycleRule(timedelta(days=2), 2),
    Outcome.CANCELLED: RecycleRule(timedelta(minutes=5), 100, next_phone=False),
    Outcome.MACHINE: RecycleRule(timedelta(hours=3), 4),
    Outcome.FAX: RecycleRule(timedelta(0), 0),
    Outcome.ABANDONED: RecycleRule(timedelta(days=1), 2, next_phone=False),
    Outcome.CUSTOMER_HUNG_UP: RecycleRule(timedelta(hours=4), 3, next_phone=False),
    # Connected without a disposition (the agent's browser died and never came back).
    Outcome.CONNECTED: RecycleRule(timedelta(days=1), 3, next_phone=False),
    Outcome.FAILED: RecycleRule(timedelta(minutes=2), 100, next_phone=False),
    # A crash hid what happened: it counts as if the person had been reached.
    Outcome.UNKNOWN: RecycleRule(timedelta(days=1), 3, next_phone=False),
}


@dataclass(frozen=True, slots=True)
class PhoneHistory:
    """One of the person's numbers as the rules see it, in dialling order."""

    phone_id: int
    status: PhoneStatus
    last_outcome: Outcome | None = None
    #: Attempts on this number that ended with `last_outcome`, without another outcome between.
    same_outcome_run: int = 0
    tried_at: datetime | None = None
    #: So unsure to be the person's (`phone_facts.DEMOTED_BELOW`) that it is dialled only when no other is left.
    demoted: bool = False


@dataclass(frozen=True, slots=True)
class NextStep:
    """Where the lead goes after an attempt."""

    state: LeadState
    next_at: datetime | None = None
    next_phone_id: int | None = None
    #: Why it is finished or suppressed, as a code: `exhausted`, `no_number`, a disposition's code.
    reason: str | None = None
    #: The dialled number's new status, when the attempt taught one.
    phone_status: PhoneStatus | None = None


def recycle(
    outcome: Outcome,
    *,
    at: datetime,
    phone_id: int,
    phones: tuple[PhoneHistory, ...],
    attempts: int,
    rules: Mapping[Outcome, RecycleRule] = RECYCLE,
    max_attempts: int = MAX_ATTEMPTS,
) -> NextStep:
    """The lead's next step after `outcome` on `phone_id` at `at`, by the campaign's `rules`.

    `phones`: the person's numbers in dialling order, the dialled one with its run *including* this attempt;
    `attempts`: burnt attempts on the lead including this one. An invalid number is never dialled again: the
    next number of the person is, at once; with none left the lead is finished. A worn-out number is not either.
    """
    rule = rules[outcome]
    status = PhoneStatus.INVALID if outcome in (Outcome.INVALID_NUMBER, Outcome.FAX) else None
    usable = [p for p in phones if p.status is PhoneStatus.ACTIVE and not (status and p.phone_id == phone_id)]
    if not usable:
        return NextStep(LeadState.FINISHED, reason="no_number", phone_status=status)
    fresh = [p for p in usable if not worn_out(p, rules)]
    if attempts >= max_attempts or not fresh:
        return NextStep(LeadState.FINISHED, reason="exhausted", phone_status=status)
    again = not rule.next_phone and any(p.phone_id == phone_id for p in fresh)
    following = phone_id if again else next_phone(fresh, phone_id)
    run = next((p.same_outcome_run for p in phones if p.phone_id == phone_id), 1)
    return NextStep(LeadState.RESTING, at + rule.rest(run), following, phone_status=status)


def worn_out(phone: PhoneHistory, rules: Mapping[Outcome, RecycleRule] = RECYCLE) -> bool:
    """Whether the number has had its last outcome so often in a row that it is not dialled again."""
    last = phone.last_outcome
    return last is not None and phone.same_outcome_run >= rules[last].max_tries


def next_phone(phones: list[PhoneHistory], after: int) -> int:
    """The number to dial next: the one never tried, else tried longest ago, in the person's order.

    `after` (the number just dialled) comes last among equals; demoted numbers only where there are no others.
    """
    order = {p.phone_id: n for n, p in enumerate(phones)}
    return min(
        phones,
        key=lambda p: (
            p.demoted,
            p.phone_id == after,
            p.tried_at is not None,
            p.tried_at.timestamp() if p.tried_at else 0.0,
            order[p.phone_id],
        ),
    ).phone_id


#: How long the books take to show a payment that a debtor says he has made.
PAYMENT_SHOWS = timedelta(days=3)
#: The lead is nobody's to dial until what the code names is over: a promise, a dispute ...
_SUSPENDING = frozenset({Effect.PROMISE, Effect.DISPUTE, Effect.DECEASED})


def dispose(
    effect: Effect,
    code: str,
    *,
    at: datetime,
    phone_id: int,
    phones: tuple[PhoneHistory, ...],
    attempts: int,
    callback_at: datetime | None = None,
    review_at: datetime | None = None,
    rules: Mapping[Outcome, RecycleRule] = RECYCLE,
    max_attempts: int = MAX_ATTEMPTS,
) -> NextStep:
    """The lead's next step after the agent's disposition. Raises ValueError on a callback without a time.

    A callback's time that has come meanwhile is no error: it is due at once. `review_at`: when to speak again with
    somebody who can't or won't pay; without one his lead is closed for that reason.
    """
    if effect is Effect.FINISH:
        return NextStep(LeadState.FINISHED, reason=code)
    if effect in _SUSPENDING:
        return NextStep(LeadState.SUPPRESSED, reason=effect)
    if effect is Effect.PAID:
        return NextStep(LeadState.RESTING, at + PAYMENT_SHOWS, phone_id, reason="says_paid")
    if effect in (Effect.HARDSHIP, Effect.REFUSED):
        if review_at is None:
            return NextStep(LeadState.FINISHED, reason=code)
        return NextStep(LeadState.RESTING, review_at, phone_id, reason=code)
    as_usual = partial(
        recycle,
        at=at,
        phone_id=phone_id,
        phones=phones,
        attempts=attempts,
        rules=rules,
        max_attempts=max_attempts,
    )
    if effect is Effect.MACHINE:
        return as_usual(Outcome.MACHINE)
    if effect is Effect.DO_NOT_CALL:
        return NextStep(LeadState.SUPPRESSED, reason=code, phone_status=PhoneStatus.DO_NOT_CALL)
    if effect is Effect.CALLBACK:
        if callback_at is None:
            raise ValueError("a callback needs a time")
        return NextStep(LeadState.CALLBACK, callback_at, phone_id)
    if effect is Effect.WRONG_NUMBER:
        usable = [p for p in phones if p.status is PhoneStatus.ACTIVE and p.phone_id != phone_id]
        if not usable:
            return NextStep(LeadState.FINISHED, reason="no_number", phone_status=PhoneStatus.WRONG_PERSON)
        return NextStep(
            LeadState.RESTING, at, next_phone(usable, phone_id), phone_status=PhoneStatus.WRONG_PERSON
        )
    return as_usual(Outcome.CONNECTED)
