"""A shift under test: a stack, a demonstration on it, robots at work; and what to look for in recordings."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import numpy as np
import soundfile

from dialer.store.database import connect
from lab.client import Client, until_campaign
from lab.demonstration import Demonstration, set_up
from lab.portfolio import AREA_CODES
from lab.robots import Pace, Robot, hire
from lab.stack import Stack

CUSTOMER_HZ, AGENT_HZ = 1000.0, 440.0


@dataclass(slots=True)
class Shift:
    """Everything at hand while a shift runs."""

    stack: Stack
    demonstration: Demonstration
    supervisor: Client
    robots: Sequence[Robot]
    database: asyncpg.Connection

    async def start(self) -> None:
        await self.supervisor.post(f"/campaigns/{self.demonstration.campaign_id}/start")
        await until_campaign(self.supervisor, self.demonstration.campaign_id, "running")

    async def stop(self, *, within_s: float = 90) -> None:
        """No more calls; returns when the last has ended."""
        await self.supervisor.post(f"/campaigns/{self.demonstration.campaign_id}/stop")
        await until_campaign(self.supervisor, self.demonstration.campaign_id, "closed", within_s=within_s)

    async def until(self, query: str, *values: object, within_s: float) -> None:
        """Wait until the query gives true. Raises TimeoutError with the query and where the shift stands."""
        try:
            async with asyncio.timeout(within_s):
                while not await self.database.fetchval(query, *values):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            stands = await self._stands()
            raise TimeoutError(f"not within {within_s:g} s: {query}\n{stands}") from None

    async def _stands(self) -> str:
        """Attempts by outcome, leads by state and the agents: what to read first when a shift got stuck."""
        attempts = await self.database.fetch(
            "SELECT trunk, coalesce(outcome, 'open') AS outcome, count(*) FROM attempt GROUP BY 1, 2 ORDER BY 1, 2"
        )
        leads = await self.database.fetch(
            "SELECT state, count(*), min(next_at) - now() AS due_in FROM lead GROUP BY 1 ORDER BY 1"
        )
        robots = [(robot.state, *robot.errors) for robot in self.robots]
        return f"attempts {[*map(tuple, attempts)]}\nleads {[*map(tuple, leads)]}\nrobots {robots}"

    async def until_states(self, within_s: float, **counts: int) -> None:
        """Wait until so many robots are in these states."""
        try:
            async with asyncio.timeout(within_s):
                while any(sum(r.state == s for r in self.robots) < n for s, n in counts.items()):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            states = [r.state for r in self.robots]
            raise TimeoutError(f"wanted {counts} within {within_s:g} s, robots are {states}") from None


@asynccontextmanager
async def shift(
    *, robots: int = 0, pace: Pace | None = None, stack: Stack | None = None, seed: int = 1, **settings: Any
) -> AsyncIterator[Shift]:
    """A stack, a demonstration set up with `settings`, so many robots logging in; the campaign not yet started."""
    async with AsyncExitStack() as exit_stack:
        stack = await exit_stack.enter_async_context(stack or Stack())
        demonstration = await set_up(stack.postgres.dsn, stack.folder, robots=robots, seed=seed, **settings)
        await stack.start_product()
        supervisor = await exit_stack.enter_async_context(
            Client(stack.url, demonstration.supervisor.login, demonstration.supervisor.password)
        )
        database = await connect(stack.postgres.dsn)
        exit_stack.push_async_callback(database.close)
        group = await exit_stack.enter_async_context(asyncio.TaskGroup())
        working: list[asyncio.Task[None]] = []
        hired: list[Robot] = []
        if robots:
            phones = await exit_stack.enter_async_context(stack.phones())
            clients = [
                await exit_stack.enter_async_context(Client(stack.url, a.login, a.password))
                for a in demonstration.robots
            ]
            hired = await hire(clients, phones, seed, pace or Pace())
            working = [group.create_task(robot.run()) for robot in hired]
        try:
            yield Shift(stack, demonstration, supervisor, hired, database)
        finally:
            for task in working:
                task.cancel()


def write_leads(
    path: Path, endings: Mapping[int, int], *, shuffled: bool = False, first: int | None = None
) -> int:
    """A portfolio with one debtor for each number wanted; `endings`: last two digits -> how many. Its size.

    Debtors are dialled in the order given, or, `shuffled`, in one of chance that is always the same; those whose
    number ends in `first` before all others. Raises ValueError when more are wanted than there are area codes.
    """
    lines = [
        "referencia,nombre,telefono1,prioridad,segmento,deuda,acreedor,producto,saldo,moneda,vencimiento"
    ]
    debt = "Financiera Inventada,Préstamo personal,1500.50,DOP,2026-01-31"
    priority = len(endings)
    for ending, count in endings.items():
        if count > len(AREA_CODES):
            raise ValueError(f"there are {len(AREA_CODES)} fictional numbers that end in {ending:02d}")
        for area in AREA_CODES[:count]:
            person = f"P-{area}-{ending:02d},Persona {area} {ending:02d},+1{area}55501{ending:02d}"
            lines.append(f"{person},{priority},Temprana,D-{area}-{ending:02d},{debt}")
        priority -= not shuffled
    header, *rows = lines
    if shuffled:
        random.Random(1).shuffle(rows)
    if first is not None:
        rows.sort(key=lambda row: f"-{first:02d}," not in row)
    path.write_text("\n".join([header, *rows]) + "\n", "utf-8")
    return len(rows)


def tone_share(samples: np.ndarray, rate: int, frequency: float) -> float:
    """The share of the sound's energy within 20 Hz of `frequency`; 0 for silence."""
    spectrum = np.abs(np.fft.rfft(samples.astype(np.float64))) ** 2
    hertz = np.fft.rfftfreq(len(samples), 1 / rate)
    total = float(spectrum[hertz > 50].sum())
    return float(spectrum[np.abs(hertz - frequency) < 20].sum()) / total if total > 0 else 0.0


def heard(path: Path) -> tuple[float, float]:
    """Of a stereo recording: the share of 1000 Hz on the customer's side, of 440 Hz on the agent's."""
    samples, rate = soundfile.read(path, always_2d=True)
    return tone_share(samples[:, 0], rate, CUSTOMER_HZ), tone_share(samples[:, 1], rate, AGENT_HZ)
