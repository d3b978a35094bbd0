"""Runs a script of this folder in a real Chromium and gives what it saw."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

from lab.shift import Shift
from lab.stack import ROOT


async def look(
    script: str, at_work: Shift, shots: Path, *, within_s: float = 120, **settings: object
) -> dict[str, Any]:
    """What `script` printed. `shots`: where its screenshots go; `settings`: what else it is told."""
    chromium = shutil.which("chromium")
    assert chromium, "chromium is missing: apt-get install chromium"
    told = {
        "url": at_work.stack.url,
        "console": str(ROOT / "agents_console"),
        "chromium": chromium,
        "shots": str(shots),
        **settings,
    }
    process = await asyncio.create_subprocess_exec(
        "node", str(Path(__file__).with_name(script)), json.dumps(told), stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(within_s):
        output, _ = await process.communicate()
    seen: dict[str, Any] = json.loads(output)
    return seen
