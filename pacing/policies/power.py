"""A fixed number of calls in flight per free agent (a power dialer): the ratio is the supervisor's to answer
for."""

from __future__ import annotations

import math

from pacing.counting import Figures, LedgerPolicy, Wish
from pacing.policy import Limit, Snapshot, register

#: More calls per agent than this is a slip of the keyboard, not a setting.
HIGHEST_RATIO = 20.0


@register("power")
class Power(LedgerPolicy):
    """`ratio` calls in flight per free agent, rounded half up; people waiting count as calls."""

    def __init__(self, ratio: float = 2.0) -> None:
        super().__init__()
        if not 1.0 <= ratio <= HIGHEST_RATIO:
            raise ValueError(f"ratio {ratio!r} is out of range: give 1 to {HIGHEST_RATIO:g}")
        self.ratio = ratio

    def want(self, now: float, snap: Snapshot) -> Wish:
        dialling, ready, ratio = self.ledger.dialling(snap), snap.ready, self.ratio
        under_way = dialling + snap.waiting

        def tell() -> tuple[str, Figures]:
            reason = f"{ratio:g} calls per free agent: {ready} free, {under_way} on their way."
            return reason, {"dialling": dialling, "ratio": ratio}

        return Wish(math.floor(ratio * ready + 0.5) - under_way, Limit.FREE_AGENTS, tell)
