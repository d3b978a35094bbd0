"""Recorded calls through the detector, many side by side, frame by frame exactly as live ones."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from dialer.screening.columns import Floats
from dialer.screening.detector import Detector
from dialer.screening.findings import (
    FRAME_SAMPLES,
    BeepHeard,
    Corrected,
    Finding,
    GreetingEnded,
    Settings,
    Trace,
    Verdict,
)
from dialer.screening.fingerprints import FingerprintBook
from dialer.screening.prompt_index import Prompt
from dialer.screening.recordings import Recording
from dialer.screening.trees import Model

BATCH = 256
DEFAULTS = Settings()


@dataclass(frozen=True, slots=True)
class Listened:
    """What the detector said of a recording. `samples` are the model's features every `every` frames from the first
    speech on, and `sampled_ms` their times."""

    recording: Recording
    verdict: Verdict
    findings: tuple[Finding, ...]
    trace: Trace
    samples: Floats = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    sampled_ms: tuple[int, ...] = ()

    @property
    def beep_at_ms(self) -> int | None:
        """When the first beep was heard."""
        return next((f.at_ms for f in self.findings if isinstance(f, BeepHeard)), None)

    @property
    def greeting_end_ms(self) -> int | None:
        """When the first speaker stopped, by the verdict or, when that came before, by what was heard later."""
        if self.verdict.greeting_end_ms is not None:
            return self.verdict.greeting_end_ms
        return next((f.end_ms for f in self.findings if isinstance(f, GreetingEnded)), None)

    @property
    def corrected_at_ms(self) -> int | None:
        """When a HUMAN verdict proved wrong."""
        return next((f.at_ms for f in self.findings if isinstance(f, Corrected)), None)


def listen(
    model: Model,
    recordings: Iterable[Recording],
    *,
    book: FingerprintBook | None = None,
    greetings: Mapping[str, Prompt] | None = None,
    settings: Settings = DEFAULTS,
    sample_every: int = 0,
    batch: int = BATCH,
) -> Iterator[Listened]:
    """Each recording heard to its end, in order; `batch` of them side by side. `greetings`: by a recording's name what
    its number answered with before."""
    stream = iter(recordings)
    # An empty book is a book, too: whoever gave it fills it meanwhile.
    book = FingerprintBook() if book is None else book
    while group := list(itertools.islice(stream, batch)):
        yield from _listen_together(model, group, book, greetings or {}, settings, sample_every)


def _listen_together(
    model: Model,
    group: list[Recording],
    book: FingerprintBook,
    greetings: Mapping[str, Prompt],
    settings: Settings,
    sample_every: int,
) -> Iterator[Listened]:
    detector = Detector(model, book, capacity=len(group))
    frames = [len(r.samples) // FRAME_SAMPLES for r in group]
    findings: list[list[Finding]] = [[] for _ in group]
    verdicts: dict[int, Verdict] = {}
    traces: dict[int, Trace] = {}
    sampled: list[list[Floats]] = [[] for _ in group]
    sampled_ms: list[list[int]] = [[] for _ in group]
    live = list(range(len(group)))
    for n in live:
        detector.open(str(n), settings=settings)
        if (greeting := greetings.get(group[n].name)) is not None:
            detector.expect(str(n), greeting)
    for tick in range(max(frames)):
        at = tick * FRAME_SAMPLES
        over = [n for n in live if frames[n] == tick]
        for n in over:
            verdicts[n] = detector.conclude(str(n))
            traces[n] = detector.close(str(n))
        if over:
            live = [n for n in live if frames[n] > tick]
        for finding in detector.feed({str(n): group[n].samples[at : at + FRAME_SAMPLES] for n in live}):
            findings[int(finding.call_id)].append(finding)
        if sample_every and tick % sample_every == 0:
            spoken, features = detector.sample([str(n) for n in live])
            for n, has_spoken, row in zip(live, spoken.tolist(), features, strict=True):
                if has_spoken:
                    sampled[n].append(row)
                    sampled_ms[n].append((tick + 1) * 20)
    for n in live:
        verdicts[n] = detector.conclude(str(n))
        traces[n] = detector.close(str(n))
    for n, recording in enumerate(group):
        rows = np.array(sampled[n], np.float32) if sampled[n] else np.zeros((0, 0), np.float32)
        yield Listened(recording, verdicts[n], tuple(findings[n]), traces[n], rows, tuple(sampled_ms[n]))
