"""A second opinion on the switch: what another AMI library, panoramisk, heard while calls ran.

No test then has to believe the dialer's own client and translation. panoramisk 1.4 only listens here: it would send an
unanswered Originate again after a reconnect, and lets a line's end in a value through
(docs/decisions/0002-own-ami-client.md).
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

from panoramisk import Manager

from lab.asterisk import HOST, Switch
from lab.errors import LabError

#: Classes of events asked for; the switch's own filter for this user says which of them are sent.
EVENTS = "system,call,user"
LOGIN_TIMEOUT_S = 10.0
#: A link that was lost is a gap in what was seen, so it is never made again.
NEVER_S = 86_400
#: The dialer takes its times from the same stamps. When the answer and the waiting room come in one batch it may
#: book either, and they are 0.1-0.4 ms apart; on a loaded machine somewhat more.
SAME_TIME = timedelta(milliseconds=50)
_ULID_LENGTH = 26
_LEG = "leg-"
_UP = "6"


@dataclass(slots=True)
class SeenCall:
    """What became of one attempt's channel, by the switch's own stamps."""

    #: How often a channel of this id was made.
    channels: int = 0
    answered_at: datetime | None = None
    #: First time together with an agent's leg in a two-party bridge.
    bridged_at: datetime | None = None
    #: The legs it talked to, in order.
    legs: list[str] = field(default_factory=list)
    ended_at: datetime | None = None
    #: Of the Hangup; None where Asterisk gave none.
    q850: int | None = None


class Observer:
    """Listens from `__aenter__` on. `calls`: what was seen, by attempt id."""

    def __init__(self, switch: Switch) -> None:
        self.calls: dict[str, SeenCall] = {}
        self._switch = switch
        self._booted = asyncio.Event()
        self._lost = False
        #: Bridge -> the channels of ours in it.
        self._bridges: dict[str, set[str]] = {}

    async def __aenter__(self) -> Self:
        """Raises LabError when the switch does not let us in."""
        self._manager = Manager(
            loop=asyncio.get_running_loop(),
            host=HOST,
            port=self._switch.ami_port,
            username=self._switch.ami_user,
            secret=self._switch.ami_secret,
            events=EVENTS,
            reconnect_timeout=NEVER_S,
            on_disconnect=self._on_lost,
        )
        for name, heed in (
            ("FullyBooted", self._on_booted),
            ("Newchannel", self._on_made),
            ("Newstate", self._on_state),
            ("BridgeEnter", self._on_entered),
            ("BridgeLeave", self._on_left),
            ("Hangup", self._on_hangup),
        ):
            self._manager.register_event(name, heed)
        self._connecting = self._manager.connect()
        try:
            await asyncio.wait_for(self._booted.wait(), LOGIN_TIMEOUT_S)
        except TimeoutError:
            self._manager.close()
            raise LabError(f"the switch did not let the observer in within {LOGIN_TIMEOUT_S:g} s") from None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._manager.close()
        # Its socket is closed in the loop's next turn.
        await asyncio.sleep(0)

    def differences(self, attempts: Iterable[Mapping[str, Any]]) -> list[str]:
        """Where these rows of the table `attempt` and what was seen contradict each other, a line each.

        The rows hold id, answered_at, connected_at, ended_at and q850, and are all there are. Raises LabError when the
        link was lost meanwhile: then nothing can be said.
        """
        if self._lost:
            raise LabError("the observer lost its link to the switch and did not see everything")
        rows = {row["id"]: row for row in attempts}
        found = [f"{id_}: a call that is in no book" for id_ in self.calls if id_ not in rows]
        for id_, row in rows.items():
            found += [f"{id_}: {what}" for what in _compare(self.calls.get(id_, SeenCall()), row)]
        return found

    # --- what is heard; panoramisk's messages know their headers in any case, and "" for one that is missing ----

    def _on_booted(self, _: Manager, __: Any) -> None:
        self._booted.set()

    def _on_lost(self, _: Manager, __: object) -> None:
        self._lost = True

    def _on_made(self, _: Manager, event: Any) -> None:
        if call := self._call(event):
            call.channels += 1

    def _on_state(self, _: Manager, event: Any) -> None:
        if (call := self._call(event)) and event.ChannelState == _UP and call.answered_at is None:
            call.answered_at = _at(event)

    def _on_entered(self, _: Manager, event: Any) -> None:
        if event.BridgeTechnology == "holding_bridge":
            return
        members = self._bridges.setdefault(event.BridgeUniqueid, set())
        members.add(event.Uniqueid)
        leg = next((m for m in members if m.startswith(_LEG)), None)
        attempt = next((m for m in members if len(m) == _ULID_LENGTH), None)
        if leg and attempt:
            call = self.calls.setdefault(attempt, SeenCall())
            call.bridged_at = call.bridged_at or _at(event)
            call.legs.append(leg)

    def _on_left(self, _: Manager, event: Any) -> None:
        members = self._bridges.get(event.BridgeUniqueid, set())
        members.discard(event.Uniqueid)
        if not members:
            self._bridges.pop(event.BridgeUniqueid, None)

    def _on_hangup(self, _: Manager, event: Any) -> None:
        if call := self._call(event):
            call.ended_at = _at(event)
            call.q850 = int(event.Cause) or None

    def _call(self, event: Any) -> SeenCall | None:
        """The attempt an event is about; None for channels that are none."""
        id_: str = event.Uniqueid
        return self.calls.setdefault(id_, SeenCall()) if len(id_) == _ULID_LENGTH else None


def _compare(seen: SeenCall, row: Mapping[str, Any]) -> list[str]:
    found = []
    if seen.channels > 1:
        found.append(f"dialled {seen.channels} times")
    for what, booked, looked in (
        ("answered", row["answered_at"], seen.answered_at),
        ("connected", row["connected_at"], seen.bridged_at),
    ):
        if not _same(booked, looked):
            found.append(f"{what}: booked {booked}, seen {looked}")
    if row["q850"] != seen.q850:
        found.append(f"cause: booked {row['q850']}, seen {seen.q850}")
    # An attempt for which no channel was ever made has an end of its own.
    if seen.channels and (row["ended_at"] is None) is not (seen.ended_at is None):
        found.append(f"ended: booked {row['ended_at']}, seen {seen.ended_at}")
    return found


def _same(booked: datetime | None, seen: datetime | None) -> bool:
    if booked is None or seen is None:
        return booked is seen
    return abs(booked - seen) <= SAME_TIME


def _at(event: Any) -> datetime:
    return datetime.fromtimestamp(float(event.Timestamp), UTC)
