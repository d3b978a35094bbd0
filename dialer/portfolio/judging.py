"""The rows of a lead file judged in blocks, on all processors, in the order of the file.

Judging a number against its plan is what an import costs most, and it needs no database: blocks of lines go to
processes of their own and come back as what PostgreSQL's COPY takes, with what was wrong.
"""

from __future__ import annotations

import asyncio
import csv
import multiprocessing
import os
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from itertools import islice

from dialer.portfolio.lead_file import LeadFile, LeadRow, LeadShape
from dialer.portfolio.table_file import Line

#: Rows of one block: large enough that handing it over costs nothing, small enough for a steady bar.
ROWS_AT_ONCE = 4000
#: Below this a file is judged before another process would have started.
_WORTH_PROCESSES_BYTES = 4 << 20
#: Blocks on their way: one in each process, one waiting for it, one being written.
_BLOCKS_PER_WORKER = 2


@dataclass(frozen=True, slots=True)
class Judged:
    """A block of rows, judged."""

    rows: int
    last_row: int
    good: int
    #: The good rows as CSV, in the order of the staging table.
    content: bytes
    #: row, column, message, and whether the row was left out for it.
    errors: tuple[tuple[int, str | None, str, bool], ...]
    #: The file's bytes read when the block was cut.
    bytes_read: int


async def judge_rows(file: LeadFile, size: int, *, after_row: int = 1) -> AsyncIterator[Judged]:
    """The file's rows behind `after_row`, block by block, in order; `size` in bytes decides how many work on it.

    Raises BadInput when the bytes are not what the file's encoding says.
    """
    lines = (item for item in file.table.lines if item[0] > after_row)
    loop = asyncio.get_running_loop()
    waiting: deque[tuple[asyncio.Future[Judged], int]] = deque()
    with _workers(size) as (executor, workers):
        try:
            while True:
                block = await asyncio.to_thread(lambda: list(islice(lines, ROWS_AT_ONCE)))
                if block:
                    judging = loop.run_in_executor(executor, judge_block, file.shape, block)
                    waiting.append((judging, file.table.bytes_read()))
                if not waiting:
                    return
                if len(waiting) >= workers * _BLOCKS_PER_WORKER or not block:
                    judged, read = waiting.popleft()
                    done = await judged
                    yield Judged(done.rows, done.last_row, done.good, done.content, done.errors, read)
        finally:
            for judged, _ in waiting:
                judged.cancel()


def judge_block(shape: LeadShape, block: list[tuple[int, Line]]) -> Judged:
    """One block, in whatever process."""
    text = StringIO()
    write = csv.writer(text).writerow
    errors: list[tuple[int, str | None, str, bool]] = []
    good = 0
    for row, line in block:
        lead, wrong = shape.read(row, line)
        if lead is not None:
            write(_record(lead))
            good += 1
        errors += [(error.row, error.column, error.message, lead is None) for error in wrong]
    return Judged(len(block), block[-1][0], good, text.getvalue().encode(), tuple(errors), 0)


def _record(lead: LeadRow) -> tuple[object, ...]:
    """A row in the order of the staging table; None becomes nothing, which COPY takes for NULL."""
    debt = lead.debt
    return (
        *(lead.row, lead.external_ref, lead.full_name, lead.language, lead.time_zone, lead.country),
        *(lead.subdivision, lead.customer_since, lead.risk_score, lead.segment, lead.priority),
        "{" + ",".join(lead.phones) + "}",
        "{" + ",".join(lead.kinds) + "}",
        *(lead.address, lead.city, lead.postal_code),
        *(
            (debt.external_ref, debt.creditor, debt.product, debt.balance_minor, debt.currency, debt.due_on)
            if debt
            else (None,) * 6
        ),
        *((debt.opened_on, debt.account, debt.stage) if debt else (None,) * 3),
    )


@contextmanager
def _workers(size: int) -> Iterator[tuple[Executor, int]]:
    """Who judges: processes, one for each processor, or for a small file a thread."""
    if size < _WORTH_PROCESSES_BYTES:
        with ThreadPoolExecutor(1) as executor:
            yield executor, 1
        return
    count = max(1, min(8, len(os.sched_getaffinity(0))))
    # Not forked: the parent has threads and a loop.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(count, mp_context=context, initializer=_step_back)
    try:
        yield pool, count
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _step_back() -> None:
    """Calls go before files: the switch and the dialer get the processor first."""
    os.nice(5)


#: Called with what is being done, how much of it, of how much (0: unknown), and the rows read so far.
Progress = Callable[[str, int, int, int], None]
