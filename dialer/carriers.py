"""Which trunk takes the next call: failover order, calls per second, channels, and a breaker per trunk.

Pure: time is an argument. A trunk that fails (503, no response) opens its breaker after a few faults in a row and
is tried again, one call first, after a back-off that doubles with jitter. Calls refused by a trunk burn no lead. One
that refuses our account is not tried again: it is out of service until a person has put it back.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from dialer.domain.errors import BadInput
from dialer.domain.values import AttemptId, Trunk

#: Faults in a row that open the breaker: one may be the callee's own network, three are the carrier's.
FAULTS_TO_OPEN = 3
#: The carrier does not take our account (RFC 3261 sections 21.4.2, 21.4.3 and 21.4.8): every further call fails alike.
ACCOUNT_REFUSED = frozenset({401, 402, 407})
REFUSALS_TO_STOP = 3
#: May be meant for this call only (a barred destination); so many in a row, and nothing else between, are not.
FORBIDDEN, FORBIDDEN_TO_STOP = 403, 5
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
    #: Calls in a row by which the carrier refused us, not the callee.
    refusals: int = 0
    open_until: datetime | None = None
    #: The single call that tries the trunk out after its back-off.
    probe: AttemptId | None = None
    back_off_s: float = BACK_OFF_S
    caller_id_turn: int = 0

    def burst(self) -> float:
        return max(1.0, self.trunk.calls_per_second * BURST_S)

    def refill(self, now: datetime) -> None:
        if now <= self.refilled_at:  # an event told late: its time has been credited already
            return
        elapsed = (now - self.refilled_at).total_seconds()
        self.tokens = min(self.burst(), self.tokens + elapsed * self.trunk.calls_per_second)
        self.refilled_at = now

    def free_lines(self, now: datetime) -> int:
        """Channels that may be seized: one, for the probe, when the back-off of an open breaker is over."""
        if self.trunk.fault is not None:
            return 0
        free = max(0, self.trunk.channels - self.in_use)
        if self.open_until is None:
            return free
        return min(free, 1) if now >= self.open_until and self.probe is None else 0

    def failing(self) -> bool:
        """Whether its last call was refused, or its breaker is open."""
        return self.faults > 0 or self.open_until is not None

    def close(self) -> None:
        """The trunk works: no fault counts against it any more."""
        self.faults, self.refusals, self.open_until, self.back_off_s = 0, 0, None, BACK_OFF_S

    def open(self, now: datetime, rng: random.Random) -> None:
        self.open_until = now + timedelta(seconds=self.back_off_s * rng.uniform(0.8, 1.2))
        self.back_off_s = min(MAX_BACK_OFF_S, self.back_off_s * 2)
        self.faults = 0


@dataclass(slots=True)
class Carriers:
    """All trunks of a shard, in failover order."""

    loads: list[TrunkLoad] = field(default_factory=list)
    #: Taken out of service while calls were up on them, which are counted on.
    leaving: dict[str, TrunkLoad] = field(default_factory=dict)

    @classmethod
    def of(cls, trunks: Iterable[Trunk], now: datetime) -> Carriers:
        """Raises BadInput on a trunk that could never take a call."""
        ordered = sorted(trunks, key=lambda t: t.position)
        for trunk in ordered:
            if not (trunk.caller_ids and trunk.calls_per_second > 0 and trunk.channels >= 0):
                raise BadInput(f"trunk {trunk.name}: give it caller ids, calls per second and channels")
        loads = [TrunkLoad(t, tokens=0.0, refilled_at=now) for t in ordered]
        for load in loads:
            load.tokens = load.burst()
        return cls(loads)

    def replace(self, trunks: Iterable[Trunk], now: datetime) -> None:
        """The trunks as they are set now; what is up on them, and a breaker that is open, stays as it is.

        Raises BadInput as `of` does, and changes nothing then.
        """
        fresh = Carriers.of(trunks, now).loads
        known = self.leaving | {load.trunk.name: load for load in self.loads}
        for n, load in enumerate(fresh):
            if (old := known.pop(load.trunk.name, None)) is not None:
                if old.trunk.fault is not None and load.trunk.fault is None:
                    old.close()
                old.trunk = load.trunk
                fresh[n] = old
        self.loads = fresh
        self.leaving = {name: load for name, load in known.items() if load.in_use}

    def heed(self, name: str, sip_status: int | None) -> str | None:
        """What the end of an unanswered call says of our standing with the carrier: why the trunk must stop, or None.

        Once stopped it takes no call until somebody has put it back.
        """
        load = self._load(name)
        if load is None or load.trunk.fault is not None or sip_status is None:
            return None
        if sip_status not in ACCOUNT_REFUSED and sip_status != FORBIDDEN:
            if sip_status < 500:  # the carrier took the call and says something of the callee
                load.refusals = 0
            return None
        load.refusals += 1
        if load.refusals < (FORBIDDEN_TO_STOP if sip_status == FORBIDDEN else REFUSALS_TO_STOP):
            return None
        said = "forbids our calls" if sip_status == FORBIDDEN else "refuses our account"
        why = f"SIP {sip_status}: the carrier {said}, {load.refusals} calls in a row"
        load.trunk = replace(load.trunk, fault=why)
        return why

    def in_service(self) -> bool:
        """Whether any trunk may take calls at all, now or later."""
        return any(load.trunk.fault is None for load in self.loads)

    def faults(self) -> dict[str, str]:
        """The trunks that are out of service, and why."""
        return {load.trunk.name: load.trunk.fault for load in self.loads if load.trunk.fault is not None}

    def ready(self, now: datetime) -> bool:
        """Whether `take` would give a slot."""
        for load in self.loads:
            load.refill(now)
            if load.tokens >= 1.0 and load.free_lines(now):
                return True
        return False

    def take(
        self, attempt_id: AttemptId, now: datetime, wanted: str | None = None, *, refused_before: bool = False
    ) -> tuple[str, str] | None:
        """Seize a slot: (trunk name, caller id), or None when no trunk may take a call now.

        The `wanted` caller id is shown when it is one of the trunk's, else the next in turn. A number that a
        carrier refused the last time goes over a trunk without a fault where there is one: it probes no breaker
        as long as another can, for its rest and the back-off double alike and would keep meeting each other.
        """
        loads = sorted(self.loads, key=lambda load: load.failing()) if refused_before else self.loads
        for load in loads:
            load.refill(now)
            if load.free_lines(now) and load.tokens >= 1.0:
                load.tokens -= 1.0
                load.in_use += 1
                load.probe = attempt_id if load.open_until is not None else None
                caller_ids = load.trunk.caller_ids
                if wanted in caller_ids:
                    return load.trunk.name, wanted
                caller_id = caller_ids[load.caller_id_turn % len(caller_ids)]
                load.caller_id_turn += 1
                return load.trunk.name, caller_id
        return None

    def sends_early_media(self, name: str) -> bool:
        """Whether what this trunk sends before the answer is to be heard."""
        load = self._load(name)
        return load is not None and load.trunk.early_media

    def adopt(self, name: str) -> None:
        """Count a call that was already up when this shard started."""
        if load := self._load(name):
            load.in_use += 1

    def worked(self, name: str, attempt_id: AttemptId) -> None:
        """The trunk has passed this call on, since it rings or was answered: a probe need not wait for its end."""
        load = self._load(name)
        if load is None:
            return
        load.refusals = 0
        if load.probe == attempt_id:
            load.probe = None
            load.close()

    def release(
        self, name: str, attempt_id: AttemptId, *, fault: bool | None, now: datetime, rng: random.Random
    ) -> None:
        """Give the slot back. `fault`: the trunk itself (not the callee) refused the call; None: it was never
        tried, or nobody knows.
        """
        load = self._load(name)
        if load is None:  # a trunk that was out of service when this shard started
            return
        load.in_use = max(0, load.in_use - 1)
        if load.in_use == 0:
            self.leaving.pop(name, None)
        was_probe = load.probe == attempt_id
        if was_probe:
            load.probe = None
        if fault is None or (load.open_until is not None and not was_probe):
            return  # what was under way when the breaker opened says nothing new
        if not fault:
            load.close()
            return
        load.faults += 1
        if was_probe or load.faults >= FAULTS_TO_OPEN:
            load.open(now, rng)

    def free_lines(self, now: datetime) -> int:
        return sum(load.free_lines(now) for load in self.loads)

    def total_channels(self) -> int:
        return sum(load.trunk.channels for load in self.loads if load.trunk.fault is None)

    def total_cps(self) -> float:
        return sum(load.trunk.calls_per_second for load in self.loads if load.trunk.fault is None)

    def next_token_at(self, now: datetime) -> datetime | None:
        """When a trunk with a free channel may take a call again; None when time alone won't help."""
        times = []
        for load in self.loads:
            if load.trunk.fault or load.in_use >= load.trunk.channels or load.probe is not None:
                continue
            load.refill(now)
            wait_ms = math.ceil(max(0.0, (1.0 - load.tokens) / load.trunk.calls_per_second) * 1000)
            times.append(max(now + timedelta(milliseconds=wait_ms), load.open_until or now))
        return min(times, default=None)

    def _load(self, name: str) -> TrunkLoad | None:
        return next((load for load in self.loads if load.trunk.name == name), self.leaving.get(name))
