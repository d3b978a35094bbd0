"""A switch, a store and people who do whatever a list of numbers says: late, twice, never, all at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from scene import CALL_BACK, LATER, PAID, Scene, campaign, lead

from dialer.domain.campaign import DialMode, RecordingNotice
from dialer.domain.commands import (
    Bridge,
    ClaimPhone,
    Command,
    ConnectLeg,
    HangUpCall,
    HangUpLeg,
    Originate,
    PlayNotice,
    StartRecording,
)
from dialer.domain.events import (
    AnyEvent,
    BridgeFailed,
    CallAnswered,
    CallBridged,
    CallHungUp,
    CallParked,
    CallRang,
    CampaignEdited,
    ChannelsListed,
    CustomerHeld,
    LegHungUp,
    LegParked,
    LiveChannel,
    LogBack,
    LogLost,
    MessageBegan,
    NoticeEnded,
    OriginateFailed,
    PhoneClaimed,
    RecorderStarted,
    SwitchUp,
)
from dialer.domain.outcomes import Outcome
from dialer.domain.values import AttemptId, LegId
from dialer.domain.wishes import (
    ConnectPhone,
    ConsoleLost,
    DialNumber,
    DialPreview,
    Dispose,
    GoNotReady,
    GoReady,
    HangUp,
    LeaveGroup,
    LogOut,
    PauseCampaign,
    SkipPreview,
    StartCampaign,
    StayInGroup,
    StopCampaign,
    TickNotice,
    Wish,
)
from dialer.engine import Step

NETWORK = (Outcome.NO_ANSWER, Outcome.BUSY, Outcome.INVALID_NUMBER, Outcome.CONGESTION, Outcome.REJECTED)
MODES = tuple(DialMode)
Number = int


@dataclass(slots=True)
class Channel:
    """A channel as it truly is, whatever the engine has been told."""

    id: str
    up: bool = False
    parked: bool = False
    bridged_with: str | None = None


class World:
    """Plays numbers: each is one thing that happens."""

    def __init__(self, mode: DialMode, notice: RecordingNotice, seed: int) -> None:
        self.scene = Scene(
            campaign(1, mode, ratio=2.0, notice=notice, wrap_up_s=10),
            campaign(2, DialMode.MANUAL),
            leads=[lead(n, phones=1 + n % 3, person_id=1000 + n // 2) for n in range(1, 400)],
            agents=4,
            seed=seed,
        )
        self.channels: dict[str, Channel] = {}
        #: Events on their way to the engine, each with the moment it happened.
        self.pending: list[AnyEvent] = []
        self.past: list[AnyEvent] = []
        self.heard = 0
        self.next_typed = 500

    # --- the engine's orders --------------------------------------------------------------------------

    def obey(self) -> None:
        """Carry out what was ordered since last time."""
        new = self.scene.commands[self.heard :]
        self.heard = len(self.scene.commands)
        for command in new:
            self._obey(command)

    def _obey(self, command: Command) -> None:
        at = self.scene.now
        match command:
            case Originate():
                self.channels[command.attempt.id] = Channel(command.attempt.id)
            case ConnectLeg():
                self.channels[command.leg_id] = Channel(command.leg_id, up=True, parked=True)
                self.pending.append(LegParked(at=at, leg_id=command.leg_id))
            case Bridge():
                self._bridge(command)
            case HangUpCall():
                self._end_call(command.attempt_id, Outcome.NO_ANSWER)
            case HangUpLeg():
                self._end_leg(command.leg_id)
            case PlayNotice():
                self.pending.append(NoticeEnded(at=at, attempt_id=command.attempt_id))
            case StartRecording():
                if command.attempt_id in self.channels:
                    self.pending.append(RecorderStarted(at=at, attempt_id=command.attempt_id))
            case ClaimPhone():
                self.next_typed += 1
                found = lead(self.next_typed, campaign_id=2, lease_until=at + timedelta(minutes=5))
                self.pending.append(
                    PhoneClaimed(
                        at=at,
                        intent_id=command.intent_id,
                        agent_id=command.agent_id,
                        lead=found if self.next_typed % 3 else None,
                        number=found.phones[0].number.e164,
                    )
                )

    def _bridge(self, command: Bridge) -> None:
        at = self.scene.now
        customer, leg = self.channels.get(command.attempt_id), self.channels.get(command.leg_id)
        if customer and leg and customer.parked:
            customer.parked = leg.parked = False
            customer.bridged_with, leg.bridged_with = leg.id, customer.id
            self.pending.append(CallBridged(at=at, attempt_id=command.attempt_id, leg_id=command.leg_id))
        else:
            self.pending.append(
                BridgeFailed(
                    at=at,
                    attempt_id=command.attempt_id,
                    leg_id=command.leg_id,
                    leg_gone=leg is None,
                    why="gone",
                )
            )

    def _end_call(self, attempt_id: str, outcome: Outcome, *, fault: bool = False) -> None:
        channel = self.channels.pop(attempt_id, None)
        if channel is None:
            return
        self.pending.append(
            CallHungUp(
                at=self.scene.now,
                attempt_id=AttemptId(attempt_id),
                q850=16,
                sip_status=None,
                network_outcome=outcome,
                trunk_fault=fault,
            )
        )
        leg = self.channels.get(channel.bridged_with or "")
        if leg:
            leg.bridged_with, leg.parked = None, True
            self.pending.append(LegParked(at=self.scene.now, leg_id=LegId(leg.id)))

    def _end_leg(self, leg_id: str) -> None:
        leg = self.channels.pop(leg_id, None)
        if leg is None:
            return
        self.pending.append(LegHungUp(at=self.scene.now, leg_id=LegId(leg_id)))
        customer = self.channels.get(leg.bridged_with or "")
        if customer:
            customer.bridged_with, customer.parked = None, True
            self.pending.append(CustomerHeld(at=self.scene.now, attempt_id=AttemptId(customer.id)))
            self.pending.append(CallParked(at=self.scene.now, attempt_id=AttemptId(customer.id)))

    # --- what happens ---------------------------------------------------------------------------------

    def play(self, numbers: Sequence[tuple[Number, Number]]) -> None:
        for what, which in numbers:
            DEEDS[what % len(DEEDS)](self, which)
            self.obey()

    def feed(self, event: AnyEvent) -> Step:
        self.past.append(event)
        return self.scene.feed(event)

    def tell(self, which: Number) -> None:
        """The oldest event arrives, or (one time in eight) a later one overtakes it."""
        if self.pending:
            n = which // 8 % len(self.pending) if which % 8 == 0 else 0
            self.feed(self.pending.pop(n))

    def tell_all(self, which: Number) -> None:
        while self.pending:
            self.tell(1)
            self.obey()

    def tell_again(self, which: Number) -> None:
        if self.past:
            event = self.past[-1 - which % min(len(self.past), 40)]
            if not isinstance(event, PhoneClaimed):  # the store answers once
                self.scene.feed(event)

    def lose(self, which: Number) -> None:
        if self.pending and not isinstance(self.pending[0], PhoneClaimed):
            del self.pending[0]

    def move_customer(self, which: Number) -> None:
        """One customer's phone goes a step further, or he hangs up."""
        customers = [c for c in self.channels.values() if not c.id.startswith("leg-")]
        if not customers:
            return
        at, channel = self.scene.now, customers[which % len(customers)]
        call, choice = AttemptId(channel.id), which // 7 % 10
        if channel.up:
            if choice == 0 and not channel.bridged_with:
                channel.parked = False
                self.pending.append(MessageBegan(at=at, attempt_id=call))
            elif choice < 6:
                self._end_call(call, Outcome.CUSTOMER_HUNG_UP)
        elif choice < 2:
            self.pending.append(CallRang(at=at, attempt_id=call))
        elif choice < 7:
            channel.up = channel.parked = True
            self.pending.append(CallAnswered(at=at, attempt_id=call))
            self.pending.append(CallParked(at=at, attempt_id=call))
        elif choice == 7:
            del self.channels[call]
            self.pending.append(OriginateFailed(at=at, attempt_id=call, why="no", unknown=bool(which % 2)))
        else:
            outcome = NETWORK[which // 70 % len(NETWORK)]
            self._end_call(call, outcome, fault=outcome is Outcome.CONGESTION)

    def cut_leg(self, which: Number) -> None:
        legs = [c.id for c in self.channels.values() if c.id.startswith("leg-")]
        if legs:
            self._end_leg(legs[which % len(legs)])

    def wish(self, which: Number) -> None:
        agent_id = 1 + which % 4
        agent = self.scene.agent(agent_id)
        call = agent.attempt_id or AttemptId("0" * 26)
        shown = agent.preview.id if agent.preview else 1
        soon = self.scene.now + timedelta(seconds=5)
        wishes: list[Wish] = [
            ConnectPhone(),
            GoReady(),
            GoReady(),
            GoNotReady("lunch"),
            LogOut(),
            LeaveGroup(),
            StayInGroup(),
            ConsoleLost(),
            HangUp(call),
            Dispose(call, PAID, "", None),
            Dispose(call, LATER, "", None),
            Dispose(call, CALL_BACK, "", soon),
            TickNotice(call),
            DialPreview(shown, None),
            DialPreview(shown, None),
            SkipPreview(shown, ""),
            DialNumber("+18095550100"),
        ]
        self.scene.wish(agent_id, wishes[which // 4 % len(wishes)])

    def log_in(self, which: Number) -> None:
        self.scene.log_in(1 + which % 4)
        leg = self.scene.agent(1 + which % 4).leg_id
        self.obey()
        if leg in self.channels:
            self.pending = [e for e in self.pending if not (isinstance(e, LegParked) and e.leg_id == leg)]

    def move_campaign(self, which: Number) -> None:
        wishes: list[Wish] = [*[StartCampaign(1)] * 6, PauseCampaign(1), StopCampaign(1)]
        self.scene.wish(9, wishes[which % len(wishes)])

    def edit_campaign(self, which: Number) -> None:
        run = self.scene.floor.campaigns[1]
        edited = replace(run.campaign, mode=MODES[which % len(MODES)], wrap_up_s=which % 3 * 10)
        self.scene.feed(CampaignEdited(at=self.scene.now, campaign=edited))

    def wait(self, which: Number) -> None:
        self.scene.run((0.01, 0.2, 0.5, 1.1, 2.5, 7.0, 31.0)[which % 7])

    def jump(self, which: Number) -> None:
        """Time passes and nobody looks."""
        self.scene.later((0.05, 1.0, 3.0, 400.0)[which % 4])

    def cut_link(self, which: Number) -> None:
        """What happened on the way of the break is never told; the orders too go nowhere."""
        self.pending = [event for event in self.pending if isinstance(event, PhoneClaimed)]
        self.scene.switch_down()
        self.heard = len(self.scene.commands)

    def mend_link(self, which: Number) -> None:
        self.pending = [event for event in self.pending if isinstance(event, PhoneClaimed)]
        self.scene.later(0.01)
        self.feed(SwitchUp(at=self.scene.now, channels=self.listing()))

    def list_channels(self, which: Number) -> None:
        asked_at = self.scene.now - timedelta(seconds=(0.0, 0.3, 20.0)[which % 3])
        self.scene.feed(ChannelsListed(at=self.scene.now, asked_at=asked_at, channels=self.listing()))

    def listing(self) -> tuple[LiveChannel, ...]:
        return tuple(LiveChannel(c.id, c.up, c.parked, c.bridged_with) for c in self.channels.values())

    def cut_log(self, which: Number) -> None:
        self.scene.feed(LogLost(at=self.scene.now, why="disk"))
        self.scene.hold_commits = True

    def mend_log(self, which: Number) -> None:
        self.scene.hold_commits = False
        self.scene.feed(LogBack(at=self.scene.now))
        if self.scene.uncommitted:
            self.commit(which)

    def hold_commits(self, which: Number) -> None:
        self.scene.hold_commits = True

    def commit(self, which: Number) -> None:
        """The store answers, and refuses some."""
        if self.scene.floor.log_up and self.scene.uncommitted:
            refused = self.scene.uncommitted[: which % 3] if which % 5 == 0 else []
            self.scene.commit(refuse=refused)
            self.scene.hold_commits = False

    # --- the end --------------------------------------------------------------------------------------

    def settle(self) -> None:
        """The faults end, everybody hangs up and goes home: nothing may be left over."""
        self.mend_log(0)
        self.mend_link(0)
        self.obey()
        self.scene.wish(9, PauseCampaign(1))
        self.scene.wish(9, PauseCampaign(2))
        for _ in range(3):
            for channel in [c for c in self.channels if not c.startswith("leg-")]:
                self._end_call(channel, Outcome.NO_ANSWER)
            self.tell_all(0)
            self.scene.run(35)
            self.obey()
            self.mend_link(0)
        for agent_id in range(1, 5):
            self.scene.wish(agent_id, LogOut())
            self.obey()
        self.tell_all(0)


#: What a number may do, the usual things more often than the unusual.
DEEDS = (
    *[World.tell] * 16,
    *[World.tell_all] * 12,
    *[World.move_customer] * 30,
    *[World.wish] * 10,
    *[World.log_in] * 8,
    *[World.wait] * 10,
    World.tell_again,
    World.tell_again,
    World.lose,
    World.cut_leg,
    World.jump,
    World.move_campaign,
    World.move_campaign,
    World.edit_campaign,
    World.cut_link,
    World.mend_link,
    World.mend_link,
    World.list_channels,
    World.cut_log,
    World.mend_log,
    World.mend_log,
    World.hold_commits,
    World.commit,
    World.commit,
)
