"""The shipped model from labelled calls: features of every 60 ms of each call while a verdict may still fall."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from dialer.screening.boosting import Plan, boost
from dialer.screening.columns import Floats
from dialer.screening.findings import Label
from dialer.screening.playback import Listened, listen
from dialer.screening.recordings import Recording
from dialer.screening.trees import Model
from dialer.screening.voice import FEATURES

#: Features of every third frame are learned from.
SAMPLE_FRAMES = 3
#: A person's instants count until so long after his greeting, a machine's until so long after its first sound.
AFTER_GREETING_MS, MACHINE_MS = 1300, 12000
#: So much more an instant of a person's greeting weighs for each second he has spoken.
LONG_GREETING_WEIGHT = 1.0
#: Tell voices and lines apart rather than people and machines; a model that used them would know the training voices.
LEFT_OUT = frozenset({"centroid", "centroid_sd", "low_share", "share", "flatness", "zero", "onset", "t"})
LEARNED = tuple(name for name in FEATURES if name not in LEFT_OUT)
DEFAULT_PLAN = Plan()


class TrainingError(ValueError):
    """Nothing can be learned from these calls; says why."""


@dataclass(frozen=True, slots=True)
class Lessons:
    """Instants of calls: features, whether a person answered, weight."""

    x: Floats
    y: Floats
    weight: Floats


def lessons(heard: Iterable[Listened]) -> Lessons:
    """What can be learned from calls that were heard with `sample_every=SAMPLE_FRAMES`."""
    columns = [FEATURES.index(name) for name in LEARNED]
    xs, ys, weights = [], [], []
    for call in heard:
        label = call.recording.label
        if label not in (Label.HUMAN, Label.MACHINE) or not call.sampled_ms:
            continue
        at_ms = np.array(call.sampled_ms)
        if label is Label.HUMAN:
            end_ms = call.recording.greeting_end_ms or call.greeting_end_ms or at_ms[-1]
            kept = at_ms <= end_ms + AFTER_GREETING_MS
        else:
            end_ms = call.recording.beep_ms or at_ms[-1]
            kept = at_ms <= min(end_ms + 60, at_ms[0] + MACHINE_MS)
        rows = call.samples[kept][:, columns]
        xs.append(rows)
        ys.append(np.full(len(rows), label is Label.HUMAN, np.float32))
        # A long call says more than a short one, but not in proportion. Who answers at length is rare in any corpus,
        # and must not be lost all the same.
        since_s = (at_ms[kept] - at_ms[0]) / 1000
        rarity = 1 + LONG_GREETING_WEIGHT * since_s if label is Label.HUMAN else np.ones(len(rows))
        weights.append((rarity / np.sqrt(max(len(rows), 1))).astype(np.float32))
    if not xs or len({float(y[0]) for y in ys if len(y)}) < 2:
        raise TrainingError("training needs calls of people and of machines with speech in them")
    y, weight = np.concatenate(ys), np.concatenate(weights)
    # People and machines weigh the same in all, a person's instants as much as they differ in number.
    for value in (0, 1):
        weight[y == value] *= len(y) / 2 / weight[y == value].sum()
    return Lessons(np.concatenate(xs), y, weight)


def train(
    recordings: Iterable[Recording],
    *,
    plan: Plan = DEFAULT_PLAN,
    about: str = "",
    progress: Callable[[str], None] = lambda text: None,
) -> Model:
    """A model from labelled calls. Raises `TrainingError` when they can't teach anything."""
    heard: list[Listened] = []
    # What a call sounds like does not depend on the model that judges it, so any will do to hear it.
    for call in listen(Model.shipped(), recordings, sample_every=SAMPLE_FRAMES):
        heard.append(replace(call, recording=replace(call.recording, samples=np.zeros(0, np.int16))))
        if len(heard) % 256 == 0:
            progress(f"{len(heard)} calls heard")
    learned = lessons(heard)
    progress(f"{len(heard)} calls, {len(learned.y)} instants: growing {plan.trees} trees")

    def grown(tree: int) -> None:
        if tree % 20 == 0:
            progress(f"{tree} of {plan.trees} trees")

    model = boost(
        learned.x,
        learned.y.astype(np.float64),
        learned.weight.astype(np.float64),
        LEARNED,
        plan=plan,
        progress=grown,
    )
    return replace(model, about=about)
