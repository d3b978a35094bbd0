"""Which trunk takes the next call: failover order, calls per second, channels, and a breaker per trunk.

Pure: time is an argument. A trunk that fails (503, no response) opens its breaker after a few faults in a row and
is tried again, one call first, after a back-off that doubles with jitter. Calls refused by a trunk burn no lead.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dialer.domain.values import Trunk

#: Faults in a row that open the breaker: one may be the callee's own network, three are the carrier's.
FAULTS_TO_OPEN = 3
#: First back-off of an open breaker, and the longest.
BACK_OFF_S = 5.0
MAX_BACK_OFF_S = 300.0
#: Burst a bucket may hold, in seconds of its rate: carriers police by the second, so no more than a fifth of one.
BURST_S = 0.2


@dataclass(slots=True)
class TrunkLoad:
    """One trunk's state of the moment."""

    trunk: Trunk
    #: Calls that may go out now; refilled at `calls_per_second`.
    tokens: float
    refilled_at: datetime
    in_use: int = 0
    faults: int = 0
    open_until: datetime | None = None
    #: The single call that tries a trunk out after its back-off is on its way.
    probing: bool = False
    back_off_s: float = BACK_OFF_S
    caller_id_turn: int = 0

    def burst(self) -> float:
        return max(1.0, self.trunk.calls_per_second * BURST_S)

    def refill(self, now: datetime) -> None:
        elapsed = max(0.0, (now - self.refilled_at).total_seconds())
        self.tokens = min(self.burst(), self.tokens + elapsed * self.trunk.calls_per_second)
        self.refilled_at = now

    def available(self, now: datetime) -> bool:
        if self.in_use >= self.trunk.channels or self.tokens < 1.0:
            return False
        if self.open_until is None:
            return True
        return now >= self.open_until and not self.probing


@dataclass(slots=True)
class Carriers:
    """All trunks of a shard, in failover order."""

    loads: list[TrunkLoad] = field(default_factory=list)

    @classmethod
    def of(cls, trunks: Iterable[Trunk], now: datetime) -> Carriers:
        ordered = sorted(trunks, key=lambda t: t.position)
        loads = [TrunkLoad(t, tokens=0.0, refilled_at=now) for t in ordered]
        for load in loads:
            load.tokens = load.burst()
        return cls(loads)

    def take(self, now: datetime) -> tuple[str, str] | None:
        """Seize a slot: (trunk name, caller id), or None when no trunk may take a call now."""
        for load in self.loads:
            load.refill(now)
            if load.available(now):
                load.tokens -= 1.0
                load.in_use += 1
                load.probing = load.open_until is not None
                caller_ids = load.trunk.caller_ids
                caller_id = caller_ids[load.caller_id_turn % len(caller_ids)]
                load.caller_id_turn += 1
                return load.trunk.name, caller_id
        return None

    def adopt(self, name: str) -> None:
        """Count a call that was already up when this shard started."""
        if load := self._load(name):
            load.in_use += 1

    def release(self, name: str, *, fault: bool, now: datetime, rng: random.Random) -> None:
        """Give the slot back; `fault` says that the trunk itself (not the callee) refused the call."""
        load = self._load(name)
        if load is None:  # the trunk was taken out of service while the call was up
            return
        load.in_use = max(0, load.in_use - 1)
        was_probe, load.probing = load.probing, False
        if not fault:
            load.faults, load.open_until, load.back_off_s = 0, None, BACK_OFF_S
            return
        load.faults += 1
        if was_probe or load.faults >= FAULTS_TO_OPEN:
            load.open_until = now + timedelta(seconds=load.back_off_s * rng.uniform(0.8, 1.2))
            load.back_off_s = min(MAX_BACK_OFF_S, load.back_off_s * 2)
            load.faults = 0

    def free_lines(self) -> int:
        """Channels not in use on trunks that are not shut by their breaker."""
        return sum(
            max(0, d.trunk.channels - d.in_use) for d in self.loads if d.open_until is None or d.probing
        )

    def total_cps(self) -> float:
        return sum(load.trunk.calls_per_second for load in self.loads)

    def next_token_at(self, now: datetime) -> datetime | None:
        """When a trunk with a free channel may take a call again; None when time alone won't help."""
        times = []
        for load in self.loads:
            if load.in_use >= load.trunk.channels or load.probing:
                continue
            load.refill(now)
            wait_s = max(0.0, (1.0 - load.tokens) / load.trunk.calls_per_second)
            times.append(max(now + timedelta(seconds=wait_s), load.open_until or now))
        return min(times, default=None)

    def _load(self, name: str) -> TrunkLoad | None:
        return next((load for load in self.loads if load.trunk.name == name), None)
