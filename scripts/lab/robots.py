"""Agents without a browser: real telephones of the switch and the same API as the console."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from websockets.exceptions import ConnectionClosed

from lab.asterisk import Account, Phones
from lab.client import Client
from lab.errors import LabError, SessionOver

#: What robots say of their calls, and how often.
RESULTS = {
    "promise": 30,
    "third_party": 20,
    "refused": 15,
    "voicemail": 15,
    "no_result": 10,
    "wrong_number": 5,
    "dispute": 5,
}
RECONNECT_S = 2.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How long robots talk and wrap up, seconds on average; both are drawn from a gamma law (cv 0.6)."""

    talk_s: float = 14.0
    wrap_up_s: float = 4.0
    #: No talk is shorter.
    least_talk_s: float = 0.0
    #: Last two digits of the numbers that machines answer: robots say so of these calls alone, as who listens would.
    #: None: of some calls by chance, which would teach a screener that listens to take people for machines.
    machines: frozenset[int] | None = None


def draw(chance: random.Random, mean_s: float) -> float:
    """A gamma-distributed time of this mean and a coefficient of variation of 0.6."""
    shape = 1 / 0.6**2
    return chance.gammavariate(shape, mean_s / shape)


def details_of(disposition: str, call: dict[str, Any]) -> dict[str, object]:
    """What a robot says with a result: the fields it asks for, filled from the call's card."""
    today = datetime.now(UTC).date()
    match disposition:
        case "promise":
            debt: dict[str, Any] = next(iter(call["debts"]), {"balance_minor": 10_000, "currency": "USD"})
            return {
                "amount_minor": max(1, debt["balance_minor"]),
                "currency": debt["currency"],
                "due_on": f"{today + timedelta(days=7)}",
            }
        case "paid":
            return {"paid_on": f"{today - timedelta(days=1)}"}
        case "refused":
            return {"reason": "no_money", "review_on": f"{today + timedelta(days=14)}"}
        case "dispute":
            return {"reason": "amount"}
        case _:
            return {}


class Robot:
    """One agent. `run` until cancelled, or until he may log in no more; after `retire` he takes no further call and
    logs out."""

    def __init__(self, client: Client, chance: random.Random, pace: Pace) -> None:
        self.client = client
        self.me: dict[str, Any] | None = None
        self.errors: list[str] = []
        self._chance, self._pace = chance, pace
        self._retiring = self._retired = False
        #: What is planned for the present state; a change of state cancels it.
        self._plan: asyncio.Task[None] | None = None
        self._planned_for: tuple[object, ...] = ()

    async def run(self) -> None:
        """Follow the live view; a lost socket is opened again."""
        async with asyncio.TaskGroup() as group:
            while not self._retired:
                try:
                    async for message in self.client.live():
                        self._read(message, group)
                except SessionOver as over:
                    self.errors.append(str(over))
                    self._retired = True
                except (ConnectionClosed, OSError):
                    pass  # the API is away, and comes back
                await asyncio.sleep(RECONNECT_S)
            if self._plan is not None:
                self._plan.cancel()

    async def retire(self) -> None:
        self._retiring = True
        if not self._retired:
            await self.client.wish("log_out")

    @property
    def state(self) -> str | None:
        return self.me["state"] if self.me else None

    def _read(self, message: dict[str, Any], group: asyncio.TaskGroup) -> None:
        if message["type"] == "snapshot":
            self.me = message["view"]["me"]
        for change in message.get("changes", ()):
            if change["kind"] == "me":
                self.me = change["value"]
            elif change["kind"] == "intent" and change["error"]:
                self.errors.append(change["error"])
        if self.me is None:
            return
        call = self.me["call"] or {}
        situation = (self.me["state"], call.get("attempt_id"), call.get("lead_id"))
        if situation == self._planned_for:
            return
        self._planned_for = situation
        if self._plan is not None:
            self._plan.cancel()
        self._plan = group.create_task(self._act(self.me["state"], call))

    async def _act(self, state: str, call: dict[str, Any]) -> None:
        """What an agent does in this state, after as long as he takes for it."""
        pace, chance = self._pace, self._chance
        try:
            match state:
                case "logged_out" | "unreachable" if not self._retiring:
                    while True:
                        await self.client.wish("connect_phone")
                        await asyncio.sleep(3)
                case "not_ready" if not self._retiring:
                    await asyncio.sleep(0.2)
                    await self.client.wish("go_ready")
                case "previewing" | "on_call" | "wrap_up" if not call:
                    pass  # on a busy machine the card comes after the state, and is then a new situation
                case "previewing":
                    await asyncio.sleep(draw(chance, 1.5))
                    await self.client.wish("dial_preview", lead_id=call["lead_id"])
                case "on_call":
                    if call["recording_notice"] == "spoken":
                        await asyncio.sleep(0.5)
                        await self.client.wish("tick_notice", attempt_id=call["attempt_id"])
                    await asyncio.sleep(max(pace.least_talk_s, draw(chance, pace.talk_s)))
                    await self.client.wish("hang_up", attempt_id=call["attempt_id"])
                case "wrap_up":
                    await asyncio.sleep(draw(chance, pace.wrap_up_s))
                    said = self._result_of(call["number"])
                    await self.client.wish(
                        "dispose",
                        attempt_id=call["attempt_id"],
                        disposition=said,
                        details=details_of(said, call),
                    )
        except LabError as error:
            self.errors.append(str(error))

    def _result_of(self, number: str) -> str:
        machines, results = self._pace.machines, dict(RESULTS)
        if machines is not None:
            if int(number[-2:]) in machines:
                return "voicemail"
            del results["voicemail"]
        return self._chance.choices(list(results), weights=list(results.values()))[0]


async def hire(clients: Sequence[Client], phones: Phones, seed: int, pace: Pace) -> list[Robot]:
    """A robot for each logged-in agent, with a registered telephone."""
    accounts = []
    for client in clients:
        minted = await client.post("/softphone", {"webrtc": False})
        accounts.append(Account(minted["sip_user"], minted["password"]))
    await phones.set_accounts(accounts)
    return [Robot(client, random.Random(f"{seed}-{n}"), pace) for n, client in enumerate(clients)]
