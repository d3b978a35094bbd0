"""How far a file is staged, for whoever spreads what is there already."""

from __future__ import annotations

import asyncio


class Staged:
    """The last row that is staged. One task moves it on, another waits for it."""

    def __init__(self, row: int) -> None:
        self.row = row
        #: Nothing more comes.
        self.over = False
        self._refused = False
        self._moved = asyncio.Event()

    def reach(self, row: int, *, refused: bool = False) -> None:
        """`refused`: the file will not be loaded; whoever waits need not begin anything more."""
        self.row = row
        self._refused = self._refused or refused
        self._moved.set()

    def end(self) -> None:
        self.over = True
        self._moved.set()

    async def reached(self, row: int) -> int:
        """Wait for this row or the last one, and give whichever comes first; 0 when the file is refused."""
        while self.row < row and not (self.over or self._refused):
            self._moved.clear()
            await self._moved.wait()
        return 0 if self._refused else min(self.row, row)
