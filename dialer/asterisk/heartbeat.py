"""Signs of life of the switch, twice a second: forecasts made on old news are worse than none.

A `Ping` says that the switch answers; the stamps of its events (`timestampevents`) say how old they are when they come.
The two clocks need not agree: the smallest difference seen is taken for the clocks', what is above it for delay.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from dialer.asterisk.client import AmiClient
from dialer.asterisk.errors import AmiError
from dialer.asterisk.wire import Message
from dialer.domain.events import SwitchAlive

BEAT_S = 0.5
#: A ping without an answer by then tells nothing any more; the next one may.
ANSWER_S = 5.0
#: The clocks' difference is forgotten by so much a second, so that a clock set back is believed after some time, s.
FORGET = 0.001


class Heartbeat:
    """Tells `on_event` of each answered ping. `run()` is a task of the owner's."""

    def __init__(self, client: AmiClient, on_event: Callable[[SwitchAlive], None]) -> None:
        self._client = client
        self._on_event = on_event
        self._difference_s: float | None = None
        self._late_s = 0.0

    def hear(self, message: Message, now: datetime) -> None:
        """An event has come: how late?"""
        try:
            behind_s = now.timestamp() - float(message.get("Timestamp"))
        except ValueError:
            return  # it has no stamp
        if self._difference_s is None or behind_s < self._difference_s:
            self._difference_s = behind_s
        self._late_s = max(self._late_s, behind_s - self._difference_s)

    def forget(self) -> None:
        """A new link: perhaps another switch, with another clock."""
        self._difference_s, self._late_s = None, 0.0

    async def run(self) -> None:
        """Ping for as long as the link is there, until cancelled."""
        while True:
            await self._client.connected.wait()
            asked_at = datetime.now(UTC)
            try:
                await self._client.action("Ping", timeout_s=ANSWER_S)
            except AmiError:
                await asyncio.sleep(BEAT_S)
                continue
            self._on_event(SwitchAlive(at=asked_at, late_s=self._late_s))
            self._late_s = 0.0
            if self._difference_s is not None:
                self._difference_s += FORGET * BEAT_S
            await asyncio.sleep(BEAT_S)
