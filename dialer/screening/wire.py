"""What passes between the dialer and its screener process: a JSON object a line, orders in, reports out.

Both sides check what they read: the screener is a process of its own so that it may fail, and it may fail in any way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

import orjson

from dialer.domain.commands import ListenTo
from dialer.domain.events import (
    AnyEvent,
    BeepEnded,
    CallCorrected,
    CallJudged,
    CallUnheard,
    EarlyMediaJudged,
    GreetingEnded,
)
from dialer.domain.screening import Label, Unheard
from dialer.domain.values import AttemptId, attempt_of, early_stream, is_ulid
from dialer.screening import findings
from dialer.screening.findings import Finding, Prior, Settings

#: A report is far shorter.
MOST_BYTES = 256 * 1024
_CAUSE_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz_")


class BadReport(ValueError):
    """What was read is no report, or one that says impossible things."""


def line(**fields: Any) -> bytes:
    """One message as it goes over the pipe."""
    return orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY)


# --- orders -----------------------------------------------------------------------------------------------


def order_of(command: ListenTo) -> bytes:
    return line(
        do="listen",
        call=early_stream(command.attempt_id) if command.early else command.attempt_id,
        cost_ratio=command.cost_ratio,
        ring_s=command.ring_s,
        machines_before=command.machines_before,
        humans_before=command.humans_before,
        early=command.early,
    )


def read_order(order: Mapping[str, Any]) -> tuple[str, Prior, Settings]:
    """A `listen` order. Raises ValueError, TypeError, KeyError."""
    call_id = str(order["call"])
    if not is_ulid(call_id):
        raise ValueError(f"{call_id[:40]!r} is no call")
    ring_s = order["ring_s"]
    prior = Prior(
        ring_s=None if ring_s is None else float(ring_s),
        machines_before=int(order["machines_before"]),
        humans_before=int(order["humans_before"]),
    )
    return call_id, prior, Settings(cost_ratio=float(order["cost_ratio"]), early=bool(order["early"]))


# --- reports ----------------------------------------------------------------------------------------------


def report_of(finding: Finding) -> bytes | None:
    """What the dialer is told of a finding; None for what it has no use for."""
    match finding:
        case findings.Verdict():
            return line(
                say="verdict",
                call=finding.call_id,
                label=finding.label,
                cause=finding.cause,
                posterior=finding.posterior,
                decided_at_ms=finding.decided_at_ms,
                greeting_end_ms=finding.greeting_end_ms,
                features=dict(finding.features),
            )
        case findings.BeepEnded():
            return line(say="beep_ended", call=finding.call_id, end_ms=finding.end_ms)
        case findings.GreetingEnded():
            return line(say="greeting_ended", call=finding.call_id, end_ms=finding.end_ms)
        case findings.Corrected():
            return line(
                say="corrected",
                call=finding.call_id,
                label=finding.label,
                cause=finding.cause,
                at_ms=finding.at_ms,
            )
        case findings.BeepHeard() | findings.PromptHeard():
            return None


def read_report(text: bytes) -> dict[str, Any]:
    """One line as an object. Raises BadReport."""
    try:
        report = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadReport(f"not JSON: {error}") from error
    if not isinstance(report, dict) or not isinstance(report.get("say"), str):
        raise BadReport("not a report")
    return report


def event_of(report: Mapping[str, Any], at: datetime) -> AnyEvent | None:
    """The engine's event behind a report on a call; None for other reports. Raises BadReport: such a call was judged by
    nobody."""
    try:
        if report["say"] not in _READERS:
            return None
        attempt_id, early = attempt_of(str(report["call"]))
        if early:
            return _early_verdict(report, AttemptId(attempt_id), at) if report["say"] == "verdict" else None
        return _READERS[report["say"]](report, AttemptId(attempt_id), at)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise BadReport(f"{report.get('say')}: {error}") from error


def _verdict(report: Mapping[str, Any], attempt_id: AttemptId, at: datetime) -> CallJudged:
    end = report["greeting_end_ms"]
    features = report["features"]
    if not isinstance(features, dict) or len(features) > 200:
        raise BadReport("features")
    return CallJudged(
        at=at,
        attempt_id=attempt_id,
        label=Label(report["label"]),
        cause=_cause(report),
        posterior=float(report["posterior"]),
        decided_at_ms=int(report["decided_at_ms"]),
        greeting_end_ms=None if end is None else int(end),
        features=tuple(
            (str(name)[:40], float(value)) for name, value in features.items() if value is not None
        ),
    )


def _early_verdict(report: Mapping[str, Any], attempt_id: AttemptId, at: datetime) -> AnyEvent:
    verdict = _verdict(report, attempt_id, at)
    return EarlyMediaJudged(**{field.name: getattr(verdict, field.name) for field in fields(verdict)})


def _corrected(report: Mapping[str, Any], attempt_id: AttemptId, at: datetime) -> AnyEvent:
    return CallCorrected(
        at=at,
        attempt_id=attempt_id,
        label=Label(report["label"]),
        cause=_cause(report),
        at_ms=int(report["at_ms"]),
    )


def _cause(report: Mapping[str, Any]) -> str:
    cause = str(report["cause"])
    if not 1 <= len(cause) <= 40 or not _CAUSE_LETTERS.issuperset(cause):
        raise BadReport(f"cause {cause[:40]!r}")
    return cause


_READERS: dict[str, Callable[[Mapping[str, Any], AttemptId, datetime], AnyEvent]] = {
    "verdict": _verdict,
    "corrected": _corrected,
    "unheard": lambda report, attempt_id, at: CallUnheard(
        at=at, attempt_id=attempt_id, why=Unheard(report["why"])
    ),
    "greeting_ended": lambda report, attempt_id, at: GreetingEnded(
        at=at, attempt_id=attempt_id, end_ms=int(report["end_ms"])
    ),
    "beep_ended": lambda report, attempt_id, at: BeepEnded(
        at=at, attempt_id=attempt_id, end_ms=int(report["end_ms"])
    ),
}
