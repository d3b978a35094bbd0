"""The abandonment gauge of a campaign: live answers and abandons of the last 24 hours, counted as they happen.

The cap is the law's or the operator's own (16 CFR 310.4(b)(4)(i) as the project's default: 3 % of live answers).
Over the cap, pooled modes fall back to one call per reserved agent, where nobody can be abandoned for want of one.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

WINDOW = timedelta(hours=24)
#: Answers so close together leave the window together: 8,640 entries a day, however many the calls.
GRAIN = timedelta(seconds=10)
#: Below this many live answers a single abandonment decides the rate, so the count does: one is on credit.
FIRST_ANSWERS = 34


@dataclass(slots=True)
class AbandonGauge:
    cap: float
    _entries: deque[tuple[datetime, int, int]] = field(default_factory=deque)
    live: int = 0
    abandoned: int = 0

    def add(self, at: datetime, *, live: int = 1, abandoned: int = 0) -> None:
        if self._entries and at - self._entries[-1][0] < GRAIN:
            since, before, lost = self._entries.pop()
            self._entries.append((since, before + live, lost + abandoned))
        else:
            self._entries.append((at, live, abandoned))
        self.live += live
        self.abandoned += abandoned

    def expire(self, now: datetime) -> None:
        while self._entries and self._entries[0][0] <= now - WINDOW:
            _, live, abandoned = self._entries.popleft()
            self.live -= live
            self.abandoned -= abandoned

    def over(self, now: datetime) -> bool:
        """Whether the next abandonment would break the cap: then none may be risked."""
        self.expire(now)
        if self.live < FIRST_ANSWERS:
            return self.abandoned >= 1
        return self.abandoned + 1 > self.cap * (self.live + 1)
