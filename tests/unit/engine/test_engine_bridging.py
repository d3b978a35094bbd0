"""A person waits: bridged in time, abandoned at the deadline, or gone before."""

from __future__ import annotations

from datetime import timedelta

from scene import PAID, Scene, campaign, lead, of, outcomes

from dialer.domain.agent import AgentState
from dialer.domain.call import CallState
from dialer.domain.campaign import DialMode, RecordingNotice
from dialer.domain.commands import (
    Bridge,
    HangUpCall,
)
from dialer.domain.events import (
    BridgeFailed,
    MessageBegan,
)
from dialer.domain.facts import (
    AttemptEnded,
    CallAbandoned,
    LeadMoved,
)
from dialer.domain.outcomes import Outcome
from dialer.domain.values import AttemptId, HungUpBy
from dialer.domain.wishes import Dispose


def waiting_for_agent(notice: RecordingNotice = RecordingNotice.SPOKEN) -> tuple[Scene, AttemptId]:
    """A pooled call, answered and parked, while its only agent is in wrap-up of another."""
    scene = Scene(campaign(mode=DialMode.POWER, ratio=2.0, notice=notice), leads=[lead(1), lead(2)], agents=1)
    scene.log_in(1)
    first, second = scene.dialled
    scene.answer(first)
    scene.later(0.004)
    scene.bridge(first, 1)
    scene.answer(second)
    return scene, second


def test_longest_waiting_customer_first() -> None:
    """1. Two customers wait; 2. the agent who comes free takes the one who answered first."""
    scene = Scene(
        campaign(mode=DialMode.POWER, ratio=3.0, wrap_up_s=0), leads=[lead(1), lead(2), lead(3)], agents=1
    )
    scene.log_in(1)
    first, second, third = scene.dialled
    scene.answer(first)
    scene.later(0.004)
    scene.bridge(first, 1)
    scene.answer(third)
    scene.answer(second)
    scene.hang_up(first)
    assert scene.park_leg(1).commands == [Bridge(third, scene.leg(1))]


def test_abandoned_at_the_deadline() -> None:
    """1. Nobody free until the deadline: outcome abandoned, one row of the ledger; 2. an agent who comes free
    later is not bridged to him; 3. the dialplan's own word and the hang-up add nothing."""
    scene, call = waiting_for_agent()
    answered_at = scene.call(call).answered_at
    assert answered_at is not None
    step = scene.run(3)
    assert of(CallAbandoned, step) == [
        CallAbandoned(
            at=answered_at + timedelta(seconds=2),
            attempt_id=call,
            campaign_id=1,
            answered_at=answered_at,
            deadline_at=answered_at + timedelta(seconds=2),
        )
    ]
    assert scene.call(call).state is CallState.MESSAGE
    scene.hang_up(scene.dialled[0])
    scene.wish(1, Dispose(scene.dialled[0], PAID, "", None))
    assert of(Bridge, scene.park_leg(1)) == []
    assert scene.feed(MessageBegan(at=scene.now, attempt_id=call)).facts == []
    step = scene.hang_up(call)
    assert outcomes(step) == [Outcome.ABANDONED]
    assert len(of(CallAbandoned, scene)) == 1


def test_no_bridge_begun_shortly_before_the_deadline() -> None:
    """1. 20 ms before the deadline an agent comes free; 2. he is not bridged: the dialplan already lets go."""
    scene, call = waiting_for_agent()
    scene.hang_up(scene.dialled[0])
    scene.wish(1, Dispose(scene.dialled[0], PAID, "", None))
    deadline = scene.call(call).deadline
    assert deadline is not None
    scene.now = deadline - timedelta(milliseconds=20)
    assert of(Bridge, scene.park_leg(1)) == []


def test_message_before_our_own_deadline() -> None:
    """1. The dialplan gives the customer up a moment before we would: abandoned then; 2. counted once."""
    scene, call = waiting_for_agent()
    scene.later(1.9)
    step = scene.feed(MessageBegan(at=scene.now, attempt_id=call))
    assert [fact.at for fact in of(CallAbandoned, step)] == [scene.now]
    assert of(CallAbandoned, scene.run(5)) == []


def test_customer_hangs_up_while_waiting() -> None:
    """1. Gone before the limit: customer_hung_up, no abandonment; 2. the lead rests 4 hours."""
    scene, call = waiting_for_agent()
    scene.later(1)
    step = scene.hang_up(call)
    (ended,) = of(AttemptEnded, step)
    assert (ended.outcome, ended.hung_up_by) == (Outcome.CUSTOMER_HUNG_UP, HungUpBy.CUSTOMER)
    (moved,) = of(LeadMoved, step)
    assert moved.step.next_at == scene.now + timedelta(hours=4)
    assert of(CallAbandoned, scene.run(5)) == []


def test_customer_hangs_up_while_being_bridged() -> None:
    """1. The agent was reserved; 2. the customer goes; 3. the agent is ready again and owes nothing."""
    scene = Scene(campaign(mode=DialMode.POWER), leads=[lead(1)], agents=1)
    scene.log_in(1)
    call = scene.dialled[0]
    scene.answer(call)
    assert scene.agent(1).state is AgentState.RESERVED
    scene.hang_up(call)
    assert scene.agent(1).state is AgentState.READY
    assert scene.agent(1).attempt_id is None


def test_bridge_failed_for_want_of_the_leg() -> None:
    """1. The leg was gone: the agent is unreachable; 2. the customer goes to another agent at once."""
    scene = Scene(campaign(mode=DialMode.POWER), leads=[lead(1)], agents=2)
    scene.log_in(1, 2)
    call = scene.dialled[0]
    scene.answer(call)
    step = scene.feed(
        BridgeFailed(at=scene.now, attempt_id=call, leg_id=scene.leg(1), leg_gone=True, why="no Channel2")
    )
    assert step.commands == [Bridge(call, scene.leg(2))]
    assert scene.agent(1).state is AgentState.UNREACHABLE


def test_bridge_failed_for_want_of_the_customer() -> None:
    """1. The customer was gone: the agent is free; 2. nobody is sent after him in a loop; 3. his hang-up ends it."""
    scene = Scene(campaign(mode=DialMode.POWER), leads=[lead(1)], agents=2)
    scene.log_in(1, 2)
    call = scene.dialled[0]
    scene.answer(call)
    step = scene.feed(
        BridgeFailed(at=scene.now, attempt_id=call, leg_id=scene.leg(1), leg_gone=False, why="no Channel1")
    )
    assert step.commands == []
    assert scene.agent(1).state is AgentState.READY
    step = scene.hang_up(call)
    assert outcomes(step) == [Outcome.CUSTOMER_HUNG_UP]


def test_bridge_failed_is_tried_once_more_when_the_customer_stays() -> None:
    """1. A bridge fails though the customer stands there; 2. a second after the order it is tried again."""
    scene = Scene(campaign(mode=DialMode.POWER), leads=[lead(1)], agents=1)
    scene.log_in(1)
    call = scene.dialled[0]
    scene.answer(call)
    scene.feed(BridgeFailed(at=scene.now, attempt_id=call, leg_id=scene.leg(1), leg_gone=False, why="busy"))
    assert of(Bridge, scene.run(0.9)) == []
    assert of(Bridge, scene.run(0.2)) == [Bridge(call, scene.leg(1))]


def test_bridge_never_confirmed_goes_to_another_agent() -> None:
    """1. No word of a bridge for a second: it has failed; 2. the agent idle longest is tried next."""
    scene = Scene(campaign(mode=DialMode.POWER), leads=[lead(1)], agents=2)
    scene.log_in(1, 2)
    call = scene.dialled[0]
    scene.answer(call)
    assert of(Bridge, scene.run(1.1)) == [Bridge(call, scene.leg(2))]


def test_first_bridge_confirmed_after_the_second_was_ordered() -> None:
    """1. Bridge to agent 1 is given up, ordered to agent 2; 2. agent 1 has him after all: they talk; 3. agent 2
    is free again, and has no part in the call."""
    scene = Scene(campaign(mode=DialMode.POWER), leads=[lead(1)], agents=2)
    scene.log_in(1, 2)
    call = scene.dialled[0]
    scene.answer(call)
    scene.run(1.1)
    scene.bridge(call, 1)
    assert scene.call(call).state is CallState.BRIDGED
    assert (scene.agent(1).state, scene.agent(2).state) == (AgentState.ON_CALL, AgentState.READY)


def test_bridge_confirmed_too_late_is_ended() -> None:
    """1. Abandoned at the deadline; 2. a bridge that comes about after all is hung up, the ledger stands."""
    scene = Scene(campaign(mode=DialMode.POWER), leads=[lead(1)], agents=1)
    scene.log_in(1)
    call = scene.dialled[0]
    scene.answer(call)
    scene.run(2.5)
    assert scene.call(call).state is CallState.MESSAGE
    assert scene.bridge(call, 1).commands == [HangUpCall(call)]
    step = scene.hang_up(call)
    assert outcomes(step) == [Outcome.ABANDONED]


def test_bridge_told_twice_harms_nobody() -> None:
    """1. The same bridge is told twice; 2. the call goes on; 3. the second counts as unexpected."""
    scene = Scene(leads=[lead(1)], agents=1)
    scene.log_in(1)
    call = scene.connect()
    seen = scene.floor.unexpected
    step = scene.bridge(call, 1)
    assert (step.commands, step.facts) == ([], [])
    assert scene.floor.unexpected == seen + 1
