"""Predictive dialling: place a call while the next person to answer will hardly find no agent.

Each decision forecasts, for the seconds in which a call placed now would be answered, how many agents will be
free and how many people will have answered (`pacing.forecast`), from hazards learned as the shift goes
(`pacing.estimators`). Calls are placed while the risk of the last one stays within what the abandonment
budget allows (`pacing.abandonment`). In the memoryless case the optimal policy's marginal risk is almost the
same in every state, so one threshold, steered by the budget, comes close to it at any team size.

It works as one call per free agent while it has seen too few calls (WARM_UP) and while what it hears is late
or contradicts the switch (BLIND). With a window's abandonments used up (CAP) it goes on at hardly any risk: a
budget recovers by live answers alone, and one call per free agent brings far fewer of them.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from pacing.abandonment import AbandonmentBudget, Tally
from pacing.counting import BLIND_AFTER_S, Figures, LedgerPolicy, Wish
from pacing.estimators import (
    CallHazards,
    Departures,
    DurationHazards,
    Floats,
    PeopleByRing,
    RingEnd,
    ScreeningDelay,
    Share,
    as_array,
)
from pacing.forecast import HORIZONS_S, STEP, USUAL, Forecast, Kinds, Rates, Slack
from pacing.leads import LeadWeights, tables_for
from pacing.ledger import Ending, Ring, Spell
from pacing.policies.progressive import one_per_agent
from pacing.policy import AgentId, AgentState, CallId, CampaignInfo, Limit, Snapshot, State, register

#: Outcomes of calls which wanted an agent.
PEOPLE = frozenset({"human", "machine_fn", "abandoned"})
#: Leads looked at ahead: more are never placed in one decision without looking again.
AHEAD = 2 * STEP
#: Guesses where the campaign has none, or an impossible one.
P_HUMAN, TALK_S, WRAP_S = 0.25, 90.0, 20.0
#: Calls to have seen end before the forecast is trusted.
WARM_UP_CALLS = 20
#: Seconds after which the tables are made anew.
REFRESH_S = 3.0
#: Below this part of the neutral risk it is the budget that binds.
BUDGET_BINDS = 0.25
#: Part of the wait limit left after the verdict, until it is learned; and the weight of each new case.
WAIT_SHARE, WAIT_WEIGHT = 0.8, 0.05
#: Seconds of lasting contradiction between ledger and switch: then counted as lost events.
CONTRADICTION_S = 4.0
#: Agents whom it must concern to work blind: at least so many, and this share of those logged in.
CONTRADICTION_LEAST, CONTRADICTION_SHARE = 2, 0.15
#: Calls in flight are never wanted beyond so many per agent able to take one, and a few more.
CALLS_PER_AGENT, CALLS_MORE = 4, 10
#: A conversation or wrap-up shorter than this is no observation (a lost event between two others).
SPELL_LEAST_S = 0.05


@register("predictive")
class Predictive(LedgerPolicy):
    """Settings: `caution` (0.5 to 2, above 1 runs less risk than the budget would allow), `window_s` (the
    legal window of the budget in seconds), `min_agents` (with fewer logged in it works progressively, default
    0)."""

    def __init__(self, caution: float = 1.0, window_s: float = 86400.0, min_agents: int = 0) -> None:
        super().__init__()
        if not 0.5 <= caution <= 2.0:
            raise ValueError(f"caution {caution!r} is out of range: give 0.5 (bold) to 2 (careful)")
        if window_s < 3600.0:
            raise ValueError(f"window_s {window_s!r} is out of range: a legal window has at least 3600 s")
        if min_agents < 0:
            raise ValueError(f"min_agents {min_agents!r} is out of range: give 0 or more")
        self.caution, self.window_s, self.min_agents = caution, window_s, min_agents
        self._begin(self.info)

    def campaign_start(self, now: float, info: CampaignInfo) -> None:
        super().campaign_start(now, info)
        self._begin(info)

    def _begin(self, info: CampaignInfo) -> None:
        prior = info.prior or {}
        self.calls = CallHazards(info.ring_timeout, _guess(prior, "p_human", P_HUMAN, 0.005, 0.9))
        self.screening = ScreeningDelay()
        self.talk = DurationHazards(_guess(prior, "talk", TALK_S, 2.0, 3600.0), first_s=2.0, last_s=1500.0)
        self.wrap = DurationHazards(_guess(prior, "wrap", WRAP_S, 0.5, 1800.0), first_s=1.0, last_s=400.0)
        self.stays = Share(6.0, 6.3)
        self.departures = Departures()
        self.people = PeopleByRing(self.calls.n_bins)
        self.leads = LeadWeights()
        #: Weights of the next leads of the list, as far as they were looked at.
        self.next_weights: Sequence[float] = ()
        self.wait_s = WAIT_SHARE * info.wait_limit
        #: Calls from outside expected, a second, by the last snapshot.
        self.inbound_per_s = 0.0
        self.budget = AbandonmentBudget(info.target_abandon, self.window_s)
        self.rates: Rates | None = None
        self.rates_at = -math.inf
        self.forecast: Forecast | None = None
        #: Since when the switch has had more ready agents than the ledger, or fewer, and the least difference
        #: since.
        self.drift_since: float | None = None
        self.drift_least = 0
        self.astray_since: float | None = None

    # ---------------------------------------------------------------- learning

    def spell_ended(self, now: float, agent_id: AgentId, spell: Spell) -> None:
        if spell.then is AgentState.OFF:
            self.departures.add(now)
        if spell.seconds < SPELL_LEAST_S:
            return
        # A talk of somebody who is said to leave after it is told as a pause while it goes on: its length is not known.
        if spell.state is AgentState.TALK and spell.then is not AgentState.PAUSED:
            self.talk.add(spell.seconds)
        elif spell.state is AgentState.WRAP:
            self.wrap.add(spell.seconds)
            self.stays.add(spell.then is AgentState.READY)

    def ring_ended(self, now: float, ring: Ring) -> None:
        if ring.seconds is not None:
            self.calls.leave(ring.seconds)

    def weigh(self, call_id: CallId, asked: float, p_human: float | None, segment: Hashable) -> float:
        return self.leads.placed(call_id, asked, p_human, segment)

    def weights_ahead(self) -> Sequence[float]:
        return self.next_weights

    def call_ended(self, now: float, call_id: CallId, outcome: str) -> None:
        super().call_ended(now, call_id, outcome)
        self.leads.ended(call_id, None if outcome == "cancelled" else outcome in PEOPLE)

    def call_human(self, now: float, call_id: CallId, deadline: float) -> None:
        self.leads.ended(call_id, True)
        self.wait_s += WAIT_WEIGHT * (min(max(0.0, deadline - now), 2 * self.info.wait_limit) - self.wait_s)
        super().call_human(now, call_id, deadline)

    def call_moved(self, now: float, ending: Ending, outcome: str | None) -> None:
        how = RingEnd.HUMAN if outcome is None else RingEnd.OTHER
        if outcome in PEOPLE:
            how = RingEnd.HUMAN
        elif outcome == "machine":
            how = RingEnd.MACHINE
        if ending.ring is not None and ending.ring.seconds is not None and outcome != "cancelled":
            self.calls.leave(ending.ring.seconds)
            self.calls.end(ending.ring.seconds, how)
        if ending.screened is not None:
            ring_s, delay_s = ending.screened
            if ring_s is not None:
                # A call lost while the classifier listened was answered: by a machine, as far as agents care.
                self.calls.end(ring_s, RingEnd.HUMAN if how is RingEnd.HUMAN else RingEnd.MACHINE)
            if delay_s is not None and how is not RingEnd.OTHER:
                self.screening.add(delay_s, how)
        if ending.abandoned:
            self.budget.abandoned(now, self.people.share(ending.rung_s))
        elif ending.live:
            self.budget.live(now)
        if ending.talked:
            person = outcome != "machine_fn"
            self.people.add(ending.rung_s, person)
            if not person:
                self.budget.live(now, -1.0)

    # --------------------------------------------------------------- decisions

    def want(self, now: float, snap: Snapshot) -> Wish:
        held = self.ledger.since
        able = len(held[AgentState.READY]) + len(held[AgentState.TALK]) + len(held[AgentState.WRAP])
        able = max(able, snap.ready)
        if able <= 0:
            return Wish(0, Limit.NO_AGENTS, lambda: ("Every agent is paused.", {}))
        drift = self._drift(now, snap)
        budget = getattr(snap, "budget", None) or self.budget
        shift_left_s = getattr(snap, "shift_left_s", None)
        budget.expect_end(shift_left_s)
        tally = budget.tightest(now)
        live, abandoned, left = tally.live, tally.abandoned, tally.left(budget.target)
        seen = self.calls.calls

        def figures() -> Figures:
            return {
                "live_answers": round(live, 1),
                "abandoned": round(abandoned, 1),
                "abandonments_left": round(left, 2),
                "calls_seen": seen,
            }

        fallback = self._fallback(now, snap)
        if fallback is not None:
            limit, why = fallback
            return Wish(one_per_agent(self.ledger.dialling(snap), snap), limit, lambda: (why, figures()))
        self.inbound_per_s = getattr(snap, "inbound_per_s", 0.0)
        slack = self._slack(now, snap, drift)
        committed = budget.target * slack.answers()
        allowed = budget.risk_of(tally, able, committed) / self.caution
        cap = min(CALLS_PER_AGENT * able + CALLS_MORE, max(0, snap.free_lines) + 1)
        calls, risk = 0, slack.next_risk()
        if risk <= allowed:
            self.next_weights = self._look_ahead(snap, cap)
            calls, risk = slack.most(allowed, cap, self._kinds(slack.forecast, self.next_weights))
        limit = _limit(budget, tally, committed)
        ready, theta, to_come = snap.ready, self.calls.level.theta, budget.to_come

        def tell() -> tuple[str, Figures]:
            why = (
                f"The next person answering would find no agent with {100 * risk:.1f} % probability, "
                f"{100 * allowed:.1f} % is allowed"
            )
            if limit is Limit.BUDGET:
                why += f", as only {left:.1f} abandonments are left"
            elif limit is Limit.CAP:
                why += ", as the abandonments of a window are used up"
            why += "."
            more: Figures = {}
            if to_come is not None and shift_left_s is not None:
                why += f" What is in hand is spent towards the end of the shift in {clock(shift_left_s)}."
                more |= {"shift_left_s": round(shift_left_s), "abandonments_to_come": round(to_come, 2)}
            more |= {
                "risk_allowed": allowed,
                "risk_next": risk,
                "level": theta,
                "p_human": slack.forecast.p_answer,
            }
            if self.inbound_per_s:
                more["inbound_per_hour"] = round(3600 * self.inbound_per_s, 1)
            answers, freed = slack.ahead()
            for i, horizon in enumerate(HORIZONS_S):
                more[f"answers_{horizon:g}s"] = float(answers[i])
                more[f"free_agents_{horizon:g}s"] = float(freed[i]) + ready
            return why, figures() | more

        return Wish(calls, limit, tell)

    def _fallback(self, now: float, snap: Snapshot) -> tuple[Limit, str] | None:
        """Why it dials one call per free agent now, or None."""
        if getattr(snap, "lag", 0.0) > BLIND_AFTER_S or self._astray(now, snap):
            return (
                Limit.BLIND,
                "What is heard of calls and agents contradicts the switch: one call per free agent.",
            )
        if snap.logged_in < self.min_agents:
            return Limit.FREE_AGENTS, f"Fewer than {self.min_agents} agents: one call per free agent."
        if self.calls.calls < WARM_UP_CALLS:
            left = WARM_UP_CALLS - self.calls.calls
            return Limit.WARM_UP, f"Learning, {left} more calls to see: one call per free agent."
        return None

    def _drift(self, now: float, snap: Snapshot) -> int:
        """Ready agents the ledger has lacked (or had too many of, negative) for so long that events must be
        lost.

        A difference of a moment is an event on its way: the ledger is then late as a whole, but consistent,
        and mixing its calls with the switch's agents would count people twice."""
        apart = snap.ready - len(self.ledger.since[AgentState.READY])
        if self.drift_since is None or apart * self.drift_least <= 0:
            self.drift_since, self.drift_least = now, apart
        elif abs(apart) < abs(self.drift_least):
            self.drift_least = apart
        return self.drift_least if now - self.drift_since >= CONTRADICTION_S else 0

    def _astray(self, now: float, snap: Snapshot) -> bool:
        """Has the ledger been far from the switch for a while?"""
        apart = abs(snap.ready - len(self.ledger.since[AgentState.READY]))
        if apart <= max(CONTRADICTION_LEAST, CONTRADICTION_SHARE * snap.logged_in):
            self.astray_since = None
            return False
        if self.astray_since is None:
            self.astray_since = now
        return now - self.astray_since >= CONTRADICTION_S

    def _slack(self, now: float, snap: Snapshot, drift: int) -> Slack:
        talking, wrapping, ringing, weights = self._ages(now, snap)
        forecast, level = self.forecast, self.calls.level
        if forecast is not None:
            counts = self._counts(forecast.rates.weights, talking, wrapping, ringing, weights)
            level.expect(now, float(counts @ forecast.due))
        if forecast is None or now - self.rates_at >= REFRESH_S or level.surprised():
            forecast, counts = self._refresh(now, talking, wrapping, ringing, weights)
            self.forecast = forecast
        ready = min(max(0, len(self.ledger.since[AgentState.READY]) + drift), snap.logged_in)
        leaves = self.departures.share(now, snap.logged_in)
        return forecast.slack(ready - snap.waiting, counts, self._listened(now, forecast), ready, leaves)

    def _listened(self, now: float, forecast: Forecast) -> Floats:
        """P(person) of each call being listened to."""
        listened = self.ledger.screening
        if not listened:
            return np.zeros(0)
        rung = as_array(0.0 if ring_s is None else ring_s for _, ring_s in listened.values())
        heard = np.maximum(now - as_array(answered for answered, _ in listened.values()), 0.0)
        person = forecast.p_person[self.calls.bins(rung), self.screening.bins(heard)]
        if self.ledger.weights:
            known = self.ledger.weights
            more = as_array(known.get(call_id, 1.0) for call_id in listened)
            person = more * person / (more * person + 1 - person)
        return np.asarray(person)

    def _look_ahead(self, snap: Snapshot, cap: int) -> Sequence[float]:
        """Weights of the next leads, or none when they are all as usual."""
        if snap.peek is None:
            return ()
        scores = snap.peek(min(cap, AHEAD))
        weights = {score: self.leads.of_score(score) for score in set(scores)}
        unusual = any(abs(weight - 1.0) > 0.01 for weight in weights.values())
        return [weights[score] for score in scores] if unusual else ()

    def _kinds(self, forecast: Forecast, weights: Sequence[float]) -> Kinds:
        """The forecast's tables nearest to these weights."""
        if not weights or len(forecast.rates.weights) == 1:
            return USUAL
        apart = np.abs(np.log(np.array(weights))[:, None] - forecast.weights_log[None, :])
        return np.asarray(apart.argmin(axis=1))

    def _counts(
        self,
        tables: Sequence[float],
        talking: Floats,
        wrapping: Floats,
        ringing: Floats,
        weights: list[float],
    ) -> Floats:
        """Calls and agents by row of a forecast with these weights."""
        n = self.calls.n_bins
        ring = self.calls.bins(ringing)
        talk, wrap = self.talk.bins(talking), self.wrap.bins(wrapping)
        first_wrap = n + len(self.talk.edges)
        rows = first_wrap + len(self.wrap.edges)
        if len(tables) > 1 and weights:
            apart = np.abs(np.log(np.array(weights))[:, None] - np.log(np.array(tables))[None, :])
            kinds = apart.argmin(axis=1)
            ring = np.where(kinds > 0, ring + rows + (kinds - 1) * n, ring)
        every = np.concatenate([ring, talk + n, wrap + first_wrap])
        return np.bincount(every, minlength=rows + (len(tables) - 1) * n).astype(float)

    def _ages(self, now: float, snap: Snapshot) -> tuple[Floats, Floats, Floats, list[float]]:
        """Seconds so far of talks, wrap-ups and calls in flight, and the weights of the latter (none when all
        are 1); agents beyond those logged in and calls not yet confirmed are set right by the switch's own
        counts."""
        held = self.ledger.since
        talking = np.maximum(now - as_array(held[AgentState.TALK].values()), 0.0)
        wrapping = np.maximum(now - as_array(held[AgentState.WRAP].values()), 0.0)
        ghosts = len(talking) + len(wrapping) - max(0, snap.logged_in - snap.ready)
        if ghosts > 0:
            # Whoever wraps up longest is the likeliest to be done in truth.
            wrapping = np.sort(wrapping)[: max(0, len(wrapping) - ghosts)]
            talking = np.sort(talking)[: max(0, snap.logged_in - snap.ready - len(wrapping))]
        unheard = max(0, snap.in_flight - len(self.ledger.ringing) - len(self.ledger.asked))
        asked = self.ledger.asked
        placed = as_array(self.ledger.ringing.values())
        if asked or unheard:
            placed = np.concatenate([placed, as_array(at for at, _ in asked), np.full(unheard, now)])
        weights: list[float] = []
        if self.ledger.weights or any(weight != 1.0 for _, weight in asked):
            known = self.ledger.weights
            weights = [known.get(call_id, 1.0) for call_id in self.ledger.ringing]
            weights += [*[weight for _, weight in asked], *[1.0] * unheard]
        return talking, wrapping, np.maximum(now - placed, 0.0), weights

    def _refresh(
        self, now: float, talking: Floats, wrapping: Floats, ringing: Floats, weights: list[float]
    ) -> tuple[Forecast, Floats]:
        """Make rates and tables of what is known now, and count by their rows."""
        human, machine, other = self.calls.hazards(self.calls.count(ringing))
        theta, unsure = self.calls.level.look(now)
        tables = tables_for([*weights, *self.next_weights])
        counts = self._counts(tables, talking, wrapping, ringing, weights)
        self.leads.forget([*self.ledger.ringing, *self.ledger.screening])
        leaves = self.departures.share(now, max(1, len(talking) + len(wrapping)))
        self.rates = Rates(
            human=np.minimum(human * theta * unsure, 0.9),
            machine=machine,
            other=other,
            slow=human,
            screening=self.screening.density() if self.info.amd else None,
            talk=self.talk.hazards(talking),
            wrap=self.wrap.hazards(wrapping),
            p_ready=self.stays.value * (1 - leaves),
            wait_s=self.wait_s,
            counts=counts,
            weights=tables,
            inbound_per_s=self.inbound_per_s,
        )
        self.rates_at = now
        return Forecast(self.rates, self.talk, self.wrap), counts

    # ------------------------------------------------------------------- state

    def snapshot(self) -> State:
        return super().snapshot() | {
            "calls": self.calls.snapshot(),
            "screening": self.screening.counts.tolist(),
            "talk": self.talk.snapshot(),
            "wrap": self.wrap.snapshot(),
            "stays": [self.stays.hits, self.stays.trials],
            "departures": self.departures.snapshot(),
            "people": self.people.counts.tolist(),
            "wait_s": self.wait_s,
            "budget": self.budget.snapshot(),
            "leads": self.leads.snapshot(),
            "next_weights": list(self.next_weights),
            "rates": None if self.rates is None else self.rates.snapshot(),
            "rates_at": None if self.rates is None else self.rates_at,
            "drift_since": self.drift_since,
            "drift_least": self.drift_least,
            "astray_since": self.astray_since,
        }

    def restore(self, state: State) -> None:
        super().restore(state)
        self._learn(state)
        self.departures.restore(state["departures"])
        self.drift_since, self.drift_least = state["drift_since"], int(state["drift_least"])
        self.astray_since = state["astray_since"]
        self.leads.restore(state["leads"], floor=True)
        self.next_weights = [float(weight) for weight in state["next_weights"]]
        if state["rates"] is not None:
            self.rates = Rates.restored(state["rates"])
            self.rates_at = float(state["rates_at"])
            self.forecast = Forecast(self.rates, self.talk, self.wrap)

    def warm_start(self, state: State) -> None:
        super().warm_start(state)
        self._learn(state)
        self.leads.restore(state["leads"], floor=False)
        for learned in (self.calls, self.talk, self.wrap):
            learned.begin_day()

    def _learn(self, state: State) -> None:
        """Take over estimators and abandonment windows."""
        self.calls.restore(state["calls"])
        self.screening.counts = np.array(state["screening"], float)
        self.talk.restore(state["talk"])
        self.wrap.restore(state["wrap"])
        self.stays = Share(*map(float, state["stays"]))
        people = np.array(state["people"], float)
        n = min(people.shape[1], self.calls.n_bins)
        self.people.counts[:, :n] = people[:, :n]
        self.wait_s = float(state["wait_s"])
        self.budget.restore(state["budget"])


def _limit(budget: AbandonmentBudget, tally: Tally, committed: float) -> Limit:
    """What holds the risk down: the forecast's own threshold, a budget running low, or one used up."""
    if budget.spent(tally):
        return Limit.CAP
    bold = budget.boldness(budget.in_hand(tally, committed), budget.neutral_left(tally))
    return Limit.RISK if bold >= BUDGET_BINDS else Limit.BUDGET


def clock(seconds: float) -> str:
    """Hours and minutes, as 1:05 h; under an hour minutes, as 7 min."""
    minutes = math.ceil(seconds / 60)
    return f"{minutes // 60}:{minutes % 60:02d} h" if minutes >= 60 else f"{minutes} min"


def _guess(prior: Any, name: str, fallback: float, least: float, most: float) -> float:
    """A prior's value where it is a number at all, within what is possible."""
    value = prior.get(name)
    if not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
        return fallback
    return min(max(float(value), least), most)
