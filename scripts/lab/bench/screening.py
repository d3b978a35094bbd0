"""`scripts/bench screening`: how well the detector tells who answered, on calls of voices and texts it never met.

Parts: heldout (the hard mix of all classes, app_amd beside ours, and the trade-off curve), consumer (a consumer
campaign that learns recordings as it goes on, measured from its 501st call on; then its machines are tried again),
speed (live calls side by side, CPU of each tick). The calls are those of `scripts/corpus --split test`: generated, not
recorded.
"""

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np

from dialer.screening.decision import decide
from dialer.screening.detector import Detector
from dialer.screening.evaluation import RIVALS, Judged, Share, figures, judged, judged_by_amd, plain
from dialer.screening.findings import FRAME_MS, BeepHeard, Cause, Label, Settings
from dialer.screening.fingerprints import NEWEST, FingerprintBook, greeting_of, recording_of
from dialer.screening.playback import Listened, listen
from dialer.screening.prompt_index import Prompt
from dialer.screening.recordings import Recording
from dialer.screening.trees import Model
from dialer.screening.voice import FEATURES
from lab.bench.screening_pages import show, write_docs
from lab.cache import say
from lab.corpus.calls import CONSUMER, HARD, Class, Corpus
from lab.corpus.pools import Pools, pools
from lab.corpus.voices import Split
from lab.corpus.writing import recording

PARTS = ("heldout", "consumer", "speed")
#: Of the hard mix half are people: 6,500 calls hold more than 3,000.
HELDOUT_CALLS, LEARNING_CALLS, CONSUMER_CALLS = 6500, 500, 1000
#: Calls of the campaign that are heard at the same time, and so learn nothing of each other.
LINES = 16
#: Machines of the consumer mix are tried so often in all.
ATTEMPTS = 3
#: Far from the numbers that anybody looks at by hand.
FIRST_CALL = 100_000
COST_RATIOS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
#: The causes that no cost ratio touches.
FIXED = frozenset({Cause.SIT, Cause.FAX, Cause.CADENCE, Cause.SILENCE, Cause.BEEP, Cause.FINGERPRINT})
SPEED_CALLS, SPEED_TICKS = 500, 600


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench screening", description=__doc__)
    parser.add_argument("--part", action="append", choices=PARTS, help="only this part; may be repeated")
    parser.add_argument(
        "--calls", type=int, default=HELDOUT_CALLS, help="held-back calls; default: %(default)s"
    )
    parser.add_argument(
        "--docs",
        action="store_true",
        help="write docs/benchmarks/screening.md and .json; parts not run keep theirs",
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    wanted = parser.parse_args(argv)
    if wanted.calls < 100:
        parser.error("--calls must be at least 100: fewer say nothing")
    return wanted


def main(argv: Sequence[str] | None = None) -> int:
    wanted = arguments(sys.argv[1:] if argv is None else argv)
    parts = wanted.part or PARTS
    model = Model.shipped()
    voices = pools(Split.TEST)
    found: dict[str, Any] = {
        "began": datetime.now(UTC).isoformat(timespec="minutes"),
        "machine": f"{platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}",
        "model": model.about,
        "settings": {"cost_ratio": Settings().cost_ratio, "deadline_ms": Settings().deadline_ms},
        "parts": {},
    }
    measures: dict[str, Callable[[], dict[str, Any]]] = {
        "heldout": partial(measure_heldout, model, voices, wanted.calls),
        "consumer": partial(measure_consumer, model, voices),
        "speed": partial(measure_speed, model, voices),
    }
    for part in parts:
        found["parts"][part] = {"began": datetime.now(UTC).isoformat(timespec="minutes"), **measures[part]()}
    if wanted.json:
        print(json.dumps(found, indent=1))
    else:
        show(found)
    if wanted.docs:
        write_docs(found)
    return 0


def measure_heldout(model: Model, voices: Pools, count: int) -> dict[str, Any]:
    """Every class, ours beside app_amd, and the curve of the cost ratio."""
    calls = _recordings(Corpus(voices, HARD), FIRST_CALL, count)
    ours: list[Judged] = []
    theirs: dict[str, list[Judged]] = {name: [] for name in RIVALS}
    curve = {ratio: [0, 0, 0, 0] for ratio in COST_RATIOS}
    for call in listen(model, calls, sample_every=2):
        ours.append(judged(call))
        for name, rival in RIVALS.items():
            theirs[name].append(judged_by_amd(call.recording, rival))
        for ratio, tally in curve.items():
            _tally(tally, call.recording, _decided_at(call, model, ratio))
        if len(ours) % 512 == 0:
            say(f"held-back calls: {len(ours)} of {count}")
    return {
        "ours": plain(figures(ours)),
        **{name: plain(figures(judged_calls)) for name, judged_calls in theirs.items()},
        "curve": {
            str(ratio): {
                "human_as_machine_percent": round(Share(tally[0], tally[1]).percent, 3),
                "machine_passed_percent": round(Share(tally[2], tally[3]).percent, 3),
            }
            for ratio, tally in curve.items()
        },
    }


def _decided_at(call: Listened, model: Model, ratio: float) -> Label:
    """The verdict with another cost ratio: the model's answers of the one hearing, decided anew."""
    hard_ms = [f.at_ms for f in call.findings if isinstance(f, BeepHeard)]
    if call.verdict.cause in FIXED:
        hard_ms.append(call.verdict.at_ms)
    first_hard_ms = min(hard_ms, default=10**9)
    if not call.sampled_ms:
        return call.verdict.label
    n = len(call.sampled_ms)
    odds = np.clip(
        model.log_odds(call.samples[:, [FEATURES.index(name) for name in model.features]]), -20, 20
    )
    gap_s, since_s = (call.samples[:, FEATURES.index(name)] for name in ("fore_gap", "since"))
    same = np.ones(n, np.float32)
    decision = decide(odds, 0 * same, gap_s, since_s, ratio * same, Settings().deadline_ms / 1000 * same)
    when = np.flatnonzero(decision.human | decision.machine)
    at_ms = call.sampled_ms[when[0]] if len(when) else 10**9
    if first_hard_ms <= at_ms:
        return call.verdict.label if call.verdict.label is not Label.HUMAN else Label.MACHINE
    if not len(when):
        return call.verdict.label
    return Label.HUMAN if decision.human[when[0]] else Label.MACHINE


def _tally(tally: list[int], truth: Recording, label: Label) -> None:
    if truth.label is Label.HUMAN:
        tally[0] += label is not Label.HUMAN
        tally[1] += 1
    elif truth.label is Label.MACHINE:
        tally[2] += label is Label.HUMAN
        tally[3] += 1


def measure_consumer(model: Model, voices: Pools) -> dict[str, Any]:
    """A consumer campaign: its first 500 calls only teach the recordings (an agent's click for each machine that
    reached him, the detector's own word on the others, whose sound ends where it hung up), the next ones are measured
    while it goes on learning. Then the machines of those are tried again."""
    corpus, book = Corpus(voices, CONSUMER), FingerprintBook()
    before, after, again = [], [], _Again(corpus)
    recognised, machines, wrongly = 0, 0, 0
    numbers = range(FIRST_CALL, FIRST_CALL + LEARNING_CALLS + CONSUMER_CALLS)
    calls = (recording(corpus.call(number)) for number in numbers)
    for number, call in zip(numbers, listen(model, calls, book=book, batch=LINES), strict=True):
        greeting = learn(book, call)
        if number < FIRST_CALL + LEARNING_CALLS:
            before.append(judged(call))
            continue
        after.append(judged(call))
        known = call.verdict.cause is Cause.FINGERPRINT
        if call.recording.label is Label.MACHINE:
            again.machines[number] = greeting
            machines += 1
            recognised += known
        elif call.recording.label is Label.HUMAN:
            again.people.append(number)
            wrongly += known
        if len(after) % 256 == 0:
            say(f"consumer mix: {len(after)} of {CONSUMER_CALLS}, {len(book)} recordings known")
    return {
        "learning_calls": LEARNING_CALLS,
        "recordings_believed": sum(p.promoted for p in book.prompts),
        "before": plain(figures(before)),
        "after": plain(figures(after)),
        "recognised": {"count": recognised, "of": machines},
        "people_recognised_as_recordings": wrongly,
        "again": again.measure(model, book),
    }


@dataclass
class _Again:
    """The numbers of a campaign, tried again days later: what the database keeps is all that is known of them."""

    corpus: Corpus
    #: By call, what is kept of it.
    machines: dict[int, Prompt | None] = field(default_factory=dict)
    people: list[int] = field(default_factory=list)

    def measure(self, model: Model, book: FingerprintBook) -> dict[str, Any]:
        """Machines passed at each later attempt, and people who answer where a machine did before."""
        attempts = {}
        for attempt in range(2, ATTEMPTS + 1):
            heard = self._heard(model, _believed(book), attempt)
            attempts[str(attempt)] = plain(figures(heard))["machine_passed"]
            say(f"consumer mix, attempt {attempt}: {attempts[str(attempt)]['percent']} % of machines passed")
        kept = [greeting for greeting in self.machines.values() if greeting is not None]
        people = [recording(self.corpus.call(number)) for number in self.people]
        greetings = {call.name: kept[n % len(kept)] for n, call in enumerate(people)}
        told = [judged(c) for c in listen(model, people, book=_believed(book), greetings=greetings)]
        return {"attempts": attempts, "people": plain(figures(told))["human_as_machine"]}

    def _heard(self, model: Model, book: FingerprintBook, attempt: int) -> list[Judged]:
        calls = {number: recording(self.corpus.call(number, attempt)) for number in self.machines}
        greetings = {calls[n].name: greeting for n, greeting in self.machines.items() if greeting is not None}
        heard = []
        listened = listen(model, calls.values(), book=book, greetings=greetings, batch=LINES)
        for number, call in zip(calls, listened, strict=True):
            heard.append(judged(call))
            self.machines[number] = learn(book, call) or self.machines[number]
        return heard


def _believed(book: FingerprintBook) -> FingerprintBook:
    return FingerprintBook([prompt for prompt in book.prompts if prompt.promoted])


def learn(book: FingerprintBook, call: Listened) -> Prompt | None:
    """What a campaign keeps of a call, in its first country; the greeting that its number is expected to answer with
    again, where that is new."""
    verdict, source = call.verdict, call.recording.name
    if verdict.label is Label.MACHINE:
        heard, sure = call.trace.prints[: verdict.at_ms // FRAME_MS], False
    elif verdict.label is Label.HUMAN and call.recording.label is Label.MACHINE:
        heard, sure = call.trace.prints, True
    else:
        return None
    new = not (call.trace.recognised or book.knows(heard, source))
    book.enrol(heard, source, "MX", sure=sure)
    return greeting_of(heard, source, "MX") if new else None


def measure_speed(model: Model, voices: Pools) -> dict[str, Any]:
    """CPU time of each 20 ms tick of 500 calls that all are still being heard, with a book of known recordings."""
    corpus = Corpus(voices, {Class.PERSONAL: 2, Class.NETWORK: 2, Class.LATE_HELLO: 1})
    group = list(_recordings(corpus, FIRST_CALL, 100))
    book = FingerprintBook()
    for call in listen(model, group[:60]):
        for source in ("a", "b"):
            book.enrol(call.trace.prints, source, "MX")
        # And as many calls heard once as are remembered: backwards, so that they cost their search and match nothing.
        for turn in range(0, 7 * NEWEST // 60 + 7, 7):
            turned = np.roll(call.trace.prints[::-1], turn).tolist()
            if (once := recording_of(turned, "c", "MX")) is not None:
                book.expect(once)
    detector = Detector(model, book, capacity=SPEED_CALLS)
    streams = {str(n): group[n % len(group)].samples for n in range(SPEED_CALLS)}
    rng = np.random.default_rng(1)
    offset = {name: int(rng.integers(len(samples) // 160)) for name, samples in streams.items()}
    for name in streams:
        detector.open(name)
    ticks_ms = []
    for tick in range(SPEED_TICKS):
        frames = {}
        for name, samples in streams.items():
            at = (tick + offset[name]) * 160 % (len(samples) // 160 * 160)
            frames[name] = samples[at : at + 160]
            if at == 0:
                # The call is over and another one answers.
                detector.close(name)
                detector.open(name)
        began = time.thread_time()
        detector.feed(frames)
        ticks_ms.append((time.thread_time() - began) * 1000)
    p50, p99 = np.percentile(ticks_ms[50:], [50, 99])
    return {
        "calls": SPEED_CALLS,
        "recordings": len(book),
        "heard_once": len(book.newest),
        "tick_ms": {
            "p50": round(float(p50), 2),
            "p99": round(float(p99), 2),
            "max": round(max(ticks_ms[50:]), 2),
        },
        "core_share": round(float(np.mean(ticks_ms[50:])) / 20, 3),
    }


def _recordings(corpus: Corpus, first: int, count: int) -> Iterator[Recording]:
    return (recording(call) for call in corpus.calls(count, first))


if __name__ == "__main__":
    sys.exit(main())
