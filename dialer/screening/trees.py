"""The shipped model: boosted symmetric trees over the features of `voice`, as plain data; prediction is numpy alone.

A symmetric (oblivious) tree asks the same question at all nodes of a level, so a tree of depth d is d comparisons whose
answers are the bits of its leaf's number. All trees of all calls are evaluated by one comparison of two matrices.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dialer.screening.columns import Floats

FORMAT = "cadencia-screening-1"


class ModelError(ValueError):
    """A model's text is not one; says what is wrong."""


@dataclass(frozen=True, slots=True)
class Model:
    """Trees (n, depth) with their leaves (n, 2**depth) in log-odds of HUMAN."""

    features: tuple[str, ...]
    feature: NDArray[np.intp]
    threshold: Floats
    leaves: Floats
    bias: float
    #: Where it comes from: voices, licences, counts; free text for people.
    about: str = ""

    @classmethod
    def shipped(cls) -> Model:
        """The model in `dialer/screening/model`."""
        return cls.parse(
            resources.files("dialer.screening").joinpath("model/shipped.json").read_text("utf-8")
        )

    @classmethod
    def parse(cls, text: str) -> Model:
        """A model from its text; raises `ModelError`."""
        try:
            data: dict[str, Any] = json.loads(text)
            if data.get("format") != FORMAT:
                raise ModelError(f"format is {data.get('format')!r}, expected {FORMAT!r}: train it again")
            trees = data["trees"]
            model = cls(
                features=tuple(map(str, data["features"])),
                feature=np.array([tree["features"] for tree in trees], np.intp),
                threshold=np.array([tree["thresholds"] for tree in trees], np.float32),
                leaves=np.array([tree["leaves"] for tree in trees], np.float32),
                bias=float(data["bias"]),
                about=str(data.get("about", "")),
            )
        except (json.JSONDecodeError, AttributeError, KeyError, TypeError, OverflowError) as error:
            raise ModelError(f"not a screening model: {error!r}; train it again") from error
        except ValueError as error:
            raise (
                error if isinstance(error, ModelError) else ModelError(f"not a screening model: {error}")
            ) from error
        count, depth = model.feature.shape if model.feature.ndim == 2 else (0, 0)
        if not count or model.threshold.shape != (count, depth) or model.leaves.shape != (count, 2**depth):
            raise ModelError("not a screening model: its trees are not all of one shape; train it again")
        if model.feature.min() < 0 or model.feature.max() >= len(model.features):
            raise ModelError("not a screening model: a tree asks for an unknown feature; train it again")
        if not (np.isfinite(model.leaves).all() and np.isfinite(model.threshold).all()):
            raise ModelError("not a screening model: a number is not finite; train it again")
        return model

    def dump(self) -> str:
        """The model as text, one tree a line."""
        trees = ",\n".join(
            json.dumps(
                {"features": f.tolist(), "thresholds": _short(t), "leaves": _short(v)}, separators=(",", ":")
            )
            for f, t, v in zip(self.feature, self.threshold, self.leaves, strict=True)
        )
        head = {"format": FORMAT, "about": self.about, "features": self.features, "bias": round(self.bias, 5)}
        return json.dumps(head, indent=1)[:-2] + f',\n "trees": [\n{trees}\n]}}\n'

    def log_odds(self, x: Floats) -> Floats:
        """(n,) log-odds of HUMAN for features (n, len(self.features))."""
        count, depth = self.feature.shape
        answers = x[:, self.feature.ravel()] > self.threshold.ravel()
        weights = (1 << np.arange(depth)).astype(np.float32)
        leaf = (answers.reshape(len(x) * count, depth).astype(np.float32) @ weights).astype(np.intp)
        values = self.leaves[np.tile(np.arange(count), len(x)), leaf]
        odds: Floats = values.reshape(len(x), count).sum(1) + np.float32(self.bias)
        return odds


def _short(numbers: Sequence[float] | Floats) -> list[float]:
    return [float(f"{number:.5g}") for number in numbers]
