"""The command line as a test runs it: with the settings given and no others, what it printed, how it ended."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from unittest.mock import patch

import pytest
import structlog

from dialer.cli import main

DONE, REFUSED, USAGE, UNREACHABLE = 0, 1, 2, 3


@dataclass
class Result:
    code: int
    out: str
    err: str

    @property
    def data(self) -> object:
        assert self.code in (DONE, REFUSED), self.err
        return json.loads(self.out)


def environment(**settings: object) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CADENCIA_")}
    return kept | {f"CADENCIA_{name.upper()}": str(value) for name, value in settings.items()}


async def dialer(*arguments: str | Path, stdin: str = "", **settings: object) -> Result:
    """Run the command with these settings and no others, in a thread (a process of its own takes a second)."""
    return await asyncio.to_thread(_run, list(map(str, arguments)), stdin, environment(**settings))


def _run(arguments: list[str], stdin: str, variables: dict[str, str]) -> Result:
    out, err = StringIO(), StringIO()
    with (
        patch.dict(os.environ, variables, clear=True),
        patch.object(sys, "stdin", StringIO(stdin)),
        redirect_stdout(out),
        redirect_stderr(err),
        pytest.raises(SystemExit) as caught,
    ):
        main(arguments)
    structlog.reset_defaults()
    code = caught.value.code
    assert isinstance(code, int)
    return Result(code, out.getvalue(), err.getvalue())
