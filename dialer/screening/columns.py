"""State of many calls side by side: one numpy array per quantity, one entry per live call."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]


class Columns:
    """Arrays whose last axis is the call's slot. Live calls fill the slots from 0 without a hole, so that a tick works
    on plain slices: a closed call's slot is taken by the last one (`move`)."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._all: list[tuple[NDArray[Any], float]] = []

    def floats(self, initial: float = 0.0, rows: int = 0) -> Floats:
        """A new float quantity: (capacity,) or, with `rows`, (rows, capacity)."""
        return self._add(np.float32, initial, rows)

    def ints(self, initial: int = 0, rows: int = 0) -> Ints:
        """A new whole quantity: (capacity,) or, with `rows`, (rows, capacity)."""
        return self._add(np.int32, initial, rows)

    def flags(self, rows: int = 0) -> Bools:
        """A new yes or no, at first no."""
        return self._add(np.bool_, 0, rows)

    def _add(self, dtype: Any, initial: float, rows: int) -> NDArray[Any]:
        array = np.full((rows, self.capacity) if rows else self.capacity, initial, dtype)
        self._all.append((array, initial))
        return array

    def reset(self, slots: int | NDArray[np.intp]) -> None:
        """Give these slots the initial values."""
        for array, initial in self._all:
            array[..., slots] = initial

    def move(self, source: int, target: int) -> None:
        """Copy a slot's state into another slot."""
        for array, _ in self._all:
            array[..., target] = array[..., source]
