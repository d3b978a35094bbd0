"""A lead that somebody's word takes away: from hoppers, from screens, from the wire. And what agents must say."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from scene import NEVER, T0, Scene, campaign, lead, of, outcomes

from dialer.domain.agent import AgentState
from dialer.domain.campaign import DialMode
from dialer.domain.commands import HangUpCall, Originate
from dialer.domain.dispositions import Details
from dialer.domain.events import LeadsWithdrawn
from dialer.domain.facts import (
    AttemptDisposed,
    ContactCeased,
    IntentSettled,
    LeadMoved,
    LeadsReturned,
    ScriptStepped,
)
from dialer.domain.outcomes import Effect, LeadState, NextStep, Outcome
from dialer.domain.values import AttemptId
from dialer.domain.wishes import Dispose, WalkScript, Wish
from dialer.engine import Step


def withdraw(scene: Scene, *lead_ids: int) -> Step:
    return scene.feed(LeadsWithdrawn(at=scene.now, lead_ids=frozenset(lead_ids)))


def refusal(scene: Scene, wish: Wish) -> str | None:
    (settled,) = of(IntentSettled, scene.wish(1, wish))
    return settled.error


def test_a_ringing_call_is_cancelled() -> None:
    scene = Scene(leads=[lead(1)])
    scene.log_in(1)
    call = scene.dialled[-1]
    scene.ring(call)
    assert of(HangUpCall, withdraw(scene, 1)) == [HangUpCall(call)]
    assert outcomes(scene.hang_up(call, q850=0)) == [Outcome.CANCELLED]
    assert scene.agent(1).state is AgentState.READY


def test_a_planned_call_is_never_dialled() -> None:
    scene = Scene(leads=[lead(1)], hold_commits=True)
    scene.log_in(1)
    assert of(HangUpCall, withdraw(scene, 1)) == []
    step = scene.commit()
    assert (of(Originate, step), outcomes(step)) == ([], [Outcome.CANCELLED])


def test_somebody_elses_lead_rings_on() -> None:
    scene = Scene(leads=[lead(1)])
    scene.log_in(1)
    scene.ring(scene.dialled[-1])
    assert withdraw(scene, 2).commands == []


def test_who_has_picked_up_is_not_hung_up_on() -> None:
    scene = Scene(campaign(mode=DialMode.POWER), leads=[lead(1), lead(2)])
    scene.log_in(1)
    waiting = scene.dialled[-1]
    scene.answer(waiting)
    assert of(HangUpCall, withdraw(scene, scene.attempt(waiting).lead_id)) == []
    scene.bridge(waiting, 1)
    assert of(HangUpCall, withdraw(scene, scene.attempt(waiting).lead_id)) == []


def test_the_hopper_forgets_it_without_a_word() -> None:
    """The database has moved it already: giving it back would make it callable again."""
    scene = Scene(leads=[lead(n) for n in range(1, 6)])
    scene.log_in(1)
    held = [found.id for found in scene.floor.campaigns[1].hopper]
    step = withdraw(scene, held[0])
    assert [found.id for found in scene.floor.campaigns[1].hopper] == held[1:]
    assert (of(LeadsReturned, step), of(LeadMoved, step)) == ([], [])


def test_it_goes_from_the_previewing_agents_screen() -> None:
    scene = Scene(campaign(mode=DialMode.PREVIEW), leads=[lead(1)])
    scene.log_in(1)
    assert scene.agent(1).state is AgentState.PREVIEWING
    step = withdraw(scene, 1)
    assert (scene.agent(1).state, scene.agent(1).preview) == (AgentState.READY, None)
    assert of(LeadsReturned, step) == []


# --- what agents say --------------------------------------------------------------------------------------

PROMISE = Details(amount_minor=5000, currency="DOP", due_on=date(2026, 3, 10))


def talking(effect: Effect) -> tuple[Scene, AttemptId]:
    """Agent 1 in a call whose campaign has a disposition `said` with this effect."""
    scene = Scene(leads=[lead(1, phones=2)])
    scene.floor.dispositions[1, "said"] = effect
    scene.log_in(1)
    return scene, scene.connect()


def test_a_promise_silences_its_lead() -> None:
    scene, call = talking(Effect.PROMISE)
    scene.hang_up(call)
    step = scene.wish(1, Dispose(call, "said", "paga", None, PROMISE))
    (disposed,) = of(AttemptDisposed, step)
    assert (disposed.effect, disposed.details) == (Effect.PROMISE, PROMISE)
    (moved,) = of(LeadMoved, step)
    assert moved.step == NextStep(LeadState.SUPPRESSED, reason="promise")


def test_a_result_without_what_it_needs_is_refused_and_may_be_said_again() -> None:
    scene, call = talking(Effect.PROMISE)
    scene.hang_up(call)
    assert refusal(scene, Dispose(call, "said", "", None)) == "field_missing"
    late = Details(amount_minor=5000, currency="DOP", due_on=date(2026, 3, 2))
    assert refusal(scene, Dispose(call, "said", "", None, late)) == "field_wrong"
    assert scene.agent(1).state is AgentState.WRAP_UP
    assert refusal(scene, Dispose(call, "said", "", None, PROMISE)) is None


def test_the_day_is_the_debtors() -> None:
    """At 02:00 UTC it is still the day before in Santo Domingo."""
    scene, call = talking(Effect.PAID)
    scene.later(11 * 3600)
    assert scene.now.date() == date(2026, 3, 4)
    tomorrow, today = Details(paid_on=date(2026, 3, 4)), Details(paid_on=date(2026, 3, 3))
    assert refusal(scene, Dispose(call, "said", "", None, tomorrow)) == "field_wrong"
    assert refusal(scene, Dispose(call, "said", "", None, today)) is None


def test_hardship_rests_until_the_day_agreed_on_the_debtors_calendar() -> None:
    scene, call = talking(Effect.HARDSHIP)
    scene.hang_up(call)
    said = Details(reason="job_loss", review_on=date(2026, 4, 1))
    (moved,) = of(LeadMoved, scene.wish(1, Dispose(call, "said", "", None, said)))
    assert moved.step.state is LeadState.RESTING
    assert moved.step.next_at == datetime(2026, 4, 1, 4, 0, tzinfo=UTC)


def test_a_callback_for_anyone_is_nobodys() -> None:
    scene, call = talking(Effect.CALLBACK)
    scene.hang_up(call)
    at = T0 + timedelta(hours=5)
    (moved,) = of(LeadMoved, scene.wish(1, Dispose(call, "said", "", at, Details(anyone=True))))
    assert (moved.step.state, moved.callback_agent_id) == (LeadState.CALLBACK, None)


def test_do_not_call_counts_from_the_word_not_from_the_hang_up() -> None:
    scene, call = talking(Effect.FINISH)
    step = scene.wish(1, Dispose(call, NEVER, "", None))
    (ceased,) = of(ContactCeased, step)
    assert (ceased.lead_id, ceased.code) == (1, NEVER)
    assert of(HangUpCall, step) == [HangUpCall(call)]


def test_the_steps_of_a_script_are_logged_for_ones_own_call_only() -> None:
    scene, call = talking(Effect.FINISH)
    (step,) = of(ScriptStepped, scene.wish(1, WalkScript(call, 3, "pays", "yes")))
    assert (step.attempt_id, step.agent_id, step.version_id, step.step, step.answer) == (
        call,
        1,
        3,
        "pays",
        "yes",
    )
    scene.log_in(2)
    (settled,) = of(IntentSettled, scene.wish(2, WalkScript(call, 3, "pays", None)))
    assert settled.error == "not_your_call"
