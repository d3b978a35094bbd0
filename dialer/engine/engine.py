"""The engine: one door in, facts and commands out. No clock, no I/O, no asyncio; its chance is seeded.

The shard drains its inbox, hands the batch to `handle`, logs the facts in one transaction and carries the commands
out. Whatever fails out there comes back in here as an event.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import assert_never

from dialer.domain.events import (
    AnyEvent,
    AttemptsCommitted,
    BeepEnded,
    BridgeFailed,
    CallAnswered,
    CallBridged,
    CallCorrected,
    CallHungUp,
    CallJudged,
    CallParked,
    CallRang,
    CallUnheard,
    CampaignEdited,
    ChannelsListed,
    CustomerHeld,
    EarlyMediaBegan,
    EarlyMediaJudged,
    GreetingEnded,
    LeadsClaimed,
    LeadsWithdrawn,
    LegHungUp,
    LegParked,
    LogBack,
    LogLost,
    MessageBegan,
    MessageLeft,
    NoticeEnded,
    OriginateFailed,
    PhoneClaimed,
    RecorderStarted,
    ScreenerDown,
    ScreenerUp,
    StaffingPlanned,
    SwitchAlive,
    SwitchDown,
    SwitchUp,
    TextRendered,
    TrunksEdited,
    Wished,
    Woke,
)
from dialer.domain.facts import AnyFact, SwitchMoved
from dialer.domain.stored import ShardState
from dialer.engine import (
    calls,
    desk,
    dialling,
    early_media,
    hopper,
    planning,
    recovery,
    screening,
    staffing,
    withdrawal,
)
from dialer.engine.floor import Floor
from dialer.engine.records import Step


class Engine:
    """The deciding half of a shard."""

    def __init__(self, state: ShardState, *, at: datetime, seed: int) -> None:
        self.floor = Floor(fence=state.fence, seed=seed)
        recovery.restore(self.floor, state, at, seed)

    def handle(self, events: Sequence[AnyEvent], at: datetime) -> Step:
        """Take a batch of events in order, then dial. `at`: now, not earlier than any event of the batch."""
        floor = self.floor
        for event in events:
            self._take(event)
            calls.match(floor, event.at)
        if floor.clear_alarms(at):
            calls.due(floor, at)
            calls.match(floor, at)
        dialling.dial(floor, at)
        return floor.take_step()

    def next_deadline(self) -> datetime | None:
        """When `handle` wants to be called again even if nothing happens (with a `Woke`, or an empty batch)."""
        return self.floor.next_alarm()

    def farewell(self, at: datetime) -> Sequence[AnyFact]:
        """What is to be logged last when this engine is stopped in peace."""
        kept = self.floor.pool.keep(at, now=True)
        return [kept] if kept else []

    def _take(self, event: AnyEvent) -> None:
        floor = self.floor
        match event:
            case CallRang():
                calls.on_rang(floor, event)
            case EarlyMediaBegan():
                early_media.begin(floor, event)
            case CallAnswered():
                calls.on_answered(floor, event)
            case CallParked():
                calls.on_parked(floor, event)
            case CallBridged():
                calls.on_bridged(floor, event)
            case BridgeFailed():
                calls.on_bridge_failed(floor, event)
            case MessageBegan():
                calls.on_message_began(floor, event)
            case CustomerHeld():
                calls.on_customer_held(floor, event)
            case CallHungUp():
                calls.on_hung_up(floor, event)
            case OriginateFailed():
                calls.on_originate_failed(floor, event)
            case NoticeEnded():
                calls.on_notice_ended(floor, event)
            case RecorderStarted():
                calls.on_recorder_started(floor, event)
            case MessageLeft():
                screening.on_message_left(floor, event)
            case ScreenerUp():
                screening.on_screener_up(floor, event)
            case ScreenerDown():
                screening.on_screener_down(floor, event)
            case EarlyMediaJudged():  # (a CallJudged, too)
                early_media.on_judged(floor, event)
            case CallJudged():
                screening.on_judged(floor, event)
            case CallUnheard():
                screening.on_unheard(floor, event)
            case GreetingEnded():
                screening.on_greeting_ended(floor, event)
            case BeepEnded():
                screening.on_beep_ended(floor, event)
            case CallCorrected():
                screening.on_corrected(floor, event)
            case TextRendered():
                screening.on_text_rendered(floor, event)
            case LegParked():
                calls.on_leg_parked(floor, event)
            case LegHungUp():
                calls.on_leg_hung_up(floor, event)
            case SwitchUp():
                floor.switch_up = True
                floor.heard_at = event.at
                floor.note(SwitchMoved(at=event.at, up=True))
                recovery.reconcile(floor, event.channels, event.asked_at or event.at, event.at)
                recovery.repeat_notices(floor)
            case SwitchAlive():
                floor.heard_at = event.at - timedelta(seconds=event.late_s)
            case SwitchDown():
                floor.switch_up = False
                floor.note(SwitchMoved(at=event.at, up=False))
            case ChannelsListed():
                recovery.reconcile(floor, event.channels, event.asked_at, event.at, routine=True)
            case AttemptsCommitted():
                planning.on_committed(floor, event)
            case LeadsClaimed():
                hopper.on_leads_claimed(floor, event)
            case PhoneClaimed():
                desk.on_phone_claimed(floor, event)
            case LeadsWithdrawn():
                withdrawal.on_withdrawn(floor, event)
            case LogLost():
                floor.log_up = False
            case LogBack():
                floor.log_up = True
            case CampaignEdited():
                desk.on_campaign_edited(floor, event)
            case TrunksEdited():
                floor.carriers.replace(event.trunks, event.at)
                floor.slot_at = None
            case StaffingPlanned():
                staffing.on_planned(floor, event)
            case Wished():
                desk.on_wished(floor, event)
            case Woke():
                pass
            case _:
                assert_never(event)
