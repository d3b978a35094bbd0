"""Who answered, as the engine takes it: whom it lets wait, whom it lets go, and that in doubt there is an agent."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scene import LATER, Scene, campaign, lead, of, outcomes, shard_state

from dialer.domain.agent import AgentState
from dialer.domain.call import CallState
from dialer.domain.campaign import DialMode
from dialer.domain.commands import (
    Bridge,
    HangUpCall,
    LearnPrompt,
    ListenTo,
    Originate,
    PlayMessage,
    PrepareScreener,
    RenderText,
    SpeakFile,
    StopListening,
    TapCall,
)
from dialer.domain.events import (
    BeepEnded,
    CallCorrected,
    CallJudged,
    CallUnheard,
    MessageBegan,
    MessageLeft,
    ScreenerDown,
    ScreenerUp,
    TextRendered,
)
from dialer.domain.facts import (
    AttemptDisposed,
    AttemptMoved,
    CallAbandoned,
    CallScreened,
    ScreenerMoved,
    ScreeningCorrected,
    TextSpoken,
)
from dialer.domain.outcomes import Effect, Outcome
from dialer.domain.screening import (
    MACHINE_DISPOSITION,
    ConnectClock,
    Label,
    OnMachine,
    Screening,
    ScreeningSettings,
    SpokenText,
    Unheard,
    person_share,
)
from dialer.domain.stored import StoredDisposition
from dialer.domain.values import AttemptId
from dialer.domain.wishes import Dispose
from dialer.engine import Step
from dialer.engine.screening import BEEP_WAIT_S, LISTEN_S
from pacing.policies.predictive import Predictive

ADDRESS = "127.0.0.1:9092"
ON = ScreeningSettings(mode=Screening.ON, control_share=0.0)


def listening(
    settings: ScreeningSettings = ON,
    mode: DialMode = DialMode.PROGRESSIVE,
    *,
    agents: int = 1,
    up: bool = True,
) -> Scene:
    """A scene whose first call is ringing."""
    state = shard_state(replace(campaign(mode=mode), screening=settings), agents=agents)
    said = (*state.dispositions, StoredDisposition(1, MACHINE_DISPOSITION, Effect.RETRY))
    scene = Scene(leads=[lead(n) for n in range(1, 9)], state=replace(state, dispositions=said))
    if up:
        scene.feed(ScreenerUp(at=scene.now, address=ADDRESS))
    scene.log_in(*range(1, agents + 1))
    return scene


def judge(
    scene: Scene,
    call: AttemptId,
    label: Label = Label.HUMAN,
    *,
    posterior: float = 0.9,
    at_ms: int = 1000,
    end_ms: int | None = 700,
) -> Step:
    return scene.feed(
        CallJudged(
            at=scene.now,
            attempt_id=call,
            label=label,
            cause="timing",
            posterior=posterior,
            decided_at_ms=at_ms,
            greeting_end_ms=end_ms,
            features=(("voiced_s", 0.7),),
        )
    )


def answered(scene: Scene) -> AttemptId:
    """The first call, answered a second ago and being heard."""
    call = scene.dialled[0]
    scene.answer(call, park=False)
    scene.later(1.0)
    return call


def test_a_campaign_that_listens_wants_the_screener_and_says_where_the_sound_goes() -> None:
    scene = listening()
    (order,) = of(Originate, scene)
    assert PrepareScreener() in scene.engine.floor.step.commands + scene.commands
    assert order.screener == ADDRESS
    assert order.listen_s > LISTEN_S


def test_an_agent_who_dials_himself_hears_for_himself() -> None:
    scene = listening(mode=DialMode.PREVIEW)
    assert of(Originate, scene) == []
    plain = listening(ScreeningSettings())
    assert of(Originate, plain)[0].screener is None


def test_a_person_is_heard_then_bridged_out_of_the_stream() -> None:
    scene = listening()
    call = scene.dialled[0]
    step = scene.answer(call, park=False)
    assert scene.call(call).state is CallState.SCREENING
    assert of(ListenTo, step)[0].cost_ratio == ON.cost_ratio
    assert of(Bridge, step) == []
    scene.later(1.0)
    step = judge(scene, call)
    assert of(Bridge, step) == [Bridge(call, scene.leg(1), listened=True)]
    (fact,) = of(CallScreened, step)
    assert (fact.label, fact.to_agent, fact.features) == (Label.HUMAN, True, {"voiced_s": 0.7})
    step = scene.bridge(call, 1)
    assert of(TapCall, step) == [TapCall(call, ADDRESS, 15)]
    assert of(StopListening, scene.hang_up(call)) == [StopListening(call)]
    assert outcomes(scene) == [Outcome.CONNECTED]


def test_the_wait_counts_from_the_end_of_the_greeting() -> None:
    scene = listening(mode=DialMode.POWER)
    call = answered(scene)
    scene.agent(1).leg_parked = False  # nobody is free
    judge(scene, call, end_ms=700)
    deadline, at = scene.call(call).deadline, scene.call(call).answered_at
    assert deadline is not None
    assert at is not None
    assert (deadline - at).total_seconds() == pytest.approx(2.7)
    step = scene.run(1.8)
    assert len(of(CallAbandoned, step)) == 1
    assert of(PlayMessage, step) == [PlayMessage(call)], "he stands in the stream, where no message is"


def test_the_pacing_is_told_what_is_left_of_the_wait() -> None:
    """1. A call is judged a person a second after its answer, 0.3 s after its greeting; 2. the pacing counts on 1.7 of
    its 2 s."""
    scene = listening(mode=DialMode.PREDICTIVE)
    call = answered(scene)
    judge(scene, call)
    (moved,) = [fact for fact in of(AttemptMoved, scene) if fact.state is CallState.WAITING]
    assert moved.waits_s == pytest.approx(1.7)
    (player,) = scene.floor.pool._players.values()
    assert isinstance(player.policy, Predictive)
    deadline_s, _ = player.policy.ledger.waiting[call]
    assert deadline_s == pytest.approx(moved.at.timestamp() + 1.7)


def test_where_the_law_counts_from_the_answer_nobody_is_listened_to_beyond_it() -> None:
    scene = listening(replace(ON, clock=ConnectClock.ANSWER))
    call = scene.dialled[0]
    scene.answer(call, park=False)
    step = scene.run(1.7)
    assert of(CallScreened, step)[0].cause == Unheard.LATE
    assert of(Bridge, step)


@pytest.mark.parametrize(
    ("label", "outcome"),
    [
        (Label.MACHINE, Outcome.MACHINE),
        (Label.SIT, Outcome.INVALID_NUMBER),
        (Label.FAX, Outcome.FAX),
        (Label.TONE, Outcome.NO_ANSWER),
    ],
)
def test_what_is_no_person_is_hung_up_on(label: Label, outcome: Outcome) -> None:
    scene = listening()
    call = answered(scene)
    step = judge(scene, call, label, posterior=0.01)
    assert of(HangUpCall, step) == [HangUpCall(call)]
    assert scene.agent(1).state is not AgentState.ON_CALL
    scene.hang_up(call)
    assert outcomes(scene) == [outcome]
    assert of(CallAbandoned, scene) == []


def test_whoever_is_silent_is_told_who_called() -> None:
    scene = listening()
    call = answered(scene)
    assert of(PlayMessage, judge(scene, call, Label.SILENCE, posterior=0.5, end_ms=None)) == [
        PlayMessage(call)
    ]
    scene.feed(MessageBegan(at=scene.now, attempt_id=call))
    scene.hang_up(call)
    assert outcomes(scene) == [Outcome.NO_ANSWER]


@pytest.mark.parametrize("why", list(Unheard))
def test_in_doubt_there_is_an_agent(why: Unheard) -> None:
    scene = listening()
    call = answered(scene)
    step = scene.feed(CallUnheard(at=scene.now, attempt_id=call, why=why))
    assert of(Bridge, step)
    (fact,) = of(CallScreened, step)
    assert (fact.label, fact.cause, fact.to_agent) == (None, why, True)


def test_no_verdict_for_too_long_is_a_person() -> None:
    scene = listening()
    call = scene.dialled[0]
    scene.answer(call, park=False)
    assert of(Bridge, scene.run(LISTEN_S - 0.1)) == []
    assert of(Bridge, scene.run(0.2))


@pytest.mark.parametrize(
    "said",
    [
        {"posterior": 1.2},
        {"posterior": float("nan")},
        {"at_ms": -20},
        {"at_ms": 60_000},
        {"at_ms": 500, "end_ms": 900},
    ],
)
def test_what_cannot_be_is_not_believed(said: dict[str, float]) -> None:
    scene = listening()
    call = answered(scene)
    step = judge(scene, call, Label.MACHINE, **said)  # type: ignore[arg-type]
    assert of(CallScreened, step)[0].cause == Unheard.ABSURD
    assert of(Bridge, step)


def test_when_the_screener_dies_everybody_it_heard_gets_an_agent() -> None:
    scene = listening(agents=2)
    first, second = scene.dialled[:2]
    for call in (first, second):
        scene.answer(call, park=False)
    step = scene.feed(ScreenerDown(at=scene.now, why="it ended"))
    assert of(ScreenerMoved, step) == [ScreenerMoved(at=scene.now, up=False, reason="it ended")]
    assert {order.attempt_id for order in of(Bridge, step)} == {first, second}
    assert [fact.cause for fact in of(CallScreened, step)] == [Unheard.DOWN] * 2


def test_placed_while_it_was_down_nobody_is_listened_to() -> None:
    scene = listening(up=False)
    assert of(Originate, scene)[0].screener is None
    step = scene.answer(scene.dialled[0])
    assert of(CallScreened, step)[0].cause == Unheard.DOWN
    assert of(Bridge, step)


def test_the_dialplan_goes_on_by_itself_when_the_stream_ends() -> None:
    scene = listening()
    call = answered(scene)
    step = scene.park(call)
    assert of(CallScreened, step)[0].cause == Unheard.DOWN
    assert of(Bridge, step) == [Bridge(call, scene.leg(1), listened=False)]


def test_a_hung_dialer_finds_the_message_played() -> None:
    scene = listening(mode=DialMode.POWER)
    call = answered(scene)
    step = scene.feed(MessageBegan(at=scene.now, attempt_id=call))
    assert len(of(CallAbandoned, step)) == 1


def test_the_control_sample_goes_to_an_agent_unmarked() -> None:
    scene = listening(replace(ON, control_share=1.0))
    call = answered(scene)
    step = judge(scene, call, Label.MACHINE, posterior=0.01)
    assert of(Bridge, step)
    assert of(CallScreened, step)[0].control
    scene.bridge(call, 1)
    corrected = CallCorrected(at=scene.now, attempt_id=call, label=Label.MACHINE, cause="beep", at_ms=2000)
    assert of(HangUpCall, scene.feed(corrected)) == [], "his word is the measure"


def test_who_is_hung_up_on_counts_for_some_of_a_person() -> None:
    """1. A machine's verdict; 2. the gauge and the budget count what share of such verdicts is known to be wrong."""
    scene = listening()
    judge(scene, answered(scene), Label.MACHINE, posterior=0.01)
    run = scene.floor.campaigns[1]
    assert run.gauge.live == run.gauge.abandoned == person_share(0, 0) == 0.002
    assert run.budget.campaign.abandoned == run.budget.campaign.live == 0.002
    assert run.budget.campaign.variance == 0


@pytest.mark.parametrize(("said", "persons"), [(LATER, 1), (MACHINE_DISPOSITION, 0)])
def test_the_control_sample_tells_of_those_hung_up_on(said: str, persons: int) -> None:
    """1. 100 hung up on that day; 2. one more goes to an agent, who says what he heard; 3. the 100 are counted anew."""
    scene = listening(replace(ON, control_share=1.0))
    run = scene.floor.campaigns[1]
    scene.floor.count_lost(run, scene.now, run.lost.end(scene.now, 100))
    call = answered(scene)
    judge(scene, call, Label.MACHINE, posterior=0.01)
    scene.bridge(call, 1)
    scene.hang_up(call)
    scene.wish(1, Dispose(call, said, "", None))
    assert run.gauge.abandoned == pytest.approx(100 * person_share(persons, 1))
    assert run.budget.campaign.abandoned == pytest.approx(100 * person_share(persons, 1))


def test_a_shadow_only_looks_on() -> None:
    scene = listening(replace(ON, mode=Screening.SHADOW))
    assert of(Originate, scene)[0].screener is None
    call = scene.dialled[0]
    step = scene.answer(call)
    assert of(Bridge, step)
    assert of(TapCall, step)
    assert of(ListenTo, step)
    scene.bridge(call, 1)
    scene.later(1.0)
    step = judge(scene, call, Label.MACHINE, posterior=0.01)
    (fact,) = of(CallScreened, step)
    assert (fact.mode, fact.label, fact.to_agent) == (Screening.SHADOW, Label.MACHINE, True)
    assert of(HangUpCall, step) == []


def test_a_machine_may_be_treated_as_live() -> None:
    scene = listening(replace(ON, on_machine=OnMachine.CONNECT))
    call = answered(scene)
    assert of(Bridge, judge(scene, call, Label.MACHINE, posterior=0.01))
    scene = listening(replace(ON, on_machine=OnMachine.CONNECT))
    assert of(HangUpCall, judge(scene, answered(scene), Label.FAX, posterior=0.01))


# --- messages ---------------------------------------------------------------------------------------------


def leaving() -> tuple[Scene, AttemptId]:
    scene = listening(replace(ON, on_machine=OnMachine.LEAVE_MESSAGE))
    call = answered(scene)
    step = judge(scene, call, Label.MACHINE, posterior=0.01)
    assert of(HangUpCall, step) == []
    (order,) = of(RenderText, step)
    assert order.kind is SpokenText.MESSAGE
    assert scene.agent(1).state is not AgentState.ON_CALL
    return scene, call


@pytest.mark.parametrize("beep_first", [True, False])
def test_a_message_is_left_when_it_is_ready_and_the_beep_is_over(beep_first: bool) -> None:
    scene, call = leaving()
    rendered = TextRendered(at=scene.now, attempt_id=call, kind=SpokenText.MESSAGE, file="ab" * 16)
    beep = BeepEnded(at=scene.now, attempt_id=call, end_ms=900)
    first, second = (beep, rendered) if beep_first else (rendered, beep)
    assert of(SpeakFile, scene.feed(first)) == []
    assert of(SpeakFile, scene.feed(second)) == [SpeakFile(call, "ab" * 16)]
    step = scene.feed(MessageLeft(at=scene.now, attempt_id=call))
    assert of(TextSpoken, step)[0].kind is SpokenText.MESSAGE
    scene.hang_up(call)
    assert outcomes(scene) == [Outcome.MACHINE]


def test_without_a_text_or_a_beep_the_call_just_ends() -> None:
    scene, call = leaving()
    step = scene.feed(TextRendered(at=scene.now, attempt_id=call, kind=SpokenText.MESSAGE, file=None))
    assert of(HangUpCall, step) == [HangUpCall(call)]
    scene, call = leaving()
    assert of(HangUpCall, scene.run(BEEP_WAIT_S + 0.1)) == [HangUpCall(call)]


def test_an_assistant_is_told_who_calls_and_heard_again() -> None:
    scene = listening()
    call = answered(scene)
    step = judge(scene, call, Label.SCREENING)
    assert of(RenderText, step)[0].kind is SpokenText.ANNOUNCEMENT
    assert of(CallScreened, step) == []
    text = TextRendered(at=scene.now, attempt_id=call, kind=SpokenText.ANNOUNCEMENT, file="cd" * 16)
    step = scene.feed(text)
    assert of(SpeakFile, step) == [SpeakFile(call, "cd" * 16, again=True)]
    scene.later(3.0)
    step = scene.feed(MessageLeft(at=scene.now, attempt_id=call))
    assert of(TextSpoken, step)[0].kind is SpokenText.ANNOUNCEMENT
    assert of(ListenTo, step)
    scene.later(2.0)
    assert of(Bridge, judge(scene, call, Label.HUMAN, at_ms=2000, end_ms=1500))


# --- later ------------------------------------------------------------------------------------------------


def talking(settings: ScreeningSettings = ON) -> tuple[Scene, AttemptId]:
    scene = listening(settings)
    call = answered(scene)
    judge(scene, call)
    scene.bridge(call, 1)
    scene.later(1.0)
    return scene, call


def test_a_beep_under_an_agent_frees_him_by_himself() -> None:
    scene, call = talking()
    step = scene.feed(
        CallCorrected(at=scene.now, attempt_id=call, label=Label.MACHINE, cause="beep", at_ms=2000)
    )
    assert of(HangUpCall, step) == [HangUpCall(call)]
    assert of(ScreeningCorrected, step)[0].freed_agent
    step = scene.hang_up(call)
    assert of(AttemptDisposed, step)[0].code == MACHINE_DISPOSITION
    assert scene.agent(1).state in (AgentState.READY, AgentState.RESERVED), "no wrap-up is owed"
    assert of(LearnPrompt, step), "and its recording is remembered"


def test_unless_the_campaign_leaves_that_to_him() -> None:
    scene, call = talking(replace(ON, late_correction=False))
    step = scene.feed(
        CallCorrected(at=scene.now, attempt_id=call, label=Label.MACHINE, cause="beep", at_ms=2000)
    )
    assert of(HangUpCall, step) == []
    assert not of(ScreeningCorrected, step)[0].freed_agent


def test_an_agents_click_teaches_the_recording() -> None:
    scene, call = talking()
    scene.wish(1, Dispose(call, MACHINE_DISPOSITION, "", None))
    (order,) = of(LearnPrompt, scene.hang_up(call))
    assert order.number == scene.attempt(call).number
    scene, call = talking()
    scene.wish(1, Dispose(call, LATER, "", None))
    assert of(LearnPrompt, scene.hang_up(call)) == []


def test_the_detectors_own_word_teaches_it_less() -> None:
    scene = listening()
    call = answered(scene)
    judge(scene, call, Label.MACHINE, posterior=0.01)
    number = scene.attempt(call).number
    step = scene.hang_up(call)
    assert of(LearnPrompt, step) == [LearnPrompt(call, number, sure=False)]
    assert step.commands.index(StopListening(call)) < step.commands.index(
        LearnPrompt(call, number, sure=False)
    )
    scene = listening()
    call = answered(scene)
    judge(scene, call, Label.FAX, posterior=0.01)
    assert of(LearnPrompt, scene.hang_up(call)) == []
