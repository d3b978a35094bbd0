"""`dialer serve`: the dialer, the API, or both, in the foreground until told to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import MutableMapping
from enum import StrEnum
from typing import Annotated, Any

import structlog
import typer
import uvloop

from dialer.config import Settings

log = structlog.get_logger()


class Part(StrEnum):
    ALL = "all"
    DIALER = "dialer"
    API = "api"


def serve(
    part: Annotated[Part, typer.Option(help="What this process runs.")] = Part.ALL,
    groups: Annotated[
        list[str] | None,
        typer.Option("--group", help="An agent group to dial for; may be repeated. Else all."),
    ] = None,
) -> None:
    """Run the dialer and the API until SIGINT or SIGTERM. Calls that are up live on in the switch."""
    _set_up_logs()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(part, groups or []))


async def _serve(part: Part, groups: list[str]) -> None:
    from dialer.bootstrap import DIALER_NEEDS, run_api, run_dialer

    settings = Settings.load(*(() if part is Part.API else DIALER_NEEDS))
    stop = _stop_signal()
    async with asyncio.TaskGroup() as group:
        tasks = []
        if part is not Part.API:
            tasks.append(group.create_task(run_dialer(settings, groups), name="dialer"))
        if part is not Part.DIALER:
            tasks.append(group.create_task(run_api(settings), name="api"))
        waiter = group.create_task(stop.wait(), name="stop")
        # The web server takes signals itself and simply ends; then everything ends.
        await asyncio.wait([*tasks, waiter], return_when=asyncio.FIRST_COMPLETED)
        log.info("stopping")
        for task in (*tasks, waiter):
            task.cancel()


def _stop_signal() -> asyncio.Event:
    """Set by SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


def _set_up_logs() -> None:
    """One line an event on stdout: JSON for machines, readable for a person at a terminal. Libraries speak too."""
    person = sys.stdout.isatty()
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer()]
        if person
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]
    )
    structlog.configure(
        processors=[*shared, structlog.processors.StackInfoRenderer(), *last],
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[_drop_record, *last],
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
        )
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]


def _drop_record(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event.pop("_record", None)
    event.pop("_from_structlog", None)
    return event
