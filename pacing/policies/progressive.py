"""One call per free agent, never more: no forecast, so hardly an abandonment and long waits between calls."""

from __future__ import annotations

from typing import Any

from pacing.counting import LedgerPolicy
from pacing.policy import Limit, Snapshot, register


def one_per_agent(dialling: int, snap: Snapshot) -> int:
    """Calls that leave one per free agent on its way, people already waiting counted first (may be
    negative)."""
    return snap.ready - snap.waiting - dialling


@register("progressive")
class Progressive(LedgerPolicy):
    """Ready agents less people waiting less calls on their way."""

    def want(self, now: float, snap: Snapshot) -> tuple[int, Limit, str, dict[str, Any]]:
        dialling = self.ledger.dialling(snap)
        if snap.ready <= 0:
            return 0, Limit.FREE_AGENTS, "No agent is free.", {"dialling": dialling}
        reason = f"One call per free agent: {snap.ready} free, {dialling + snap.waiting} on their way."
        return one_per_agent(dialling, snap), Limit.FREE_AGENTS, reason, {"dialling": dialling}
