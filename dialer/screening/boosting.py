"""Gradient boosting of symmetric trees for `trees.Model`: logistic loss, Newton steps, histograms; numpy alone.

After Friedman, "Greedy function approximation: a gradient boosting machine" (2001), with the symmetric trees of
Prokhorenkova et al., "CatBoost: unbiased boosting with categorical features" (2018).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dialer.screening.columns import Floats
from dialer.screening.trees import Model


@dataclass(frozen=True, slots=True)
class Plan:
    """How to boost."""

    trees: int = 200
    depth: int = 6
    rate: float = 0.1
    bins: int = 64
    row_share: float = 0.5
    feature_share: float = 0.6
    #: Newton's regularisation, in units of the loss's curvature.
    stiffness: float = 8.0
    seed: int = 1


def boost(
    x: Floats,
    y: NDArray[np.float64],
    weight: NDArray[np.float64],
    names: tuple[str, ...],
    *,
    plan: Plan = Plan(),
    progress: Callable[[int], None] = lambda tree: None,
) -> Model:
    """A model of P(y = 1) from x (n, features), y (n,) of 0 and 1, weights (n,); repeatable."""
    rng = np.random.default_rng(plan.seed)
    edges = [_edges(x[:, f], plan.bins) for f in range(x.shape[1])]
    codes = np.stack([np.searchsorted(e, x[:, f], side="left") for f, e in enumerate(edges)]).astype(np.uint8)
    usable = np.flatnonzero([len(e) > 0 for e in edges])
    share = float((weight * y).sum() / weight.sum())
    bias = float(np.log(share / (1 - share)))
    odds = np.full(len(y), bias)
    features, thresholds, leaves = [], [], []
    for tree in range(plan.trees):
        p = 1 / (1 + np.exp(-odds))
        rows = np.flatnonzero(rng.random(len(y)) < plan.row_share)
        gradient, curvature = ((y - p) * weight)[rows], (p * (1 - p) * weight)[rows]
        count = max(1, round(len(usable) * plan.feature_share))
        tried = np.sort(rng.choice(usable, count, replace=False))
        chosen, values = _grow(codes[:, rows], gradient, curvature, tried, edges, plan)
        leaf = np.zeros(len(y), np.intp)
        for level, (feature, code) in enumerate(chosen):
            leaf += (codes[feature] > code).astype(np.intp) << level
        odds += values[leaf]
        features.append([feature for feature, _ in chosen])
        thresholds.append([edges[feature][code] for feature, code in chosen])
        leaves.append(values)
        progress(tree + 1)
    return Model(
        names,
        np.array(features, np.intp),
        np.array(thresholds, np.float32),
        np.array(leaves, np.float32),
        bias,
    )


def _edges(column: Floats, bins: int) -> Floats:
    """Thresholds between quantiles; `x > edge` parts the bins."""
    quantiles = np.unique(np.quantile(column, np.linspace(0, 1, bins + 1)[1:-1], method="lower"))
    return np.asarray(quantiles[quantiles < column.max()], np.float32)


def _grow(
    codes: NDArray[np.uint8],
    gradient: NDArray[np.float64],
    curvature: NDArray[np.float64],
    tried: NDArray[np.intp],
    edges: list[Floats],
    plan: Plan,
) -> tuple[list[tuple[int, int]], NDArray[np.float64]]:
    """One tree: (feature, bin) of each level and the values of its leaves."""
    leaf = np.zeros(len(gradient), np.intp)
    chosen: list[tuple[int, int]] = []
    for level in range(plan.depth):
        best: tuple[float, int, int] = (-np.inf, int(tried[0]), 0)
        size = (1 << level) * plan.bins
        base = leaf * plan.bins
        for feature in tried.tolist():
            at = base + codes[feature]
            g = np.cumsum(np.bincount(at, gradient, size).reshape(-1, plan.bins), axis=1)
            h = np.cumsum(np.bincount(at, curvature, size).reshape(-1, plan.bins), axis=1)
            last = len(edges[feature])
            right_g, right_h = g[:, -1:] - g[:, :last], h[:, -1:] - h[:, :last]
            gain = (
                g[:, :last] ** 2 / (h[:, :last] + plan.stiffness) + right_g**2 / (right_h + plan.stiffness)
            ).sum(0)
            code = int(gain.argmax())
            if gain[code] > best[0]:
                best = (float(gain[code]), feature, code)
        chosen.append(best[1:])
        leaf |= (codes[best[1]] > best[2]).astype(np.intp) << level
    size = 1 << plan.depth
    total_g, total_h = np.bincount(leaf, gradient, size), np.bincount(leaf, curvature, size)
    return chosen, plan.rate * total_g / (total_h + plan.stiffness)
