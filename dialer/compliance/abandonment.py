"""The abandonment gauge of a campaign: live answers and abandons of the law's windows, counted as they happen.

Three windows are kept: the last 24 hours (Ofcom's old guide), the last 30 days and the whole campaign (16 CFR
310.4(b)(4)(i): 3 % of live answers, per campaign, over 30 days or the campaign if it is shorter). The campaign says
which of them its cap is held over. At the cap, pooled modes fall back to one call per reserved agent, where nobody can
be abandoned for want of one: a policy that knows no cap before the next abandonment would break it, one that spends the
budget by itself (`modes.spends_budget`) when it is broken.

Nobody speaks to people who are hung up on as machines either, so they count as abandoned (Ofcom's statement of 2008
adds a reasoned estimate of them). Which they were is not known: `LostPeople` estimates how many.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dialer.domain.campaign import AbandonWindow
from dialer.domain.screening import person_share

#: How long each window is; None: it never ends. Answers so close together leave it together.
SPANS: dict[AbandonWindow, tuple[timedelta | None, timedelta]] = {
    AbandonWindow.DAY: (timedelta(hours=24), timedelta(seconds=10)),
    AbandonWindow.MONTH: (timedelta(days=30), timedelta(minutes=10)),
    AbandonWindow.CAMPAIGN: (None, timedelta(0)),
}
#: Below this many live answers a single abandonment decides the rate, so the count does: one is on credit.
FIRST_ANSWERS = 34


@dataclass(slots=True)
class Count:
    """Live answers of one window, and those of them abandoned. Estimates among them, so not whole numbers."""

    span: timedelta | None
    grain: timedelta
    live: float = 0
    abandoned: float = 0
    _entries: deque[tuple[datetime, float, float]] = field(default_factory=deque)

    def add(self, at: datetime, live: float, abandoned: float) -> None:
        self.live += live
        self.abandoned += abandoned
        if self.span is None:
            return
        if self._entries and at - self._entries[-1][0] < self.grain:
            since, before, lost = self._entries.pop()
            self._entries.append((since, before + live, lost + abandoned))
        else:
            self._entries.append((at, live, abandoned))

    def expire(self, now: datetime) -> None:
        while self.span is not None and self._entries and self._entries[0][0] <= now - self.span:
            _, live, abandoned = self._entries.popleft()
            self.live -= live
            self.abandoned -= abandoned

    def left(self, cap: float) -> float:
        """Abandonments that the cap still allows; negative when it is broken."""
        return cap * self.live - self.abandoned


def _counts() -> dict[AbandonWindow, Count]:
    return {window: Count(span, grain) for window, (span, grain) in SPANS.items()}


@dataclass(slots=True)
class AbandonGauge:
    """`cap`: highest share of live answers; `window`: over what it is held."""

    cap: float
    window: AbandonWindow = AbandonWindow.DAY
    counts: dict[AbandonWindow, Count] = field(default_factory=_counts)

    @property
    def live(self) -> float:
        """Of the window that the cap is held over; so is `abandoned`."""
        return self.counts[self.window].live

    @property
    def abandoned(self) -> float:
        return self.counts[self.window].abandoned

    def add(self, at: datetime, *, live: float = 1, abandoned: float = 0) -> None:
        for count in self.counts.values():
            count.add(at, live, abandoned)

    def expire(self, now: datetime) -> None:
        for count in self.counts.values():
            count.expire(now)

    def over(self, now: datetime) -> bool:
        """Whether the next abandonment would break the cap: then none may be risked."""
        self.expire(now)
        if self.live < FIRST_ANSWERS:
            return self.abandoned >= 1
        return self.abandoned + 1 > self.cap * (self.live + 1)

    def broken(self, now: datetime) -> bool:
        """Whether more were abandoned than the cap allows; the first one is on credit, but for a cap of nought."""
        self.expire(now)
        return self.cap <= 0 or self.abandoned > max(1.0, self.cap * self.live)


@dataclass(slots=True)
class LostPeople:
    """Estimates how many people were hung up on as machines, from the control sample: machine verdicts put through to
    agents, who say what they heard. Each method gives how many more (or, negative, fewer) that makes."""

    trials: int = 0
    persons: int = 0
    #: Machine verdicts of the last day that nobody tried.
    _ended: Count = field(default_factory=lambda: Count(*SPANS[AbandonWindow.DAY]))

    @property
    def share(self) -> float:
        return person_share(self.persons, self.trials)

    def end(self, at: datetime, calls: int = 1) -> float:
        """So many were hung up on untried."""
        self._ended.expire(at)
        self._ended.add(at, calls, 0)
        return calls * self.share

    def learn(self, at: datetime, *, trials: int = 1, persons: int = 0) -> float:
        """So many were tried, with so many people among them. The last day is estimated anew by that; days before it
        stay as they were known."""
        before = self.share
        self.trials += trials
        self.persons += persons
        self._ended.expire(at)
        return (self.share - before) * self._ended.live
