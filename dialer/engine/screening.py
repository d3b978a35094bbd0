"""Who answered: when a call is listened to, and what follows from what was heard.

```
answered ── ON ──> SCREENING ── HUMAN, control sample, nobody can tell ──> WAITING (an agent)
   │                   └─────── machine, tones ──> MACHINE: hang up, or speak after the beep
   └─ OFF, SHADOW ──> WAITING at once; SHADOW hears on beside it, and only notes the verdict
```
Whatever fails on this way leads to an agent: the screener down, late or absurd, the sound not there. The dialplan does
the same by itself when the stream ends: it goes on to the waiting room.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from dialer.domain.call import CallInput, CallState
from dialer.domain.campaign import Campaign, DialMode
from dialer.domain.commands import (
    ExtendListening,
    HangUpCall,
    ListenTo,
    Originate,
    PlayMessage,
    PrepareMessage,
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
    GreetingEnded,
    MessageLeft,
    ScreenerDown,
    ScreenerUp,
    TextRendered,
)
from dialer.domain.facts import CallScreened, ScreenerMoved, ScreeningCorrected, TextSpoken
from dialer.domain.outcomes import Outcome
from dialer.domain.screening import (
    MACHINE_DISPOSITION,
    OUTCOMES,
    ConnectClock,
    Label,
    OnMachine,
    Screening,
    SpokenText,
    Unheard,
)
from dialer.domain.values import HungUpBy
from dialer.domain.wishes import Dispose
from dialer.engine.endings import free_reservation
from dialer.engine.floor import Floor
from dialer.engine.records import Call, Hearing

#: No verdict so long after the answer, and the person gets an agent. The detector decides 1.1 s after the greeting's
#: end; only somebody who talks on and on takes longer, and he is most likely no person.
LISTEN_S = 12.0
#: When the law counts from the answer, this much of the wait is left for the bridge.
BRIDGE_RESERVE_S = 0.4
#: Beside a conversation (late correction), and beside a call of shadow mode, the screener hears on for so long.
TAP_S = 15
SHADOW_TAP_S = 30
#: Longest wait for a voicemail's beep; greetings beyond half a minute are rare.
BEEP_WAIT_S = 45.0
#: An assistant that was told who calls answers, or puts the person through, within this.
ANNOUNCED_S = 20.0


def watch_campaign(floor: Floor, campaign: Campaign) -> None:
    """A campaign that wants its calls heard is here: the screener is started before its first call."""
    if campaign.screening.mode is not Screening.OFF:
        floor.order(PrepareScreener())


def originate(floor: Floor, call: Call) -> Originate:
    """The order to dial, with where the sound of an answer goes. An agent who dials himself hears for himself."""
    settings = floor.campaigns[call.attempt.campaign_id].campaign.screening
    by_agent = call.attempt.mode in (DialMode.MANUAL, DialMode.PREVIEW)
    if settings.mode is Screening.OFF or by_agent:
        return Originate(call.attempt)
    call.hearing = Hearing(settings, floor.screener)
    if settings.mode is Screening.SHADOW or floor.screener is None:
        return Originate(call.attempt)
    limit_s = _listen_s(call) + call.attempt.connect_limit_s + 1
    return Originate(call.attempt, floor.screener, math.ceil(limit_s))


def _listen_s(call: Call) -> float:
    if call.hearing and call.hearing.settings.clock is ConnectClock.ANSWER:
        return max(0.5, call.attempt.connect_limit_s - BRIDGE_RESERVE_S)
    return LISTEN_S


# --- the answer -------------------------------------------------------------------------------------------


def begin(floor: Floor, call: Call, at: datetime) -> bool:
    """At the answer. True: he is listened to first, and waits for nobody yet. `begun` follows."""
    hearing = call.hearing
    if hearing is None:
        return False
    hearing.began_at = at
    if hearing.early_since:
        floor.order(StopListening(call.id, early=True))
    here = floor.screener is not None and floor.screener == hearing.screener
    if hearing.settings.mode is Screening.SHADOW or not here:
        return False
    if not floor.move_call(call, CallInput.LISTENED, at):
        return False
    hearing.streaming = True
    if hearing.judged:  # by its early media: the hang-up crosses the answer
        return floor.move_call(call, CallInput.JUDGED_MACHINE, at)
    hearing.until = at + timedelta(seconds=_listen_s(call))
    floor.wake_at(hearing.until)
    return True


def begun(floor: Floor, call: Call, at: datetime) -> None:
    """The answer is noted: now the screener is told, or that nobody hears this call."""
    hearing = call.hearing
    if hearing is None or hearing.judged:
        return
    shadow = hearing.settings.mode is Screening.SHADOW
    if floor.screener is None or not (shadow or hearing.streaming):
        _note_unheard(floor, call, at, Unheard.DOWN)
        return
    floor.order(_listen_to(call, at))
    if shadow:
        floor.order(TapCall(call.id, floor.screener, SHADOW_TAP_S))


def _listen_to(call: Call, at: datetime) -> ListenTo:
    dialled = next((p.history for p in call.lead.phones if p.id == call.attempt.phone_id), None)
    run = dialled.same_outcome_run if dialled else 0
    return ListenTo(
        call.id,
        call.hearing.settings.cost_ratio if call.hearing else 1.0,
        ring_s=(at - call.rang_at).total_seconds() if call.rang_at else None,
        machines_before=run if dialled and dialled.last_outcome is Outcome.MACHINE else 0,
        humans_before=run if dialled and dialled.last_outcome is Outcome.CONNECTED else 0,
        number=call.attempt.number,
    )


# --- what the screener says -------------------------------------------------------------------------------


def on_screener_up(floor: Floor, event: ScreenerUp) -> None:
    floor.screener = event.address
    floor.note(ScreenerMoved(at=event.at, up=True))


def on_screener_down(floor: Floor, event: ScreenerDown) -> None:
    """All that it was hearing goes to agents now."""
    floor.screener = None
    floor.note(ScreenerMoved(at=event.at, up=False, reason=event.why))
    for call in list(floor.calls.values()):
        if call.hearing is None or call.answered_at is None:
            continue
        if call.state is CallState.MACHINE:
            hang_up(floor, call)
        else:
            give_up(floor, call, event.at, Unheard.DOWN)


def on_unheard(floor: Floor, event: CallUnheard) -> None:
    if call := floor.calls.get(event.attempt_id):
        give_up(floor, call, event.at, event.why)


def give_up(floor: Floor, call: Call, at: datetime, why: Unheard) -> None:
    """Nobody can tell who answered: a person, until an agent says otherwise."""
    if call.hearing is None or call.hearing.judged:
        return
    _note_unheard(floor, call, at, why)
    if call.state is CallState.SCREENING:
        _to_agents(floor, call, at, None)


def _note_unheard(floor: Floor, call: Call, at: datetime, why: Unheard) -> None:
    if call.hearing is None:
        return
    call.hearing.judged = True
    floor.note(
        CallScreened(
            at=at,
            attempt_id=call.id,
            campaign_id=call.attempt.campaign_id,
            label=None,
            cause=why,
            mode=call.hearing.settings.mode,
            to_agent=True,
        )
    )


def on_greeting_ended(floor: Floor, event: GreetingEnded) -> None:
    """The law's clock may start here."""
    call = floor.calls.get(event.attempt_id)
    if call and call.hearing:
        call.hearing.greeting_end_ms = event.end_ms


def on_judged(floor: Floor, event: CallJudged) -> None:
    call = floor.calls.get(event.attempt_id)
    if call is None or call.hearing is None or call.hearing.judged or call.hearing.began_at is None:
        return
    if not possible(call.hearing.began_at, event):
        give_up(floor, call, event.at, Unheard.ABSURD)
        return
    hearing = call.hearing
    listening = call.state is CallState.SCREENING
    if listening and event.label is Label.SCREENING and not hearing.announced:
        _announce(floor, call, event.at)
        return
    outcome = OUTCOMES.get(event.label)
    # Drawn for each machine, so that the sample is the same whatever else happens.
    control = outcome is not None and listening and floor.rng.random() < hearing.settings.control_share
    live = outcome is Outcome.MACHINE and hearing.settings.on_machine is OnMachine.CONNECT
    hearing.judged, hearing.control, hearing.label = True, control, event.label
    hearing.greeting_end_ms = event.greeting_end_ms
    to_agent = not listening or outcome is None or control or live
    floor.note(
        CallScreened(
            at=event.at,
            attempt_id=call.id,
            campaign_id=call.attempt.campaign_id,
            label=event.label,
            cause=event.cause,
            mode=hearing.settings.mode,
            to_agent=to_agent,
            control=control,
            posterior=event.posterior,
            decided_at_ms=event.decided_at_ms,
            greeting_end_ms=event.greeting_end_ms,
            features=dict(event.features),
        )
    )
    if not listening:
        return
    if outcome is not None and not (control or live):
        if event.label is not Label.SIT:  # no person sounds like one
            run = floor.campaigns[call.attempt.campaign_id]
            floor.count_lost(run, event.at, run.lost.end(event.at))
        _to_machine(floor, call, event.at, event.label, outcome)
    else:
        _to_agents(floor, call, event.at, event.greeting_end_ms)


def possible(began_at: datetime, event: CallJudged) -> bool:
    """Whether a detector in its right mind could say this: a probability, and times that have been."""
    so_far_ms = (event.at - began_at).total_seconds() * 1000 + 1000
    end = event.greeting_end_ms
    return (
        0 <= event.posterior <= 1
        and 0 <= event.decided_at_ms <= so_far_ms
        and (end is None or 0 <= end <= event.decided_at_ms)
    )


def _to_agents(floor: Floor, call: Call, at: datetime, greeting_end_ms: int | None) -> None:
    """He waits from now on; a bridge takes him straight out of the stream."""
    hearing = call.hearing
    if hearing is None or not floor.move_call(call, CallInput.JUDGED_HUMAN, at):
        return
    began_at = hearing.began_at or at
    hearing.until = None
    call.parked = True
    limit = timedelta(seconds=call.attempt.connect_limit_s)
    if hearing.settings.clock is ConnectClock.ANSWER:
        call.deadline = max(began_at + limit, at + timedelta(seconds=BRIDGE_RESERVE_S))
    elif (
        greeting_end_ms is None
    ):  # he still speaks, or nobody could tell: the dialplan begins to count now, too
        call.deadline = at + limit
    else:
        call.deadline = began_at + timedelta(milliseconds=greeting_end_ms) + limit
    floor.wake_at(call.deadline)
    floor.note_call(call, at)


# --- machines ---------------------------------------------------------------------------------------------


def _to_machine(floor: Floor, call: Call, at: datetime, label: Label, outcome: Outcome) -> None:
    if call.hearing is None or not floor.move_call(call, CallInput.JUDGED_MACHINE, at):
        return
    call.outcome = outcome
    call.parked = False
    call.deadline = call.hearing.until = None
    free_reservation(floor, call, at)
    floor.note_call(call, at)
    if label is Label.SILENCE:
        # Whoever picked up and waits in silence is told who called; a call that only ends frightens people.
        call.hung_up_by = HungUpBy.SYSTEM
        floor.order(PlayMessage(call.id))
    elif label is Label.MACHINE and call.hearing.settings.on_machine is OnMachine.LEAVE_MESSAGE:
        _render(floor, call, SpokenText.MESSAGE)
        call.hearing.until = at + timedelta(seconds=BEEP_WAIT_S)
        floor.wake_at(call.hearing.until)
        floor.order(ExtendListening(call.id, math.ceil(BEEP_WAIT_S) + 5))
    else:
        hang_up(floor, call)


def hang_up(floor: Floor, call: Call) -> None:
    call.hung_up_by = call.hung_up_by or HungUpBy.SYSTEM
    floor.order(HangUpCall(call.id))


def _render(floor: Floor, call: Call, kind: SpokenText) -> None:
    attempt = call.attempt
    floor.order(RenderText(call.id, attempt.campaign_id, attempt.lead_id, kind, attempt.language))


def prepare_message(floor: Floor, call: Call) -> None:
    """The campaign's own words to whom no agent attends are made ready while he waits for one."""
    if floor.campaigns[call.attempt.campaign_id].campaign.abandoned_text is not None:
        _render(floor, call, SpokenText.ABANDONED)


def _announce(floor: Floor, call: Call, at: datetime) -> None:
    """An assistant asks who calls: it is told, and then heard again, once."""
    if call.hearing is None:
        return
    call.hearing.announced = True
    call.hearing.until = at + timedelta(seconds=ANNOUNCED_S)
    floor.wake_at(call.hearing.until)
    floor.order(ExtendListening(call.id, math.ceil(ANNOUNCED_S + call.attempt.connect_limit_s) + 5))
    _render(floor, call, SpokenText.ANNOUNCEMENT)


def on_text_rendered(floor: Floor, event: TextRendered) -> None:
    call = floor.calls.get(event.attempt_id)
    if call and event.kind is SpokenText.ABANDONED and event.file is not None:
        floor.order(PrepareMessage(call.id, event.file))
        return
    if call is None or call.hearing is None:
        return
    if event.kind is SpokenText.ANNOUNCEMENT:
        if call.state is not CallState.SCREENING:
            return
        if event.file is None:
            give_up(floor, call, event.at, Unheard.LATE)
            return
        _speak(floor, call, event.kind, event.file, again=True)
    elif call.state is CallState.MACHINE:
        if event.file is None:
            hang_up(floor, call)
            return
        call.hearing.file = event.file
        _speak_after_beep(floor, call)


def on_beep_ended(floor: Floor, event: BeepEnded) -> None:
    call = floor.calls.get(event.attempt_id)
    if call and call.hearing:
        call.hearing.beep_ended = True
        _speak_after_beep(floor, call)


def _speak_after_beep(floor: Floor, call: Call) -> None:
    hearing = call.hearing
    if hearing and hearing.beep_ended and hearing.file and call.state is CallState.MACHINE:
        file, hearing.file = hearing.file, None
        hearing.until = None
        call.hung_up_by = HungUpBy.SYSTEM
        _speak(floor, call, SpokenText.MESSAGE, file, again=False)


def _speak(floor: Floor, call: Call, kind: SpokenText, file: str, *, again: bool) -> None:
    floor.order(SpeakFile(call.id, file, again))
    if call.hearing:
        call.hearing.spoken = (kind, file)


def on_message_left(floor: Floor, event: MessageLeft) -> None:
    """Spoken to its end. An assistant is heard again from here on."""
    call = floor.calls.get(event.attempt_id)
    if call and call.hearing and call.hearing.spoken:
        kind, file = call.hearing.spoken
        call.hearing.spoken = None
        if kind is SpokenText.ANNOUNCEMENT:
            call.hearing.began_at = event.at
            floor.order(_listen_to(call, event.at))
        floor.note(
            TextSpoken(
                at=event.at,
                attempt_id=call.id,
                campaign_id=call.attempt.campaign_id,
                kind=kind,
                file=file,
            )
        )


def stream_ended(floor: Floor, call: Call, at: datetime) -> None:
    """The dialplan's listening step is over and he stands in the waiting room."""
    if call.hearing is None:
        return
    call.hearing.streaming = False
    if call.state is CallState.SCREENING:
        give_up(floor, call, at, Unheard.DOWN)
    elif call.state is CallState.MACHINE:
        hang_up(floor, call)


# --- later ------------------------------------------------------------------------------------------------


def bridged(floor: Floor, call: Call) -> None:
    """He talks with an agent. What was taken for a person may still beep: hear on for a while beside them."""
    hearing = call.hearing
    if hearing is None:
        return
    hearing.streaming = False
    heard = hearing.settings.mode is Screening.ON and hearing.label is not None
    if heard and hearing.settings.late_correction and call.outcome is None and floor.screener:
        floor.order(TapCall(call.id, floor.screener, TAP_S))


def on_corrected(floor: Floor, event: CallCorrected) -> None:
    """A beep or a known recording where a person was believed: the agent is freed by himself.

    A control call is left to him, who was not told: his word is the measure.
    """
    call = floor.calls.get(event.attempt_id)
    if call is None or call.hearing is None or call.hearing.control or call.answered_at is None:
        return
    on = call.hearing.settings.mode is Screening.ON and call.hearing.settings.late_correction
    on = on and call.hearing.settings.on_machine is not OnMachine.CONNECT
    talking = call.state is CallState.BRIDGED
    waiting = call.state is CallState.WAITING and call.connected_at is None and call.bridging_until is None
    floor.note(
        ScreeningCorrected(
            at=event.at,
            attempt_id=call.id,
            campaign_id=call.attempt.campaign_id,
            label=event.label,
            cause=event.cause,
            at_ms=event.at_ms,
            freed_agent=on and talking,
        )
    )
    outcome = OUTCOMES.get(event.label)
    if not on or outcome is None:
        return
    if talking and call.disposition is None:
        if (call.attempt.campaign_id, MACHINE_DISPOSITION) in floor.dispositions:
            call.disposition = Dispose(call.id, MACHINE_DISPOSITION, "", None)
        hang_up(floor, call)
    elif waiting:
        _to_machine(floor, call, event.at, event.label, outcome)


def due(floor: Floor, at: datetime) -> None:
    """Listening that has taken too long."""
    for call in [c for c in floor.calls.values() if c.hearing and c.hearing.until and c.hearing.until <= at]:
        if call.hearing is not None:
            call.hearing.until = None
        if call.state is CallState.SCREENING:
            give_up(floor, call, at, Unheard.LATE)
        elif call.state is CallState.MACHINE:
            hang_up(floor, call)


def deadline_missed(floor: Floor, call: Call) -> None:
    """Nobody was free. One who still stands in the stream, not in the waiting room, is told by our own order."""
    if call.hearing and call.hearing.streaming:
        call.hearing.streaming = False
        floor.order(PlayMessage(call.id))
