"""`scripts/run`: a whole predictive shift on this machine, until Ctrl-C or for a number of seconds."""

import argparse
import asyncio
import contextlib
import json
import os
import shlex
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.live import Live
from rich.table import Table

from dialer.domain.campaign import DialMode
from dialer.domain.errors import DialerError
from lab.asterisk import Trunk
from lab.cache import say
from lab.demonstration import CAMPAIGN
from lab.errors import LabError
from lab.report import EVERYTHING_RECORDED, report
from lab.shift import Shift, shift
from lab.stack import Stack

API_PORT = 8080
#: A call placed in the last moment rings, is answered, talks and is wrapped up within this.
LAST_CALLS_S = 120.0
INGEST_S = 30.0
TRUNK_VARIABLE = "CADENCIA_TRUNK"


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/run",
        description="Set up and start everything: database, switch, telco stand-in, broker, dialer, API and console,"
        " with a fictional portfolio. Ctrl-C ends it all; nothing is kept.",
    )
    parser.add_argument(
        "--robots", type=int, default=0, metavar="N", help="N answering agents without a browser"
    )
    parser.add_argument(
        "--seconds", type=float, metavar="S", help="dial so long, let the calls finish, then end"
    )
    parser.add_argument("--mode", choices=[m.value for m in DialMode], default=DialMode.PREDICTIVE.value)
    parser.add_argument(
        "--leads", type=Path, metavar="FILE", help="your own portfolio (CSV) instead of a fictional one"
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="of the fictional portfolio and the robots' times"
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="write what came of it as JSON")
    parser.add_argument(
        "--no-telco",
        action="store_true",
        help=f"bring your own trunk: {TRUNK_VARIABLE}=sip:[user:password@]host[:port]; legal hours then apply",
    )
    wanted = parser.parse_args(argv)
    if wanted.robots < 0 or wanted.robots > 200:
        parser.error("--robots takes 0 to 200")
    if wanted.leads is not None and not wanted.leads.is_file():
        parser.error(f"--leads: there is no file {wanted.leads}")
    return wanted


def own_trunk() -> Trunk:
    """The trunk that CADENCIA_TRUNK describes. Raises LabError, in one line."""
    text = os.environ.get(TRUNK_VARIABLE, "")
    address = urlsplit(text.replace("sip:", "sip://", 1))
    try:
        port = address.port or 5060
    except ValueError:
        port = 0
    if not text.startswith("sip:") or not address.hostname or not port:
        raise LabError(f"--no-telco needs {TRUNK_VARIABLE}=sip:[user:password@]host[:port]")
    return Trunk("telco", address.hostname, port, address.username, address.password)


async def run(wanted: argparse.Namespace) -> int:
    """Run it. The exit code: 0, or 1 when an invariant was broken."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    trunks = [own_trunk()] if wanted.no_telco else None
    running = shift(
        stack=Stack(trunks=trunks, api_port=_port(), quiet=False),
        robots=wanted.robots,
        seed=wanted.seed,
        mode=DialMode(wanted.mode),
        leads=wanted.leads,
        rule_set="strict" if wanted.no_telco else "laboratory",
    )
    found = None
    async with running as at_work, asyncio.TaskGroup() as group:
        if not wanted.no_telco:  # whose numbers the trunk may show only its owner knows
            await at_work.start()
        _welcome(at_work, wanted)
        watching = group.create_task(_watch(at_work))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(_first_end(at_work.stack, ended), wanted.seconds)
        dialer = at_work.stack.dialer
        if dialer is not None and not dialer.running:
            raise LabError(f"the dialer ended by itself; its log:\n{dialer.tail()}")
        if wanted.report is not None or wanted.seconds is not None:
            found = await _close(at_work)
        watching.cancel()
    if found is None:
        return 0
    if wanted.report is not None:
        await asyncio.to_thread(wanted.report.write_text, json.dumps(found, indent=2) + "\n", "utf-8")
    return _verdict(found, wanted.report)


async def _first_end(stack: Stack, ended: asyncio.Event) -> None:
    """Until somebody wants the end, or the dialer has died (which must be seen, not waited out)."""
    while not ended.is_set() and stack.dialer is not None and stack.dialer.running:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), 0.5)


async def _close(at_work: Shift) -> dict[str, Any]:
    """Stop dialling, let the calls and wrap-ups finish, and draw the balance."""
    say("no more calls; those in progress finish ...")
    await at_work.stop(within_s=LAST_CALLS_S)
    for robot in at_work.robots:
        await robot.retire()
    await at_work.until_states(LAST_CALLS_S, logged_out=len(at_work.robots))
    with contextlib.suppress(TimeoutError):  # what is missing then, the report says
        await at_work.until(EVERYTHING_RECORDED, within_s=INGEST_S)
    telco = at_work.stack.telco
    return await report(at_work.database, telco.cdr() if telco else None)


def _verdict(found: dict[str, Any], path: Path | None) -> int:
    broken = [name for name, held in found["invariants"].items() if not held]
    ms = found["answer_to_bridge_ms"]
    say(
        f"{found['attempts']} attempts, {found['live_answers']} answered, {found['connected']} connected"
        f" (answer to bridge p50 {ms['p50']} ms, p99 {ms['p99']} ms), {found['abandoned']} abandoned,"
        f" {found['recordings']} recordings, occupancy {found['agent_occupancy']}"
    )
    if path:
        say(f"report: {path}")
    if broken:
        say(f"broken: {', '.join(broken)}; examples: {found['telco']['examples']}")
    return 1 if broken else 0


def _port() -> int | None:
    """The usual port when it is free; the address is printed in any case."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", API_PORT))
        except OSError:
            return None
    return API_PORT


def _welcome(at_work: Shift, wanted: argparse.Namespace) -> None:
    demonstration = at_work.demonstration
    console = Console(stderr=True)
    table = Table(title=f"Cadencia: {at_work.stack.url}", title_justify="left")
    for column in ("role", "log-in", "password"):
        table.add_column(column)
    for account in (*demonstration.agents, demonstration.supervisor, demonstration.reviewer):
        table.add_row(account.role, account.login, account.password)
    console.print(table)
    rules = "Laboratory rule set: any hour, and no trunk but the telco stand-in."
    if wanted.no_telco:
        rules = (
            "Your own trunk. Rule set strict: Monday to Friday, 9-18 h of each debtor's own day. Give the trunk your"
            " own numbers (dialer trunk set, trunk own), then start the campaign: dialer campaign check says what is"
            " missing."
        )
    console.print(f"{demonstration.leads} debtors, mode {wanted.mode}. {rules}", highlight=False)
    console.print(
        "Its command line, in another terminal:\n"
        f"  export CADENCIA_DATABASE_DSN={at_work.stack.postgres.dsn}\n"
        f"  ./scripts/dialer campaign status {shlex.quote(CAMPAIGN)}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    if wanted.seconds is None:
        console.print("Ctrl-C ends everything.")


async def _watch(at_work: Shift) -> None:
    """The campaign's figures: a line that renews itself at a terminal, one every ten seconds elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        while True:
            await asyncio.sleep(10)
            say(_figures(await _campaign(at_work)))
    with Live(console=console, refresh_per_second=2, transient=True) as live:
        while True:
            live.update(_figures(await _campaign(at_work)))
            await asyncio.sleep(0.5)


async def _campaign(at_work: Shift) -> dict[str, Any]:
    async for message in at_work.supervisor.live():
        if message["type"] == "snapshot":
            campaigns = message["view"]["campaigns"]
            found: dict[str, Any] = campaigns.get(str(at_work.demonstration.campaign_id), {})
            return found
    raise LabError("the API closed the live view")


def _figures(view: dict[str, Any]) -> str:
    if not view:
        return "no figures yet"
    rate = view["abandon_rate"]
    return (
        f"dialling {view['dialling']}  ringing {view['ringing']}  waiting {view['waiting']}"
        f"  talking {view['talking']}  |  attempts {view['attempts_today']}"
        f"  connected {view['connected_today']}  abandoned {view['abandoned_today']}"
        f" ({'-' if rate is None else f'{rate:.1%}'})  leads left {view['leads_left']}"
    )


def main() -> int:
    wanted = arguments(sys.argv[1:])
    try:
        return asyncio.run(run(wanted))
    except (LabError, DialerError) as error:
        say(str(error))
        return 1
    except BaseExceptionGroup as group:
        known, other = group.split((LabError, DialerError))
        if other is not None or known is None:
            raise
        for one in _leaves(known):
            say(str(one))
        return 1


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    found: list[BaseException] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


if __name__ == "__main__":
    sys.exit(main())
