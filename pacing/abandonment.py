"""The abandonment budget: how many people may still find no agent, and the risk a call may run because of it.

A budget is `target x live answers - abandoned` over a window; the law's windows (24 h, the campaign) are kept
beside the current shift, and the tightest decides. Counts left, not rates: a team of five makes some 600 live
answers a day of which 18 may be abandoned, with a standard deviation of 4, so the rate of the last hour is
noise. (16 CFR 310.4(b)(4)(i): at most 3 % of calls answered by a person, measured per campaign over up to 30
days.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

#: Granularity of the rolling window, seconds.
BUCKET_S = 300.0
#: Without a live answer for so long, another shift has begun.
SHIFT_GAP_S = 3 * 3600.0
#: At the marginal risk of 2 % the optimal policy of the memoryless case abandons some 3 % (design, 4.1).
NEUTRAL_RISK = 0.02
#: Abandonments kept in hand, once there are enough live answers to have them; and standard deviations of what
#: is not known of those abandoned, where machines come through and nobody can tell which they were.
MARGIN, MARGIN_DEVIATIONS = 2.0, 1.0
#: Until so many live answers, part of one abandonment is lent.
LOAN_ANSWERS = 200.0
#: Share of the neutral risk with less than one abandonment left, and with none. Some risk is run even then:
#: the budget recovers by live answers alone, and one call per free agent brings fewer of them.
LAST_SHARE, OVER_SHARE = 0.2, 0.1
#: Highest risk ever allowed, and the exponent's range: down to 1/55, up to x7.
HIGHEST_RISK = 0.5
LOWEST_EXPONENT, HIGHEST_EXPONENT = -4.0, 2.0


@dataclass(slots=True)
class Tally:
    """Live answers, and those abandoned, of one window. Estimates, so not whole numbers."""

    live: float = 0.0
    abandoned: float = 0.0
    #: Variance of `abandoned`: sum of p (1 - p) over those abandoned, people with probability p.
    variance: float = 0.0

    def add(self, live: float, abandoned: float, variance: float) -> None:
        self.live = max(0.0, self.live + live)
        self.abandoned = max(0.0, self.abandoned + abandoned)
        self.variance = max(0.0, self.variance + variance)

    def left(self, target: float) -> float:
        """Abandonments left; negative when over."""
        return target * self.live - self.abandoned


class AbandonmentBudget:
    """Counts over a rolling window, the shift and the campaign, and the risk they allow."""

    def __init__(
        self,
        target: float,
        window_s: float = 86400.0,
        neutral_risk: float = NEUTRAL_RISK,
    ) -> None:
        self.target, self.window_s = target, window_s
        #: The neutral risk is that of a 3 % target; another target moves it in proportion.
        self.neutral_risk = neutral_risk * target / 0.03
        #: [bucket number, live, abandoned, variance], oldest first.
        self.buckets: list[list[float]] = []
        self.window = Tally()
        self.shift = Tally()
        self.campaign = Tally()
        self.last_at: float | None = None

    def live(self, now: float, people: float = 1.0) -> None:
        """Count a live answer; -1 takes one back that turned out a machine."""
        self._add(now, people, 0.0, 0.0)

    def abandoned(self, now: float, p_person: float = 1.0) -> None:
        """Count an abandonment of somebody who was a person with this probability."""
        self._add(now, p_person, p_person, p_person * (1 - p_person))

    def _add(self, now: float, live: float, abandoned: float, variance: float) -> None:
        if self.last_at is not None and now - self.last_at > SHIFT_GAP_S:
            self.shift = Tally()
        self.last_at = now if self.last_at is None else max(now, self.last_at)
        number = math.floor(now / BUCKET_S)
        if not self.buckets or self.buckets[-1][0] < number:
            self.buckets.append([number, 0.0, 0.0, 0.0])
        # A late event goes into the newest bucket: it leaves the window late, never early.
        bucket = self.buckets[-1]
        bucket[1] += live
        bucket[2] += abandoned
        bucket[3] += variance
        for tally in (self.window, self.shift, self.campaign):
            tally.add(live, abandoned, variance)
        self._roll(now)

    def _roll(self, now: float) -> None:
        """Let go what left the window."""
        oldest = (now - self.window_s) / BUCKET_S
        while self.buckets and self.buckets[0][0] + 1 <= oldest:
            _, live, abandoned, variance = self.buckets.pop(0)
            self.window.add(-live, -abandoned, -variance)

    def tightest(self, now: float) -> Tally:
        """The window with the fewest abandonments left."""
        self._roll(now)
        if self.last_at is not None and now - self.last_at > SHIFT_GAP_S:
            self.shift = Tally()
        return min((self.window, self.shift, self.campaign), key=lambda tally: tally.left(self.target))

    def risk_of(self, tally: Tally) -> float:
        """P(no agent | a person answers) which the next call may run with this tightest window."""
        left = tally.left(self.target) - MARGIN_DEVIATIONS * math.sqrt(tally.variance)
        loan = LOAN_ANSWERS * 0.15 * self.target * max(0.0, 1 - tally.live / LOAN_ANSWERS)
        margin = min(MARGIN, 0.15 * self.target * tally.live)
        scale = max(2.0, 0.5 * math.sqrt(self.target * tally.live))
        exponent = (left + loan - margin) / scale
        risk = self.neutral_risk * math.exp(max(LOWEST_EXPONENT, min(HIGHEST_EXPONENT, exponent)))
        if tally.live > LOAN_ANSWERS * 0.75:
            if left < 0.0:
                risk = min(risk, OVER_SHARE * self.neutral_risk)
            elif left < 1.0:
                risk = min(risk, LAST_SHARE * self.neutral_risk)
        return min(risk, HIGHEST_RISK)

    def spent(self, tally: Tally) -> bool:
        """Is the tightest window over its cap, with enough answers to say so?"""
        return tally.abandoned > 0 and tally.left(self.target) < 0 and tally.live >= LOAN_ANSWERS

    def snapshot(self) -> dict[str, Any]:
        return {
            "buckets": [list(bucket) for bucket in self.buckets],
            "window": [self.window.live, self.window.abandoned, self.window.variance],
            "shift": [self.shift.live, self.shift.abandoned, self.shift.variance],
            "campaign": [self.campaign.live, self.campaign.abandoned, self.campaign.variance],
            "last_at": self.last_at,
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.buckets = [[float(x) for x in bucket] for bucket in state["buckets"]]
        self.window = Tally(*map(float, state["window"]))
        self.shift = Tally(*map(float, state["shift"]))
        self.campaign = Tally(*map(float, state["campaign"]))
        self.last_at = None if state["last_at"] is None else float(state["last_at"])
