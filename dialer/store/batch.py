"""One batch of facts as rows: what each summary table learns, each row once, ready for the statements' arrays.

Pure: a fold in the order of the facts. Later words win where a thing moves (states), first ones where it happens once
(the answer, the outcome).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from operator import attrgetter
from typing import TypeAlias, get_args

import orjson

from dialer.domain import facts as f
from dialer.domain.agent import AgentState
from dialer.domain.call import CallState
from dialer.domain.outcomes import LeadState, PhoneStatus
from dialer.domain.phone_facts import FOUND
from dialer.domain.values import Attempt, AttemptId
from dialer.store import contact_ledger
from dialer.store.contact_ledger import ContactNews
from dialer.store.dispositions import consequences

#: The far end has picked up.
_ANSWERED = frozenset(
    {
        CallState.ANSWERED,
        CallState.SCREENING,
        CallState.WAITING,
        CallState.BRIDGED,
        CallState.MESSAGE,
        CallState.MACHINE,
    }
)


@dataclass(slots=True)
class AttemptNews:
    """The parameters of `update_attempts`, in its order."""

    id: AttemptId
    state: CallState | None = None
    agent_id: int | None = None
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    connected_at: datetime | None = None
    connect_ms: float | None = None
    notice_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: str | None = None
    q850: int | None = None
    sip_status: int | None = None
    disposition: str | None = None
    note: str | None = None
    disposed_at: datetime | None = None


@dataclass(slots=True)
class LeadNews:
    """The parameters of `move_leads`, in its order."""

    id: int
    state: LeadState | None = None
    next_at: datetime | None = None
    next_phone_id: int | None = None
    reason: str | None = None
    callback_agent_id: int | None = None
    burnt: int = 0


@dataclass(slots=True)
class PhoneNews:
    """The parameters of `learn_phones`, in its order."""

    id: int
    status: PhoneStatus | None = None
    outcome: str | None = None
    run: int | None = None
    tried_at: datetime | None = None
    #: What its odds to be the person's are multiplied by (`domain.phone_facts`).
    odds: float = 1.0


@dataclass(slots=True)
class VerdictNews:
    """The parameters of `write_verdicts`, in its order."""

    attempt_id: AttemptId
    campaign_id: int | None = None
    judged_at: datetime | None = None
    mode: str | None = None
    label: str | None = None
    cause: str | None = None
    posterior: float | None = None
    decided_at_ms: int | None = None
    greeting_end_ms: int | None = None
    to_agent: bool | None = None
    control: bool | None = None
    features: str | None = None
    corrected_label: str | None = None
    corrected_cause: str | None = None
    corrected_at_ms: int | None = None
    spoken_kind: str | None = None
    spoken_file: str | None = None
    spoken_at: datetime | None = None


#: A block of `queries.sql` and its parameters.
Statement: TypeAlias = tuple[str, list[object]]


@dataclass(slots=True)
class Batch:
    """What a batch of facts does to each table."""

    planned: list[Attempt] = field(default_factory=list)
    attempts: dict[AttemptId, AttemptNews] = field(default_factory=dict)
    leads: dict[int, LeadNews] = field(default_factory=dict)
    phones: dict[int, PhoneNews] = field(default_factory=dict)
    do_not_call: list[tuple[int, str, datetime]] = field(default_factory=list)
    disposed: list[f.AttemptDisposed] = field(default_factory=list)
    script_runs: dict[AttemptId, tuple[int, datetime]] = field(default_factory=dict)
    returned: list[tuple[int, datetime | None, str | None]] = field(default_factory=list)
    abandonments: list[tuple[str, int, datetime, datetime, datetime]] = field(default_factory=list)
    contacts: list[ContactNews] = field(default_factory=list)
    verdicts: dict[AttemptId, VerdictNews] = field(default_factory=dict)
    agents: dict[int, f.AgentMoved] = field(default_factory=dict)
    #: Agents who were in more than one state during the batch.
    agents_changed: set[int] = field(default_factory=set)
    campaigns: dict[int, f.CampaignMoved] = field(default_factory=dict)
    intents: list[tuple[int, datetime, str | None]] = field(default_factory=list)
    switch_up: bool | None = None
    trunks_stopped: list[tuple[str, str, datetime]] = field(default_factory=list)
    pacing: f.PacingKept | None = None

    @classmethod
    def of(cls, facts: Iterable[f.AnyFact]) -> Batch:
        batch = cls()
        for fact in facts:
            batch._add(fact)
        return batch

    @property
    def is_plain(self) -> bool:
        """Whether its statements touch each row once, so that they may run as one, in any order."""
        return not (
            self.planned
            or self.do_not_call
            or self.disposed
            or (self.returned and self.leads)
            or self.trunks_stopped
            # The same row as the fence's.
            or self.switch_up is not None
        )

    def statements(self, shard_id: int, fence: int) -> list[Statement]:
        """What the batch does besides attempts and the log itself, in order."""
        todo: list[Statement] = []
        if self.leads:
            todo.append(("move_leads", list(columns(map(lead_row, self.leads.values())))))
        if self.phones:
            todo.append(("learn_phones", list(columns(map(phone_row, self.phones.values())))))
        if self.do_not_call:
            todo.append(("list_do_not_call", list(columns(self.do_not_call))))
        for name, rows, rest in consequences(self.disposed):
            todo.append((name, [*columns(rows), *rest]))
        if self.script_runs:
            runs = [(attempt_id, *begun) for attempt_id, begun in self.script_runs.items()]
            todo.append(("start_runs", list(columns(runs))))
        if self.returned:
            todo.append(("return_leads", [shard_id, fence, *columns(self.returned)]))
        if self.abandonments:
            todo.append(("write_abandonments", list(columns(self.abandonments))))
        if self.contacts:
            todo.append(("count_contacts", list(columns(self.contacts))))
        if self.verdicts:
            todo.append(("write_verdicts", list(columns(map(verdict_row, self.verdicts.values())))))
        if self.agents:
            agents = columns(map(agent_row, self.agents.values()))
            todo.append(("move_agents", [shard_id, *agents, list(self.agents_changed)]))
            gone = [moved.agent_id for moved in self.agents.values() if moved.state is AgentState.LOGGED_OUT]
            if gone:
                todo += [("change_groups", [gone]), ("finish_moves", [gone])]
        if self.campaigns:
            campaigns = [(moved.campaign_id, moved.state, moved.reason) for moved in self.campaigns.values()]
            todo.append(("move_campaigns", list(columns(campaigns))))
        if self.intents:
            todo.append(("settle_intents", list(columns(self.intents))))
        if self.switch_up is not None:
            todo.append(("move_switch", [shard_id, self.switch_up]))
        if self.trunks_stopped:
            todo.append(("stop_trunks", list(columns(self.trunks_stopped))))
        if self.pacing is not None:
            policies = orjson.dumps(self.pacing.policies).decode()
            todo.append(("keep_pacing", [shard_id, self.pacing.at, policies]))
        return todo

    def _attempt(self, attempt_id: AttemptId) -> AttemptNews:
        news = self.attempts.get(attempt_id)
        if news is None:
            news = self.attempts[attempt_id] = AttemptNews(attempt_id)
        return news

    def _lead(self, lead_id: int) -> LeadNews:
        news = self.leads.get(lead_id)
        if news is None:
            news = self.leads[lead_id] = LeadNews(lead_id)
        return news

    def _verdict(self, attempt_id: AttemptId, campaign_id: int) -> VerdictNews:
        news = self.verdicts.get(attempt_id)
        if news is None:
            news = self.verdicts[attempt_id] = VerdictNews(attempt_id)
        news.campaign_id = campaign_id
        return news

    def _screen(self, fact: f.CallScreened) -> None:
        news = self._verdict(fact.attempt_id, fact.campaign_id)
        news.judged_at, news.mode, news.label, news.cause = fact.at, fact.mode, fact.label, fact.cause
        news.posterior, news.decided_at_ms = fact.posterior, fact.decided_at_ms
        news.greeting_end_ms, news.to_agent, news.control = fact.greeting_end_ms, fact.to_agent, fact.control
        news.features = orjson.dumps(fact.features).decode()

    def _add(self, fact: f.AnyFact) -> None:
        match fact:
            case f.AttemptMoved():
                self._move_attempt(fact)
            case f.AttemptPlanned():
                self.planned.append(fact.attempt)
            case f.AttemptEnded():
                news = self._attempt(fact.attempt_id)
                if news.ended_at is None:
                    news.state, news.ended_at, news.outcome = CallState.ENDED, fact.at, fact.outcome
                    news.q850, news.sip_status = fact.q850, fact.sip_status
                    if fact.burnt:
                        self._lead(fact.lead_id).burnt += 1
                    rang = bool(news.ringing_at or news.answered_at)
                    self.contacts += contact_ledger.of_end(fact, rang=rang)
            case f.LeadMoved():
                self._move_lead(fact)
            case f.AgentMoved():
                self._move_agent(fact)
            case f.LeadsReturned():
                self.returned += [(lead_id, fact.blocked_until, fact.rule) for lead_id in fact.lead_ids]
            case f.AttemptDisposed():
                news = self._attempt(fact.attempt_id)
                news.disposition, news.note, news.disposed_at = fact.code, fact.note, fact.at
                self.disposed.append(fact)
                self.contacts += contact_ledger.of_disposition(fact)
            case f.ContactCeased():
                self.do_not_call.append((fact.lead_id, fact.code, fact.at))
            case f.ScriptStepped():
                self.script_runs.setdefault(fact.attempt_id, (fact.version_id, fact.at))
            case f.NoticeGiven():
                news = self._attempt(fact.attempt_id)
                news.notice_at = news.notice_at or fact.at
            case f.CallAbandoned():
                self.contacts.append(contact_ledger.of_abandonment(fact))
                self.abandonments.append(
                    (fact.attempt_id, fact.campaign_id, fact.answered_at, fact.deadline_at, fact.at)
                )
            case f.CallScreened():
                self._screen(fact)
            case f.ScreeningCorrected():
                verdict = self._verdict(fact.attempt_id, fact.campaign_id)
                verdict.corrected_label, verdict.corrected_cause = fact.label, fact.cause
                verdict.corrected_at_ms = fact.at_ms
            case f.TextSpoken():
                verdict = self._verdict(fact.attempt_id, fact.campaign_id)
                verdict.spoken_kind, verdict.spoken_file, verdict.spoken_at = fact.kind, fact.file, fact.at
            case f.CampaignMoved():
                self.campaigns[fact.campaign_id] = fact
            case f.IntentSettled():
                self.intents.append((fact.intent_id, fact.at, fact.error))
            case f.SwitchMoved():
                self.switch_up = fact.up
            case f.TrunkStopped():
                self.trunks_stopped.append((fact.trunk, fact.reason, fact.at))
            case f.PacingKept():
                self.pacing = fact
            case (
                f.RecordingBegan()
                | f.RecordingClosed()
                | f.PacingDecided()
                | f.ScreenerMoved()
                | f.ShardStarted()
            ):
                pass  # in the log only

    def _move_attempt(self, fact: f.AttemptMoved) -> None:
        news = self._attempt(fact.attempt_id)
        if news.state is CallState.ENDED:
            return
        news.state = fact.state
        if fact.state is CallState.RINGING:
            news.ringing_at = news.ringing_at or fact.at
        elif fact.state in _ANSWERED:
            news.answered_at = news.answered_at or fact.at
        if fact.state is CallState.BRIDGED:
            if news.connected_at is None:
                self.contacts.append(contact_ledger.of_connection(fact))
            news.connected_at = news.connected_at or fact.at
            news.agent_id = fact.agent_id or news.agent_id
            news.connect_ms = fact.connect_ms if news.connect_ms is None else news.connect_ms

    def _move_lead(self, fact: f.LeadMoved) -> None:
        step = fact.step
        lead = self._lead(fact.lead_id)
        lead.state, lead.next_at, lead.next_phone_id = step.state, step.next_at, step.next_phone_id
        lead.reason, lead.callback_agent_id = step.reason, fact.callback_agent_id
        if step.phone_status is PhoneStatus.DO_NOT_CALL:
            self.do_not_call.append((fact.lead_id, step.reason or step.phone_status, fact.at))
        if fact.phone_id is None:
            return
        phone = self.phones.get(fact.phone_id)
        if phone is None:
            phone = self.phones[fact.phone_id] = PhoneNews(fact.phone_id)
        phone.status = step.phone_status or phone.status
        phone.run = phone.run if fact.same_outcome_run is None else fact.same_outcome_run
        if fact.outcome is not None:
            phone.outcome, phone.tried_at = fact.outcome, fact.at
            phone.odds *= FOUND.get(fact.outcome, 1.0)

    def _move_agent(self, fact: f.AgentMoved) -> None:
        before = self.agents.get(fact.agent_id)
        if before is not None:
            if (before.state, before.reason) == (fact.state, fact.reason):
                fact = replace(fact, at=before.at)  # since then, not since now
            else:
                self.agents_changed.add(fact.agent_id)
        self.agents[fact.agent_id] = fact


def columns(rows: Iterable[Sequence[object]]) -> Iterator[Sequence[object]]:
    """Rows (one at least) as the parallel arrays that `unnest` takes."""
    return zip(*rows, strict=True)


#: The parameters of `plan_attempts` and `move_agents`, in their order; the rest of both is worked out from the batch.
planned_row = attrgetter(
    *(
        "id",
        "campaign_id",
        "lead_id",
        "person_id",
        "phone_id",
        "n",
        "mode",
        "number.e164",
        "trunk",
        "caller_id",
    ),
    *("verdict", "planned_at", "ring_timeout_s", "connect_limit_s", "language", "agent_id", "ledger_rows"),
)
attempt_row, lead_row, phone_row, verdict_row = (
    attrgetter(*(item.name for item in fields(kind)))
    for kind in (AttemptNews, LeadNews, PhoneNews, VerdictNews)
)
agent_row = attrgetter(
    *("agent_id", "state", "reason", "at", "leg_id", "leg_up", "attempt_id", "lead_id", "after_wrap_up"),
    "wrap_up_until",
)


def event_of(fact: f.AnyFact) -> tuple[str | None, str, datetime, str]:
    """A fact as its row of the log: attempt, type, time, data. The number dialled is in the attempt only."""
    if isinstance(fact, f.AttemptPlanned):
        attempt = fact.attempt
        data: dict[str, object] = {
            "attempt": {name: getattr(attempt, name) for name in _FIELDS[Attempt] if name != "number"}
        }
        return attempt.id, "AttemptPlanned", fact.at, orjson.dumps(data).decode()
    kind = type(fact)
    data = {name: getattr(fact, name) for name in _FIELDS[kind]}
    return getattr(fact, "attempt_id", None), kind.__name__, fact.at, orjson.dumps(data).decode()


#: Columns of the log, and so not part of `data`.
_COLUMNS = frozenset({"at", "attempt_id"})
#: In a table of its own.
_ELSEWHERE = frozenset({"policies"})
_FIELDS: dict[type, tuple[str, ...]] = {
    kind: tuple(item.name for item in fields(kind) if item.name not in _COLUMNS | _ELSEWHERE)
    for kind in (*get_args(f.AnyFact), Attempt)
}
