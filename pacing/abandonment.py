"""The abandonment budget: how many people may still find no agent, and the risk a call may run because of it.

A budget is `target x live answers - abandoned` over a window; the law's windows (24 h, successive periods of
30 days, the campaign) are kept beside the current shift, and the tightest decides. Counts left, not rates: a
team of five makes some 600 live answers a day of which 18 may be abandoned, with a standard deviation of 4,
so the rate of the last hour is noise. (16 CFR 310.4(b)(4)(i): at most 3 % of calls answered by a person,
measured per campaign over up to 30 days.)

Where the end of the shift is told, and the day's window ends with it, nothing need be kept beyond it: less and less
stays in hand as fewer live answers are still to come.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

#: Granularity of the rolling window, seconds.
BUCKET_S = 300.0
#: Without a live answer for so long, another shift has begun.
SHIFT_GAP_S = 3 * 3600.0
#: Marginal risk at which the optimal policy of the memoryless case abandons 3 % (found by solving it, see
#: `pacing.bounds`): 0.030, 0.022, 0.016 and 0.0135 for 5, 10, 20 and 50 agents, as `RISK_MANY + RISK_FEW / n`.
RISK_MANY, RISK_FEW = 0.0115, 0.09
#: Abandonments in hand at which just that risk is run, and those below which hardly any is. Between and beyond
#: the risk goes with the distance to the reserve, to the power of ROOT: the optimal control of the remaining
#: budget has nearly its square root, a little more keeps further away from the edge.
NEUTRAL_LEFT, RESERVE, ROOT = 4.5, 0.8, 0.8
#: Where many are allowed their chance scatter is larger, and steering by a few swings the risk for nothing: the
#: neutral number grows by this share of those allowed beyond so many, up to so many in all. Below, what stays in
#: hand at the end would cost more than a steadier risk wins.
WIDER_SHARE, WIDER_FROM, WIDEST = 0.06, 100.0, 18.0
#: People find no agent in clusters (a fourth of those abandoned is followed by another), so one in hand is not
#: enough to be safe. A large campaign can afford more: the reserve grows by this share of those allowed so far,
#: up to so many.
RESERVE_SHARE, RESERVE_MORE = 0.012, 2.5
#: With the end of the shift told, the neutral number is no more than so many and a share of those which the live
#: answers until then will still allow (the optimal control with a known end, docs/decisions/0010): the usual number
#: until seven or eight are to come, down to END_LEFT at the end.
END_LEFT, END_SHARE = 2.0, 1 / 3
#: Nothing recovers after the last answer: the reserve grows to this as the end comes.
END_RESERVE = 1.5
#: The pace of live answers is that of the last so many buckets in which there was one: an hour's work, without breaks.
PACE_BUCKETS = 12
#: Windows no longer than this begin anew with the next shift, when a shift's end is told.
DAY_S = 86400.0
#: Below the reserve the next cluster may break the cap. Some risk is run even then: the budget recovers by live
#: answers alone, and no risk at all brings few of them.
FLOOR = 0.02
#: A budget piled up does not buy more than this many times the neutral risk: it would be spent in one burst
#: when the answer rate turns.
BOLDEST = 2.2
#: Where the neutral risk abandons more or less than the target it is learned: what is in hand stays away from
#: `_wanted` then, and for each abandonment allowed the log of the risk leans that way by LEAN of the distance.
#: That is about critically damped; twice as fast cost half a point of occupancy at 50 and 200 agents. Towards
#: less risk it leans LEAN_DOWN times as fast: too bold breaks the cap, too careful only wastes.
LEAN, LEAN_DOWN, LEAN_FURTHEST = 0.004, 2.0, 8.0
#: Of the abandonments allowed so far, the share which is in hand when all goes well in a young window.
YOUNG_SHARE = 0.2
#: The log of the risk leans no further, down and up; and the risk is never more than so many times neutral.
LEAN_RANGE, HIGHEST_FACTOR = (-1.2, 1.5), 5.0
#: Length of the successive periods of 16 CFR 310.4(b)(4)(i), seconds.
PERIOD_S = 30 * 86400.0
#: Standard deviations kept in hand of what is not known of those abandoned, where machines come through and
#: nobody can tell which they were. With one of them a day of 20 agents ended at 3.09 %.
MARGIN_DEVIATIONS = 3.0
#: Until so many live answers, this share of what they will allow is lent.
LOAN_ANSWERS, LOAN_SHARE = 200.0, 0.25
#: Highest risk ever allowed.
HIGHEST_RISK = 0.5


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
    """Counts over a rolling window, the shift, 30 days and the campaign, and the risk they allow."""

    def __init__(
        self,
        target: float,
        window_s: float = 86400.0,
    ) -> None:
        self.target, self.window_s = target, window_s
        #: [bucket number, live, abandoned, variance], oldest first.
        self.buckets: list[list[float]] = []
        self.window = Tally()
        self.shift = Tally()
        self.campaign = Tally()
        #: The running period of 30 days since the campaign's first live answer.
        self.period = Tally()
        self.period_from: float | None = None
        self.lean = 0.0
        self.last_at: float | None = None
        #: Abandonments that the live answers until the told end of the shift will allow; None: nobody told it.
        self.to_come: float | None = None

    def expect_end(self, left_s: float | None) -> None:
        """The shift ends in `left_s` seconds, and windows of up to a day begin anew after it. None, or an end that has
        passed: nobody knows when. Not to be told where the law counts any 24 hours: what is spent at the end of
        one shift is missed through the whole of the next."""
        past = self.buckets[-PACE_BUCKETS - 1 : -1]
        if left_s is None or not left_s > 0.0 or not past:
            self.to_come = None
        else:
            per_s = sum(bucket[1] for bucket in past) / (len(past) * BUCKET_S)
            self.to_come = max(0.0, self.target * per_s * left_s)

    def live(self, now: float, people: float = 1.0) -> None:
        """Count a live answer; -1 takes one back that turned out a machine."""
        self._add(now, people, 0.0, 0.0)

    def abandoned(self, now: float, p_person: float = 1.0) -> None:
        """Count an abandonment of somebody who was a person with this probability."""
        self._add(now, p_person, p_person, p_person * (1 - p_person))

    def estimated(self, now: float, people: float) -> None:
        """Count so many abandonments nobody saw, by an estimate; what turns out too high is taken back, negative."""
        self._add(now, people, people, 0.0)

    def _add(self, now: float, live: float, abandoned: float, variance: float) -> None:
        if self.last_at is not None and now - self.last_at > SHIFT_GAP_S:
            self.shift = Tally()
        self.last_at = now if self.last_at is None else max(now, self.last_at)
        if self.period_from is None or now >= self.period_from + PERIOD_S:
            self.period, self.period_from = Tally(), now
        number = math.floor(now / BUCKET_S)
        if not self.buckets or self.buckets[-1][0] < number:
            self.buckets.append([number, 0.0, 0.0, 0.0])
        # A late event goes into the newest bucket: it leaves the window late, never early.
        bucket = self.buckets[-1]
        bucket[1] += live
        bucket[2] += abandoned
        bucket[3] += variance
        for tally in self._windows():
            tally.add(live, abandoned, variance)
        self._roll(now)
        if live > 0.0:
            self._learn(now, live)

    def _wanted(self, tally: Tally) -> float:
        """Abandonments that should be in hand: a young window has not had the answers for many."""
        return min(self.neutral_left(tally), YOUNG_SHARE * self.target * tally.live)

    def neutral_left(self, tally: Tally) -> float:
        """Abandonments in hand of this window at which just the neutral risk is run."""
        beyond = max(0.0, self.target * tally.live - WIDER_FROM)
        neutral = min(NEUTRAL_LEFT + WIDER_SHARE * beyond, WIDEST)
        return neutral if self.to_come is None else min(neutral, END_LEFT + END_SHARE * self.to_come)

    def reserve(self) -> float:
        """Abandonments in hand below which hardly any risk is run."""
        return RESERVE if self.to_come is None else RESERVE + (END_RESERVE - RESERVE) / (1 + self.to_come)

    def _windows(self) -> tuple[Tally, ...]:
        return self.shift, self.window, self.period, self.campaign

    def _learn(self, now: float, live: float) -> None:
        """Lean the risk towards what keeps the neutral number in hand."""
        tally = self.tightest(now)
        away = self.in_hand(tally, 0.0) - self._wanted(tally)
        pace = LEAN if away > 0.0 else LEAN * LEAN_DOWN
        step = pace * max(-LEAN_FURTHEST, min(LEAN_FURTHEST, away)) * self.target * min(live, 1.0)
        self.lean = max(LEAN_RANGE[0], min(LEAN_RANGE[1], self.lean + step))

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
        if self.to_come is None:
            return min(self._windows(), key=lambda tally: tally.left(self.target))
        # Nothing is lent to a shift which the windows beyond it would have to pay for: they have little left over.
        held = [tally for tally in self._windows() if tally is not self.window or self.window_s > DAY_S]
        return min(held, key=lambda tally: self.in_hand(tally, 0.0))

    def neutral_risk(self, agents: int) -> float:
        """Marginal risk that abandons about the target with so many agents."""
        return (RISK_MANY + RISK_FEW / max(agents, 2)) * self.target / 0.03

    def in_hand(self, tally: Tally, committed: float) -> float:
        """Abandonments that may still be risked: those left, less what calls in flight are expected to use,
        what is unknown of the past and what a large campaign holds back, plus the credit of the first
        answers."""
        loan = LOAN_SHARE * LOAN_ANSWERS * self.target * max(0.0, 1 - tally.live / LOAN_ANSWERS)
        if self.to_come is not None:
            loan = min(loan, LOAN_SHARE * self.to_come)
        unknown = MARGIN_DEVIATIONS * math.sqrt(tally.variance)
        held_back = min(RESERVE_SHARE * self.target * tally.live, RESERVE_MORE)
        return tally.left(self.target) + loan - unknown - held_back - committed

    def boldness(self, in_hand: float, neutral_left: float) -> float:
        """Factor on the neutral risk with so many abandonments in hand, 1 with `neutral_left`."""
        reserve = self.reserve()
        above = (in_hand - reserve) / (neutral_left - reserve)
        return min(BOLDEST, max(FLOOR, above**ROOT)) if above > 0.0 else FLOOR

    def risk_of(self, tally: Tally, agents: int, committed: float = 0.0) -> float:
        """P(no agent | a person answers) which the next call may run with this tightest window, `agents` able
        to take a call, and `committed` abandonments expected of the calls in flight."""
        in_hand = self.in_hand(tally, committed)
        # What was learned must not weaken the brake when less than one is left.
        lean = self.lean * min(1.0, max(0.0, in_hand)) if self.lean > 0.0 else self.lean
        factor = self.boldness(in_hand, self.neutral_left(tally)) * math.exp(lean)
        return min(self.neutral_risk(agents) * min(factor, HIGHEST_FACTOR), HIGHEST_RISK)

    def spent(self, tally: Tally) -> bool:
        """Is the tightest window over its cap, with enough answers to say so?"""
        return tally.abandoned > 0 and tally.left(self.target) < 0 and tally.live >= LOAN_ANSWERS

    def snapshot(self) -> dict[str, Any]:
        return {
            "buckets": [list(bucket) for bucket in self.buckets],
            "window": [self.window.live, self.window.abandoned, self.window.variance],
            "shift": [self.shift.live, self.shift.abandoned, self.shift.variance],
            "campaign": [self.campaign.live, self.campaign.abandoned, self.campaign.variance],
            "period": [self.period.live, self.period.abandoned, self.period.variance],
            "period_from": self.period_from,
            "lean": self.lean,
            "last_at": self.last_at,
            "to_come": self.to_come,
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.buckets = [[float(x) for x in bucket] for bucket in state["buckets"]]
        self.window = Tally(*map(float, state["window"]))
        self.shift = Tally(*map(float, state["shift"]))
        self.campaign = Tally(*map(float, state["campaign"]))
        self.period = Tally(*map(float, state["period"]))
        self.period_from = None if state["period_from"] is None else float(state["period_from"])
        self.lean = float(state["lean"])
        self.last_at = None if state["last_at"] is None else float(state["last_at"])
        to_come = state.get("to_come")
        self.to_come = None if to_come is None else float(to_come)
