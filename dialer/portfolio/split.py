"""Which version of a script a lead hears, and what the versions' results tell apart, honestly.

The unit is the lead, since a lead always hears the same version: calls of one lead are not independent. Intervals of
shares are Wilson's (JASA 22, 1927); of the difference of two, Newcombe's method 10 (Statist. Med. 17, 1998, 873-890);
of the difference of two means, Welch's (Biometrika 34, 1947).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from scipy import stats

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Tally:
    """One version's results: leads that heard it, those of them that promised, and the mean handling time per lead."""

    leads: int
    promised: int
    #: Seconds from the first bridge to the disposition: mean and standard deviation over leads.
    handling_s: float | None = None
    handling_sd_s: float | None = None


class Judgement(StrEnum):
    BETTER = "better"
    WORSE = "worse"
    NOT_YET = "not_yet"  # not yet distinguishable
    TOO_FEW = "too_few"  # fewer leads than anything could be said of


#: With fewer leads on a side nothing is said.
MIN_LEADS = 30


def choose(lead_id: int, versions: Sequence[tuple[int, int]]) -> int | None:
    """The version a lead hears, of (id, share): by a hash of the lead, so always the same; None without a share."""
    shared = [(id_, share) for id_, share in sorted(versions) if share > 0]
    total = sum(share for _, share in shared)
    if total == 0:
        return None
    digest = hashlib.sha256(f"{lead_id}:{','.join(str(id_) for id_, _ in shared)}".encode()).digest()
    point = int.from_bytes(digest[:8]) * total >> 64
    for id_, share in shared:
        point -= share
        if point < 0:
            return id_
    raise AssertionError("the point lies within the total")


def wilson(successes: int, trials: int) -> Interval:
    """The interval of a share; the whole range when nothing was tried."""
    if trials == 0:
        return Interval(0.0, 1.0)
    found = stats.binomtest(successes, trials).proportion_ci(CONFIDENCE, method="wilson")
    return Interval(float(found.low), float(found.high))


def difference_of_shares(one: Tally, other: Tally) -> Interval:
    """Of `one`'s conversion less `other`'s."""
    p, q = _share(one), _share(other)
    a, b = wilson(one.promised, one.leads), wilson(other.promised, other.leads)
    below = math.hypot(p - a.low, b.high - q)
    above = math.hypot(a.high - p, q - b.low)
    return Interval(p - q - below, p - q + above)


def difference_of_means(one: Tally, other: Tally) -> Interval | None:
    """Of `one`'s handling time less `other`'s, seconds; None while either has fewer than two leads with a time."""
    if None in (one.handling_s, one.handling_sd_s, other.handling_s, other.handling_sd_s):
        return None
    assert one.handling_s is not None and other.handling_s is not None  # noqa: PT018
    assert one.handling_sd_s is not None and other.handling_sd_s is not None  # noqa: PT018
    u, v = one.handling_sd_s**2 / one.leads, other.handling_sd_s**2 / other.leads
    gap = one.handling_s - other.handling_s
    if u + v == 0:
        return Interval(gap, gap)
    freedom = (u + v) ** 2 / (u**2 / max(one.leads - 1, 1) + v**2 / max(other.leads - 1, 1))
    reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom)) * math.sqrt(u + v)
    return Interval(gap - reach, gap + reach)


def judge(one: Tally, other: Tally) -> Judgement:
    """Whether `one` converts better than `other`, as far as can be told."""
    if min(one.leads, other.leads) < MIN_LEADS:
        return Judgement.TOO_FEW
    gap = difference_of_shares(one, other)
    if gap.low > 0:
        return Judgement.BETTER
    return Judgement.WORSE if gap.high < 0 else Judgement.NOT_YET


def _share(tally: Tally) -> float:
    return tally.promised / tally.leads if tally.leads else 0.0
