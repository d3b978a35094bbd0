"""Where a lead goes after an attempt, and after an agent's word."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.outcomes import (
    LIVE_OUTCOMES,
    MAX_ATTEMPTS,
    RECYCLE,
    UNBURNT_OUTCOMES,
    Effect,
    LeadState,
    NextStep,
    Outcome,
    PhoneHistory,
    PhoneStatus,
    dispose,
    next_phone,
    recycle,
)

T0 = datetime(2026, 3, 3, 15, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ACTIVE, INVALID = PhoneStatus.ACTIVE, PhoneStatus.INVALID


def phone(
    id: int,
    last: Outcome | None = None,
    run: int = 0,
    tried: float | None = None,
    status: PhoneStatus = ACTIVE,
) -> PhoneHistory:
    """`tried`: hours ago."""
    return PhoneHistory(id, status, last, run, None if tried is None else T0 - tried * HOUR)


def rest(delay: timedelta, phone_id: int, status: PhoneStatus | None = None) -> NextStep:
    return NextStep(LeadState.RESTING, T0 + delay, phone_id, phone_status=status)


def finished(reason: str, status: PhoneStatus | None = None) -> NextStep:
    return NextStep(LeadState.FINISHED, reason=reason, phone_status=status)


def after(outcome: Outcome, *phones: PhoneHistory, attempts: int = 1) -> NextStep:
    """The step after `outcome` on the first of the phones."""
    return recycle(outcome, at=T0, phone_id=phones[0].phone_id, phones=phones, attempts=attempts)


ONE_NUMBER = [
    (Outcome.NO_ANSWER, rest(2 * HOUR, 1)),
    (Outcome.BUSY, rest(timedelta(minutes=10), 1)),
    (Outcome.CONGESTION, rest(timedelta(seconds=5), 1)),
    (Outcome.REJECTED, rest(2 * DAY, 1)),
    (Outcome.CANCELLED, rest(timedelta(minutes=5), 1)),
    (Outcome.MACHINE, rest(3 * HOUR, 1)),
    (Outcome.ABANDONED, rest(DAY, 1)),
    (Outcome.CUSTOMER_HUNG_UP, rest(4 * HOUR, 1)),
    (Outcome.CONNECTED, rest(DAY, 1)),
    (Outcome.FAILED, rest(timedelta(minutes=2), 1)),
    (Outcome.UNKNOWN, rest(DAY, 1)),
    (Outcome.INVALID_NUMBER, finished("no_number", INVALID)),
    (Outcome.FAX, finished("no_number", INVALID)),
]


def test_every_outcome_has_a_rule() -> None:
    assert set(RECYCLE) == {outcome for outcome, _ in ONE_NUMBER} == set(Outcome)
    assert not LIVE_OUTCOMES & UNBURNT_OUTCOMES


@pytest.mark.parametrize(("outcome", "step"), ONE_NUMBER)
def test_first_try_of_the_only_number(outcome: Outcome, step: NextStep) -> None:
    assert after(outcome, phone(1, outcome, 1, 0)) == step


@pytest.mark.parametrize(
    ("outcome", "following"),
    [
        (Outcome.NO_ANSWER, 2),
        (Outcome.MACHINE, 2),
        (Outcome.REJECTED, 2),
        (Outcome.BUSY, 1),
        (Outcome.CONGESTION, 1),
        (Outcome.CANCELLED, 1),
        (Outcome.ABANDONED, 1),
        (Outcome.CUSTOMER_HUNG_UP, 1),
        (Outcome.CONNECTED, 1),
        (Outcome.UNKNOWN, 1),
    ],
)
def test_which_number_is_next(outcome: Outcome, following: int) -> None:
    """Nobody there: the person's other number. A busy line, or a person on this one: the same again."""
    assert after(outcome, phone(1, outcome, 1, 0), phone(2)).next_phone_id == following


@pytest.mark.parametrize("outcome", [Outcome.INVALID_NUMBER, Outcome.FAX])
def test_number_that_is_no_number(outcome: Outcome) -> None:
    """Never dialled again; the next one may be, at once."""
    assert after(outcome, phone(1, outcome, 1, 0), phone(2)) == rest(timedelta(0), 2, INVALID)


@pytest.mark.parametrize(("run", "seconds"), [(1, 5), (2, 10), (4, 40), (9, 1280), (10, 1800), (99, 1800)])
def test_congestion_rests_longer_and_longer(run: int, seconds: int) -> None:
    """The next trunk may take it at once; a network that stays congested is not hammered."""
    phones = (phone(1, Outcome.CONGESTION, run),)
    step = recycle(Outcome.CONGESTION, at=T0, phone_id=1, phones=phones, attempts=0)
    assert step == rest(timedelta(seconds=seconds), 1)


def test_no_number_left() -> None:
    others = (phone(2, status=INVALID), phone(3, status=PhoneStatus.WRONG_PERSON))
    assert after(Outcome.INVALID_NUMBER, phone(1), *others) == finished("no_number", INVALID)


@pytest.mark.parametrize(
    "outcome", sorted(set(Outcome) - {Outcome.INVALID_NUMBER, Outcome.FAX} - UNBURNT_OUTCOMES)
)
def test_number_worn_out(outcome: Outcome) -> None:
    """So often in a row and no more: the other number, else the lead is exhausted."""
    tries = RECYCLE[outcome].max_tries
    assert after(outcome, phone(1, outcome, tries - 1, 0)).state is LeadState.RESTING
    assert after(outcome, phone(1, outcome, tries, 0)) == finished("exhausted")
    assert after(outcome, phone(1, outcome, tries, 0), phone(2)).next_phone_id == 2


def test_worn_out_number_is_not_the_next_one() -> None:
    """A number worn out by its own outcomes is not dialled because another one did not answer."""
    worn = phone(2, Outcome.NO_ANSWER, 4, tried=90)
    assert after(Outcome.NO_ANSWER, phone(1, Outcome.NO_ANSWER, 1, 0), worn).next_phone_id == 1
    assert after(Outcome.NO_ANSWER, phone(1, Outcome.NO_ANSWER, 4, 0), worn) == finished("exhausted")
    assert after(Outcome.INVALID_NUMBER, phone(1), worn) == finished("exhausted", INVALID)


def test_wear_is_counted_by_the_number_s_own_outcome() -> None:
    """Three unanswered calls do not wear a number out because another was connected three times."""
    other = phone(2, Outcome.NO_ANSWER, 3, tried=5)
    assert after(Outcome.CONNECTED, phone(1, Outcome.CONNECTED, 3, 0), other).next_phone_id == 2


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - {Outcome.INVALID_NUMBER, Outcome.FAX}))
def test_lead_exhausted(outcome: Outcome) -> None:
    fresh = phone(2)
    assert after(outcome, phone(1, outcome, 1, 0), fresh, attempts=MAX_ATTEMPTS) == finished("exhausted")
    assert (
        after(outcome, phone(1, outcome, 1, 0), fresh, attempts=MAX_ATTEMPTS - 1).state is LeadState.RESTING
    )


def test_last_attempt_still_teaches_the_number() -> None:
    step = after(Outcome.INVALID_NUMBER, phone(1), phone(2), attempts=MAX_ATTEMPTS)
    assert step == finished("exhausted", INVALID)


@pytest.mark.parametrize(
    ("phones", "after_id", "chosen"),
    [
        ([phone(1), phone(2)], 1, 2),
        ([phone(1, tried=1)], 1, 1),
        ([phone(1, tried=9), phone(2, tried=1), phone(3, tried=5)], 1, 3),
        ([phone(1, tried=9), phone(2, tried=1), phone(3)], 1, 3),
        ([phone(1), phone(2), phone(3)], 9, 1),
        ([phone(2, tried=5), phone(3, tried=5)], 1, 2),
    ],
    ids=["not the same again", "unless alone", "longest ago", "never tried", "in order", "ties in order"],
)
def test_next_phone(phones: list[PhoneHistory], after_id: int, chosen: int) -> None:
    assert next_phone(phones, after_id) == chosen


histories = st.builds(
    PhoneHistory,
    phone_id=st.integers(1, 5),
    status=st.sampled_from(PhoneStatus),
    last_outcome=st.none() | st.sampled_from(Outcome),
    same_outcome_run=st.integers(0, 6),
    tried_at=st.none() | st.datetimes(timezones=st.just(UTC)),
)


@given(
    outcome=st.sampled_from(Outcome),
    phones=st.lists(histories, min_size=1, max_size=5, unique_by=lambda p: p.phone_id),
    attempts=st.integers(0, 12),
)
def test_a_lead_never_gets_stuck(outcome: Outcome, phones: list[PhoneHistory], attempts: int) -> None:
    """It rests with a usable number and a time, or it is finished with a reason."""
    step = after(outcome, *phones, attempts=attempts)
    if step.state is LeadState.RESTING:
        assert step.next_at is not None
        assert step.next_at >= T0
        chosen = next(p for p in phones if p.phone_id == step.next_phone_id)
        assert chosen.status is ACTIVE
        assert not (step.phone_status and chosen.phone_id == phones[0].phone_id)
    else:
        assert step.state is LeadState.FINISHED
        assert step.reason in ("exhausted", "no_number")


# --- the agent's word -------------------------------------------------------------------------------------


def said(effect: Effect, *phones: PhoneHistory, callback_at: datetime | None = None) -> NextStep:
    return dispose(
        effect, "code", at=T0, phone_id=1, phones=phones or (phone(1),), attempts=1, callback_at=callback_at
    )


@pytest.mark.parametrize(
    ("effect", "step"),
    [
        (Effect.FINISH, finished("code")),
        (
            Effect.DO_NOT_CALL,
            NextStep(LeadState.SUPPRESSED, reason="code", phone_status=PhoneStatus.DO_NOT_CALL),
        ),
        (Effect.RETRY, rest(DAY, 1)),
        (Effect.WRONG_NUMBER, finished("no_number", PhoneStatus.WRONG_PERSON)),
    ],
)
def test_dispositions(effect: Effect, step: NextStep) -> None:
    assert said(effect) == step


def test_wrong_number_and_another_one() -> None:
    assert said(Effect.WRONG_NUMBER, phone(1), phone(2)) == rest(timedelta(0), 2, PhoneStatus.WRONG_PERSON)


def test_callback() -> None:
    assert said(Effect.CALLBACK, callback_at=T0 + HOUR) == NextStep(LeadState.CALLBACK, T0 + HOUR, 1)
    assert said(Effect.CALLBACK, callback_at=T0 - HOUR).next_at == T0 - HOUR, "due at once"
    with pytest.raises(ValueError, match="a callback needs a time"):
        said(Effect.CALLBACK)
