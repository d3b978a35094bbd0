"""How good verdicts are against the truth: figures with exact intervals, the same for ours and for app_amd."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.stats import beta

from dialer.screening import appamd
from dialer.screening.appamd import AmdSettings, AmdStatus, run_amd
from dialer.screening.findings import Label, Verdict
from dialer.screening.playback import Listened
from dialer.screening.recordings import Recording

#: A beep is found when it is heard from 30 ms before its marked start (marks are that exact) to 60 ms after its end.
BEEP_EARLY_MS = 30
#: Late corrections that come in time to spare the agent most of a machine.
CORRECTED_WITHIN_MS = 3000
RIVALS = {"app_amd default": appamd.DEFAULT, "app_amd tuned": appamd.TUNED}


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `of`, with its exact (Clopper-Pearson) 95 % interval."""

    count: int
    of: int

    @property
    def percent(self) -> float:
        """100 * count / of; 0 when there is nothing."""
        return 100 * self.count / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval in percent."""
        if not self.of:
            return 0.0, 100.0
        low = beta.ppf(0.025, self.count, self.of - self.count + 1) if self.count else 0.0
        high = beta.ppf(0.975, self.count + 1, self.of - self.count) if self.count < self.of else 1.0
        return 100 * float(low), 100 * float(high)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.percent:.2f} ({low:.2f}-{high:.2f})"


@dataclass(frozen=True, slots=True)
class Judged:
    """One call: the truth and what was said, by us or by app_amd."""

    recording: Recording
    label: Label
    at_ms: int
    beep_at_ms: int | None = None
    corrected_at_ms: int | None = None


def judged(call: Listened) -> Judged:
    """Our verdict on a call that was heard to its end; its audio is let go."""
    verdict: Verdict = call.verdict
    return Judged(_light(call.recording), verdict.label, verdict.at_ms, call.beep_at_ms, call.corrected_at_ms)


def judged_by_amd(recording: Recording, settings: AmdSettings) -> Judged:
    """app_amd's verdict; NOTSURE goes to an agent, as dialplans do."""
    status, at_ms = run_amd(recording.samples, settings)
    label = Label.MACHINE if status is AmdStatus.MACHINE else Label.HUMAN
    return Judged(_light(recording), label, at_ms)


def _light(recording: Recording) -> Recording:
    return Recording(
        recording.name,
        recording.samples[:0],
        recording.label,
        recording.kind,
        recording.greeting_end_ms,
        recording.beep_ms,
        recording.tone_ms,
    )


@dataclass(slots=True)
class Figures:
    """The figures of one detector over a set of calls. Latencies in ms."""

    human_as_machine: Share
    machine_passed: Share
    machine_passed_after_3_s: Share
    human_verdict_after_greeting_ms: dict[str, float]
    human_within_2_s: Share
    #: People from whom a late correction took the agent.
    human_corrected: Share
    classes: dict[str, dict[str, Any]] = field(default_factory=dict)
    beep_found: Share = Share(0, 0)
    beep_from_start_ms: dict[str, float] = field(default_factory=dict)
    beep_false: Share = Share(0, 0)
    sit_found: Share = Share(0, 0)
    sit_from_start_ms: dict[str, float] = field(default_factory=dict)
    sit_false: Share = Share(0, 0)
    fax_found: Share = Share(0, 0)
    fax_false: Share = Share(0, 0)
    tone_found: Share = Share(0, 0)
    tone_false: Share = Share(0, 0)


def figures(calls: Sequence[Judged]) -> Figures:
    """Everything that can be said of these calls."""
    people = [c for c in calls if c.recording.label is Label.HUMAN]
    others = [c for c in calls if c.recording.label is Label.MACHINE]
    lost = [c for c in people if c.label is not Label.HUMAN]
    passed = [c for c in others if c.label is Label.HUMAN]
    kept = [
        c for c in passed if c.corrected_at_ms is None or c.corrected_at_ms - c.at_ms > CORRECTED_WITHIN_MS
    ]
    after = [
        c.at_ms - c.recording.greeting_end_ms
        for c in people
        if c.label is Label.HUMAN and c.recording.greeting_end_ms is not None
    ]
    found = Figures(
        Share(len(lost), len(people)),
        Share(len(passed), len(others)),
        Share(len(kept), len(others)),
        _spread(after),
        Share(sum(ms <= 2000 for ms in after), len(after)),
        Share(sum(c.corrected_at_ms is not None for c in people), len(people)),
        _by_class(calls),
    )
    beeps = [c for c in calls if c.recording.beep_ms is not None]
    heard = [
        c
        for c in beeps
        if c.beep_at_ms is not None and c.beep_at_ms >= (c.recording.beep_ms or 0) - BEEP_EARLY_MS
    ]
    found.beep_found = Share(len(heard), len(beeps))
    found.beep_from_start_ms = _spread([(c.beep_at_ms or 0) - (c.recording.beep_ms or 0) for c in heard])
    without = [c for c in calls if c.recording.beep_ms is None]
    early = len([c for c in beeps if c.beep_at_ms is not None]) - len(heard)
    found.beep_false = Share(early + sum(c.beep_at_ms is not None for c in without), len(calls))
    sit = [c for c in calls if c.label is Label.SIT]
    found.sit_from_start_ms = _spread(
        [
            c.at_ms - c.recording.tone_ms
            for c in sit
            if c.recording.label is Label.SIT and c.recording.tone_ms is not None
        ]
    )
    found.sit_found, found.sit_false = _label_shares(calls, Label.SIT)
    found.fax_found, found.fax_false = _label_shares(calls, Label.FAX)
    found.tone_found, found.tone_false = _label_shares(calls, Label.TONE)
    return found


def _label_shares(calls: Sequence[Judged], label: Label) -> tuple[Share, Share]:
    ours = [c for c in calls if c.recording.label is label]
    others = [c for c in calls if c.recording.label is not label]
    return (
        Share(sum(c.label is label for c in ours), len(ours)),
        Share(sum(c.label is label for c in others), len(others)),
    )


def _by_class(calls: Iterable[Judged]) -> dict[str, dict[str, Any]]:
    kinds: defaultdict[str, list[Judged]] = defaultdict(list)
    for call in calls:
        kinds[call.recording.kind].append(call)
    return {
        kind: {
            "calls": len(group),
            "truth": group[0].recording.label,
            "right": Share(sum(c.label is c.recording.label for c in group), len(group)),
            "as_human": Share(sum(c.label is Label.HUMAN for c in group), len(group)),
            "labels": dict(Counter(c.label.value for c in group).most_common()),
        }
        for kind, group in kinds.items()
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    if not values:
        return {"n": 0}
    p50, p95, p99 = np.percentile(values, [50, 95, 99])
    return {
        "n": len(values),
        "p50": float(p50),
        "p95": float(p95),
        "p99": float(p99),
        "max": float(max(values)),
    }


def plain(found: Figures) -> dict[str, Any]:
    """The figures as JSON can hold them."""
    return {name: _plain(getattr(found, name)) for name in Figures.__slots__}


def _plain(value: Any) -> Any:
    if isinstance(value, Share):
        low, high = value.interval
        return {
            "count": value.count,
            "of": value.of,
            "percent": round(value.percent, 3),
            "interval_percent": [round(low, 3), round(high, 3)],
        }
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return value
