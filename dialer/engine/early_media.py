"""Sound before the answer: where a trunk sends it and its campaign screens, it is heard for special information tones.

They say that there will be no answer, seconds before the carrier does: the attempt ends as an invalid number. Ringback,
music and announcements without such tones say nothing certain; the call goes on as if nobody had listened.
"""

from __future__ import annotations

from dialer.domain.call import DIALLING_STATES
from dialer.domain.commands import ListenTo, TapCall
from dialer.domain.events import EarlyMediaBegan, EarlyMediaJudged
from dialer.domain.facts import CallScreened
from dialer.domain.screening import OUTCOMES, Label, Screening
from dialer.engine.floor import Floor
from dialer.engine.screening import hang_up, possible

#: The tap outlives the ringing by so much: it ends with the call or its answer, not by its own clock, s.
SPARE_S = 5


def begin(floor: Floor, event: EarlyMediaBegan) -> None:
    """Once for a call: the screener hears what comes before the answer."""
    call = floor.calls.get(event.attempt_id)
    if call is None or call.hearing is None or call.hearing.early_since or call.state not in DIALLING_STATES:
        return
    wanted = call.hearing.settings.mode is Screening.ON and floor.carriers.sends_early_media(
        call.attempt.trunk
    )
    if not wanted or floor.screener is None:
        return
    call.hearing.early_since = event.at
    floor.order(ListenTo(call.id, call.hearing.settings.cost_ratio, early=True))
    floor.order(TapCall(call.id, floor.screener, call.attempt.ring_timeout_s + SPARE_S, early=True))


def on_judged(floor: Floor, event: EarlyMediaJudged) -> None:
    """Special information tones before an answer: nobody will come."""
    call = floor.calls.get(event.attempt_id)
    if call is None or call.hearing is None or call.hearing.early_since is None:
        return
    over = call.answered_at is not None or call.hearing.judged or call.hung_up_by is not None
    if over or event.label is not Label.SIT or not possible(call.hearing.early_since, event):
        return
    call.hearing.judged, call.hearing.label = True, event.label
    call.outcome = OUTCOMES[event.label]
    floor.note(
        CallScreened(
            at=event.at,
            attempt_id=call.id,
            campaign_id=call.attempt.campaign_id,
            label=event.label,
            cause=event.cause,
            mode=call.hearing.settings.mode,
            to_agent=False,
            posterior=event.posterior,
            decided_at_ms=event.decided_at_ms,
            greeting_end_ms=event.greeting_end_ms,
            features=dict(event.features),
        )
    )
    hang_up(floor, call)
