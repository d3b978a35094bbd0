"""The interface between a dialer and a pacing policy, and the registry of policies by name.

A policy hears what happens (agents' states, calls' fates) and is asked, several times a second and after each
batch of events, how many calls to place now. It reads no clock: every method gets `now`, seconds on one
monotonic clock; an event carries the time it happened, which may be up to 3 s before the moment it is told,
in any order, twice or never. A policy bears that: it never raises for an order of events, never answers below
zero or without bound, and places nothing while nobody is logged in. Its decisions are a function of what it
was told, so a logged day replays.

To add a policy: one file in `pacing/policies/` with a class under `@register("name")`, and one line in that
package's `__init__`. Duck typing is enough for the callers; `Policy` spells the shape out.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, TypeVar

from pacing.abandonment import AbandonmentBudget

AgentId = Hashable
CallId = Hashable
#: What `explain()` gives: flat, so that it can be logged as JSON and shown as it is.
Explanation = dict[str, str | float | int | bool | None]
#: What `snapshot()` gives: plain JSON values only (so ids must be strings or integers to survive it).
State = dict[str, Any]
#: Calls to place now, or that and the ids of ringing calls to hang up.
Answer = int | tuple[int, list[CallId]]


class AgentState(StrEnum):
    """What an agent does, as far as pacing cares. Strings of the same value are accepted everywhere."""

    READY = "ready"
    TALK = "talk"
    WRAP = "wrap"
    PAUSED = "paused"
    OFF = "off"


class CallOutcome(StrEnum):
    """How a call ended. `machine_fn`: an agent got it and found a machine; `cancelled`: we hung up while it
    rang."""

    HUMAN = "human"
    MACHINE = "machine"
    MACHINE_FN = "machine_fn"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    INVALID = "invalid"
    ABANDONED = "abandoned"
    CANCELLED = "cancelled"


class Limit(StrEnum):
    """What kept the last decision from placing one call more."""

    #: Nobody is logged in who could take a call now or soon.
    NO_AGENTS = "no_agents"
    #: The mode's own rule: so many calls per free agent and no more.
    FREE_AGENTS = "free_agents"
    #: The next person to answer would too probably find no agent.
    RISK = "risk"
    #: As RISK, with the allowed risk cut because few abandonments are left in a window.
    BUDGET = "budget"
    #: A window's abandonments are used up: hardly any risk is run until it recovers.
    CAP = "cap"
    #: No free line.
    LINES = "lines"
    #: The calls-per-second limit refused calls.
    CPS = "cps"
    #: No more leads to dial.
    LEADS = "leads"
    #: Too few calls seen to trust a forecast: one call per free agent.
    WARM_UP = "warm_up"
    #: What it hears is late or contradicts the switch: one call per free agent.
    BLIND = "blind"


@dataclass(frozen=True, slots=True)
class CampaignInfo:
    """What a policy is told once about its campaign."""

    #: Highest share of live answers which may be abandoned, in (0, 1).
    target_abandon: float = 0.03
    #: Seconds of ringing after which an unanswered call is hung up.
    ring_timeout: float = 25.0
    #: Seconds a person may wait for an agent before he counts as abandoned.
    wait_limit: float = 2.0
    #: Seconds between two decisions when nothing happens.
    tick: float = 0.2
    max_lines: int = 100
    #: Highest number of calls placed a second.
    cps: float = 30.0
    #: Does a classifier listen before an agent is asked for?
    amd: bool = True
    #: Guesses, any of `p_human` (share of dials a person answers), `talk`, `wrap` (s). May be wrong or
    #: absent.
    prior: Mapping[str, float] = field(default_factory=dict)


def no_scores(n: int) -> Sequence[float]:
    """Multipliers on P(human) of the next `n` leads when nothing is known of them."""
    return [1.0] * max(n, 0)


@dataclass(slots=True)
class Snapshot:
    """What the platform itself counts at the moment of a decision: never stale, unlike the events."""

    #: Agents free for a call.
    ready: int
    #: Agents logged in, whatever they do.
    logged_in: int
    #: Calls placed and not yet answered or ended.
    in_flight: int
    #: People waiting for an agent.
    waiting: int
    #: Lines on which a call could start now.
    free_lines: int
    #: Calls really sent since the last decision; what was asked beyond it was refused.
    placed_last: int = 0
    #: `peek(n)`: known multipliers on P(human) of the next n leads, 1.0 unless scored; shorter when leads run
    #: out. None where nobody can look ahead.
    peek: Callable[[int], Sequence[float]] | None = no_scores
    #: Age in seconds of the newest sign of life of the switch; beyond 2 s a policy works blind. Callers with
    #: a snapshot class of their own may leave it out.
    lag: float = 0.0
    #: The abandonment budget of the campaign that asks, where several share one policy; None: the policy's own count.
    budget: AbandonmentBudget | None = None
    #: Calls from outside that will take agents, expected a second.
    inbound_per_s: float = 0.0
    #: Seconds until the planned end of the shift, after which the day's abandonments are counted anew. None: nobody
    #: knows, or the law counts any 24 hours, which no shift ends.
    shift_left_s: float | None = None


@dataclass(frozen=True, slots=True)
class PacingDecision:
    """One decision with its reasons, as kept for `explain()`."""

    policy: str
    calls: int
    limit: Limit
    #: One English sentence for the supervisor; a console translates by `limit` and the figures instead.
    reason: str
    #: Numbers behind it. Every policy gives ready, logged_in, in_flight, waiting; see each policy for more.
    figures: Mapping[str, str | float | int | bool | None] = field(default_factory=dict)

    def explain(self) -> Explanation:
        return {
            "policy": self.policy,
            "calls": self.calls,
            "limit": str(self.limit),
            "reason": self.reason,
            **self.figures,
        }


class Policy(ABC):
    """A pacing policy. Call `campaign_start` first and once, then (after a restart) `restore`."""

    #: The name it is registered under.
    name: ClassVar[str]

    @abstractmethod
    def campaign_start(self, now: float, info: CampaignInfo) -> None:
        """Forget everything and begin with this campaign."""

    @abstractmethod
    def agent_state(self, now: float, agent_id: AgentId, state: str, segment: Hashable = None) -> None:
        """The agent is in `state` (an `AgentState` value) since `now`; ValueError for another word."""

    @abstractmethod
    def call_placed(
        self, now: float, call_id: CallId, p_human: float | None = None, segment: Hashable = None
    ) -> None:
        """A call asked for was sent. `p_human`: its probability of a live answer, where it is known."""

    @abstractmethod
    def call_answered(self, now: float, call_id: CallId) -> None:
        """Off hook; a classifier may be listening."""

    @abstractmethod
    def call_human(self, now: float, call_id: CallId, deadline: float) -> None:
        """Judged a person: wants an agent before `deadline`."""

    @abstractmethod
    def call_connected(self, now: float, call_id: CallId, agent_id: AgentId) -> None:
        """Given to an agent."""

    @abstractmethod
    def call_abandoned(self, now: float, call_id: CallId) -> None:
        """No agent by the deadline; `call_ended` follows."""

    @abstractmethod
    def call_ended(self, now: float, call_id: CallId, outcome: str) -> None:
        """Over, with a `CallOutcome` value; ValueError for another word."""

    @abstractmethod
    def decide(self, now: float, snap: Snapshot) -> Answer:
        """Calls to place now (>= 0), or `(calls, [ids of ringing calls to hang up])`."""

    @abstractmethod
    def explain(self) -> Explanation:
        """The last decision: `PacingDecision.explain()`. Empty before the first."""

    @abstractmethod
    def snapshot(self) -> State:
        """All it knows as plain JSON values: restored, it decides as if never stopped."""

    @abstractmethod
    def restore(self, state: State) -> None:
        """Take over a `snapshot()` of the same policy, after `campaign_start`; ValueError for another's."""

    @abstractmethod
    def warm_start(self, state: State) -> None:
        """Begin a day with what a `snapshot()` of an earlier one had learned and with its abandonment windows,
        on the same clock, but with an empty floor: no agent, no call. After `campaign_start`; ValueError for
        another policy's."""


#: Every policy by name. Filled by `@register`; read it through `create` and `names`.
POLICIES: dict[str, Callable[..., Policy]] = {}

P = TypeVar("P", bound=type[Policy])


def register(name: str) -> Callable[[P], P]:
    """Class decorator: put a policy into the registry under `name`. Its constructor's keywords are its
    settings."""

    def enter(policy: P) -> P:
        if name in POLICIES:
            raise ValueError(f"two pacing policies are called {name!r}: rename one")
        policy.name = name
        POLICIES[name] = policy
        return policy

    return enter


def names() -> list[str]:
    """The names `create` knows, sorted."""
    import pacing.policies  # noqa: F401  (its modules register themselves, and import this one)

    return sorted(POLICIES)


def create(name: str, **settings: Any) -> Policy:
    """A new policy by its registered name, with its own settings as keywords.

    ValueError for an unknown name (with the list of names), an unknown setting or a value out of range.
    """
    known = names()
    if name not in POLICIES:
        raise ValueError(f"no pacing policy is called {name!r}: choose one of {', '.join(known)}")
    taken = list(inspect.signature(POLICIES[name]).parameters)
    for setting in settings:
        if setting not in taken:
            raise ValueError(
                f"pacing policy {name!r} has no setting {setting!r}: it takes {', '.join(taken) or 'none'}"
            )
    return POLICIES[name](**settings)
