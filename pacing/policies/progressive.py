"""One call per free agent, never more: no forecast, so hardly an abandonment and long waits between calls."""

from __future__ import annotations

from pacing.counting import Figures, LedgerPolicy, Wish
from pacing.policy import Limit, Snapshot, register


def one_per_agent(dialling: int, snap: Snapshot) -> int:
    """Calls that leave one per free agent on its way, people already waiting counted first (may be
    negative)."""
    return snap.ready - snap.waiting - dialling


@register("progressive")
class Progressive(LedgerPolicy):
    """Ready agents less people waiting less calls on their way."""

    def want(self, now: float, snap: Snapshot) -> Wish:
        dialling, ready = self.ledger.dialling(snap), snap.ready
        under_way = dialling + snap.waiting

        def tell() -> tuple[str, Figures]:
            return f"One call per free agent: {ready} free, {under_way} on their way.", {"dialling": dialling}

        return Wish(one_per_agent(dialling, snap), Limit.FREE_AGENTS, tell)
