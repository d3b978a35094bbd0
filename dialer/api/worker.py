"""A process of its own for work that would hold the API up: asked by JSON on its input, it answers in JSON lines."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import orjson

#: An answer is one line: a report with many columns and books.
LONGEST_LINE = 4 << 20


class BrokenWork(Exception):
    """The process ended before its work did; carries the end of what it said on its error output."""


async def answers(module: str, asked: bytes) -> AsyncIterator[dict[str, Any]]:
    """What `python -m module` answers, line by line; it ends with this generator, whatever ends that, and with it the
    processes it started. Raises BrokenWork when it fails."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", module),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=LONGEST_LINE,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        process.stdin.write(asked)
        with suppress(ConnectionError):
            await process.stdin.drain()
        process.stdin.close()
        async for line in process.stdout:
            yield orjson.loads(line)
        errors = await process.stderr.read()
        if await process.wait() != 0:
            raise BrokenWork(errors.decode(errors="replace")[-2000:])
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await asyncio.shield(process.wait())
