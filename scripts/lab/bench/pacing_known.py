"""The rule of `predictive` with nothing left to learn: the memoryless case with its true rates, by a risk which is
constant or steered by the abandonment budget. What it loses to the optimum is the rule's own and the steering's; what
`predictive` loses besides is lost by estimating."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from pacing.abandonment import AbandonmentBudget
from pacing.bounds import Memoryless
from pacing.counting import LedgerPolicy, Wish
from pacing.forecast import HORIZONS_S, N_INSTANTS
from pacing.ledger import Ending
from pacing.policy import Limit, Snapshot

#: Policies of the bench by name: is the risk steered?
KNOWN = {"known_constant": False, "known_steered": True}


def risks(model: Memoryless) -> NDArray[np.float64]:
    """(agents + waiting_most + 1, flying_most + 1): P(a person who answers the next call finds no agent), by busy
    agents and people waiting together, and by calls in flight."""
    n, flying = model.agents, np.arange(model.flying_most + 1)
    found = np.zeros((n + model.waiting_most + 1, len(flying)))
    for share in (np.arange(N_INSTANTS) + 0.5) / N_INSTANTS:
        # A call placed now is answered in these equally likely instants; so far the others have answered.
        answers = binom.pmf(flying[None, :], flying[:, None], model.p_human * share)
        until_s = -model.ring_s * np.log(1 - share) + model.patience_s
        for m in range(len(found)):
            free = n - m
            busy = min(m, n)
            freed = binom.cdf(flying - free, busy, 1 - np.exp(-until_s / model.service_s))
            found[m] += answers @ freed
    return found / N_INSTANTS


class KnownRisk(LedgerPolicy):
    """Places a call while its risk is within the neutral one, or within what the budget allows (`steered`)."""

    name = "known_risk"

    def __init__(self, model: Memoryless, target: float, steered: bool) -> None:
        super().__init__()
        self.model, self.steered = model, steered
        self.risks = risks(model)
        self.budget = AbandonmentBudget(target)

    def call_moved(self, now: float, ending: Ending, outcome: str | None) -> None:
        if ending.abandoned:
            self.budget.abandoned(now)
        elif ending.live:
            self.budget.live(now)

    def want(self, now: float, snap: Snapshot) -> Wish:
        model, flying = self.model, self.ledger.dialling(snap)
        m = min(max(0, model.agents - snap.ready + snap.waiting), len(self.risks) - 1)
        allowed = self.budget.neutral_risk(model.agents)
        if self.steered:
            soon = 1 - np.exp(-HORIZONS_S[-1] / model.ring_s)
            committed = self.budget.target * flying * model.p_human * soon
            allowed = self.budget.risk_of(self.budget.tightest(now), model.agents, committed)
        row = self.risks[m, flying:]
        over = np.flatnonzero(row > allowed)
        calls = int(over[0]) if len(over) else len(row)
        return Wish(calls, Limit.RISK, lambda: (f"A risk of {allowed:.4f} is allowed.", {}))
