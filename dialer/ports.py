"""What the shard needs of the world, as protocols. Each has a real adapter and an in-memory one in `testing`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from dialer.domain.campaign import Campaign
from dialer.domain.commands import RenderText, ScreenerCommand, SwitchCommand
from dialer.domain.facts import AnyFact
from dialer.domain.staffing import Staffing
from dialer.domain.stored import (
    OpenAttempt,
    ShardState,
    StoredAgent,
    StoredDisposition,
    Tally,
    UnfinishedCall,
)
from dialer.domain.values import AttemptId, ClaimedLead, Trunk

__all__ = [
    "FenceLost",
    "LogUnavailable",
    "OpenAttempt",
    "Publisher",
    "Screener",
    "ShardState",
    "ShardStore",
    "Speaker",
    "StoredAgent",
    "StoredDisposition",
    "StoredIntent",
    "Switch",
    "Tally",
    "UnfinishedCall",
]


class LogUnavailable(Exception):
    """The event log can't be written now; nothing was. Campaigns halt until it can."""


class FenceLost(Exception):
    """Another process owns the shard: stop at once, dial nothing more."""


@dataclass(frozen=True, slots=True)
class StoredIntent:
    """A click on its way: `type` and `data` are those of `api/schemas.py`, checked by the shard again."""

    id: int
    user_id: int
    role: str
    type: str
    data: dict[str, object]


class ShardStore(Protocol):
    """The shard's side of the store. One shard, one writer, guarded by lease and fence."""

    async def acquire(self, agent_group_id: int, owner: str, lease: timedelta) -> int | None:
        """Take the shard when its lease is free or run out: the new fence, or None."""

    async def renew(self, lease: timedelta) -> None:
        """Keep the lease. Raises FenceLost when somebody else has it."""

    async def release(self) -> None:
        """Give the lease and every claimed, undialled lead back."""

    async def load(self) -> ShardState:
        """The state to start from."""

    async def append(self, facts: Sequence[AnyFact]) -> frozenset[AttemptId]:
        """Write the batch in one transaction and return the ids of the planned attempts that may be dialled.

        A planned attempt is refused (left out) when its lead's claim is no longer ours or its person already
        has a call open; such an attempt leaves no row. Raises FenceLost, LogUnavailable.
        """

    async def claim(
        self,
        campaign_id: int,
        count: int,
        lease: timedelta,
        now: datetime,
        closed_zones: Collection[str] = (),
    ) -> list[ClaimedLead]:
        """Up to `count` callable leads, by priority and value, ours until the lease ends (SKIP LOCKED).

        Nobody of `closed_zones` (IANA names), where no call is lawful now; callbacks come all the same.
        Leads due for a callback come with `callback_agent_id`; leads without an active number are finished
        here (`no_number`) and never returned.
        """

    async def tend(self, now: datetime) -> None:
        """Give claims of the running campaigns that ran out back, and wake leads whose rest has ended by `now`.

        To be asked every few seconds, so that a claim finds what is due in its order; a claim that comes short does it.
        """

    async def claim_phone(
        self, number: str, campaign_ids: Sequence[int], lease: timedelta, now: datetime
    ) -> ClaimedLead | None:
        """The lead of this number in these campaigns, claimed for a manual call, whatever its `next_at`."""

    def intents(self) -> AsyncIterator[StoredIntent]:
        """Open intents in order, then each new one as it comes (LISTEN); never ends."""

    def campaign_changes(self) -> AsyncIterator[tuple[Campaign, tuple[StoredDisposition, ...]]]:
        """Each campaign that is new or whose settings were edited, with its dispositions (LISTEN); never ends."""

    def trunk_changes(self) -> AsyncIterator[tuple[Trunk, ...]]:
        """All trunks in service each time that one of them has changed (LISTEN); never ends."""

    def staffing(self) -> AsyncIterator[Staffing]:
        """What is planned of the group's agents: at once, and each time that it has changed (LISTEN); never ends."""

    def withdrawals(self) -> AsyncIterator[frozenset[int]]:
        """Leads, of whatever shard, that somebody's word keeps from being dialled (LISTEN); never ends.

        After a lost connection first those of them that this shard is dialling.
        """


class Switch(Protocol):
    """The switch's side: orders go in, events come out through the callback given at construction."""

    async def run(self) -> None:
        """Keep the link, report SwitchUp/SwitchDown and every event, until cancelled."""

    def execute(self, command: SwitchCommand) -> None:
        """Order it, without waiting. Whatever goes wrong comes back as an event."""

    def list_channels(self) -> None:
        """Ask for a listing; it comes as ChannelsListed."""


class Screener(Protocol):
    """The ear: is told which calls to hear; what it hears comes out through the callback given at construction."""

    async def run(self) -> None:
        """Once PrepareScreener was ordered: keep it running, report ScreenerUp/ScreenerDown and findings, until
        cancelled."""

    def execute(self, command: ScreenerCommand) -> None:
        """Order it, without waiting. While the screener is down calls are not heard, and nobody waits for them."""


class Speaker(Protocol):
    """Texts into files of the switch's message folder."""

    async def render(self, order: RenderText) -> str | None:
        """The file's name; None when there is no such text or it can't be spoken (the log says why)."""


class Publisher(Protocol):
    """Facts outwards (MQTT). Never in the way: a slow or absent broker loses messages, not calls."""

    def publish(self, facts: Sequence[AnyFact]) -> None:
        """Take a committed batch; returns at once."""


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """An attempt as the ingest of recordings needs it."""

    attempt_id: AttemptId
    ended: bool
    started_at: datetime  # when the recording began
    kept: bool  # its recording is on the shelf already


@dataclass(frozen=True, slots=True)
class KeptRecording:
    """A recording on the shelf: `path` below the recordings folder, of ids and dates only."""

    attempt_id: AttemptId
    path: str
    started_at: datetime
    duration_ms: int
    size_bytes: int
    sha256: str
    peaks: bytes  # per channel (customer, agent) the loudest sample of each slice, 0-255: two equal halves


class RecordingStore(Protocol):
    """The shelf's catalogue. Both raise LogUnavailable while it can't be reached."""

    async def find_calls(self, attempt_ids: Sequence[AttemptId]) -> list[RecordedCall]:
        """Those of these attempts that exist."""

    async def keep(self, recording: KeptRecording) -> None:
        """Enter it, once per attempt: a second time changes nothing."""
