"""The office that the bench dials from: a group of agents with telephones, a trunk, campaigns with leads.

All of it is written straight into the database, the agents' wishes too: the API is no part of what is measured.
"""

import asyncio
import hashlib
import itertools
import random
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import orjson
import phonenumbers

from dialer.domain.campaign import DialMode, RecordingNotice
from dialer.store.campaigns import add_user, create_campaign, ensure_group
from dialer.store.trunks import ensure_trunk
from lab.asterisk import Account
from lab.errors import LabError

GROUP = "Bench"
TRUNK = "telco"
CALLER_IDS = ("+18095550100", "+18295550100")
SIP_REALM = "cadencia"
#: The schema's least. A call that rings for ever ends by it.
RING_TIMEOUT_S = 15
#: Above what any part has in flight: the calls per second are the governor, not the lines.
CHANNELS = 5_000
LOG_IN_S = 60.0


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the far end does for these last two digits (telco.xml), and what must come of it."""

    digits: range
    outcomes: frozenset[str]


BEHAVIOURS = {
    # Nobody free in the second that he waits: then he hung up. The cap on abandonment is off in the bench.
    "person": Behaviour(range(30), frozenset({"connected", "customer_hung_up", "abandoned"})),
    "talker": Behaviour(range(30, 40), frozenset({"connected", "abandoned"})),
    "silent": Behaviour(range(40, 50), frozenset({"no_answer"})),
    "busy": Behaviour(range(50, 60), frozenset({"busy"})),
    "unknown": Behaviour(range(60, 67), frozenset({"invalid_number"})),
    "refused": Behaviour(range(67, 71), frozenset({"rejected"})),
    "unreachable": Behaviour(range(71, 100), frozenset({"no_answer"})),
}
#: Share of each behaviour, in percent.
FLOOR_MIX = {"person": 25, "silent": 30, "busy": 15, "unknown": 12, "refused": 8, "unreachable": 10}
ANSWERS_ONLY = {"person": 100}
#: Conversations long enough for the notice and some recording after it.
TALKERS = {"talker": 12, "silent": 43, "busy": 15, "unknown": 12, "refused": 8, "unreachable": 10}


def expected_outcomes(number: str) -> frozenset[str]:
    """What the telco's scenario makes of this number."""
    digits = int(number[-2:])
    return next(b.outcomes for b in BEHAVIOURS.values() if digits in b.digits)


def area_codes() -> list[int]:
    """Every area code of the North American plan in which 555-0100 is a number."""
    return [
        code
        for code in range(201, 990)
        if phonenumbers.is_possible_number(number := phonenumbers.PhoneNumber(1, code * 10_000_000 + 5550100))
        and phonenumbers.region_code_for_number(number)
    ]


def numbers(count: int, mix: Mapping[str, int], seed: int) -> list[str]:
    """E.164 numbers kept for fiction, spread over all area codes, whose digits follow the mix."""
    chance = random.Random(seed)
    kinds = chance.choices([BEHAVIOURS[name] for name in mix], weights=list(mix.values()), k=count)
    codes = itertools.cycle(chance.sample(codes, len(codes)) if (codes := area_codes()) else ())
    return [f"+1{next(codes)}55501{chance.choice(kind.digits):02}" for kind in kinds]


class Office:
    """One agent group in the database of a laboratory."""

    def __init__(self, connection: "asyncpg.Connection[Any]") -> None:
        self._db = connection
        self.group_id = 0
        self.supervisor_id = 0
        self.agents: list[int] = []

    async def open(self, agents: int) -> list[Account]:
        """The group with its people; what their telephones register with."""
        async with self._db.transaction():
            self.group_id = await ensure_group(self._db, GROUP)
            self.supervisor_id = await add_user(
                self._db, login="supervisor", display_name="Supervisión", role="supervisor", password_hash="!"
            )
            accounts = [await self._hire(n) for n in range(1, agents + 1)]
        return accounts

    async def _hire(self, n: int) -> Account:
        user_id = await add_user(
            self._db,
            login=f"agente{n}",
            display_name=f"Agente {n}",
            role="agent",
            password_hash="!",
            group_id=self.group_id,
        )
        self.agents.append(user_id)
        account = Account(f"agent-{user_id}", secrets.token_hex(12))
        ha1 = hashlib.md5(f"{account.user}:{SIP_REALM}:{account.password}".encode()).hexdigest()
        await self._db.execute(
            "INSERT INTO sip_credential (user_id, sip_user, ha1, webrtc, expires_at)"
            " VALUES ($1, $2, $3, false, now() + interval '1 day')",
            user_id,
            account.user,
            ha1,
        )
        return account

    async def set_pace(self, calls_per_second: float) -> None:
        """The trunk's bucket."""
        await ensure_trunk(
            self._db,
            TRUNK,
            position=0,
            calls_per_second=calls_per_second,
            channels=CHANNELS,
            caller_ids=CALLER_IDS,
        )

    async def add_campaign(
        self, name: str, phones: Sequence[str], *, notice: RecordingNotice = RecordingNotice.SPOKEN
    ) -> int:
        """A power campaign with one debtor for each of these numbers.

        Ratio and lines are as high as they go and the abandonment cap is off, so that nothing but the trunk's calls
        per second governs; without wrap-up every agent is free again when a call ends.
        """
        campaign_id = await create_campaign(
            self._db,
            name=name,
            group_id=self.group_id,
            mode=DialMode.POWER,
            ratio=20,
            max_lines_per_agent=100,
            abandon_cap=1.0,
            ring_timeout_s=RING_TIMEOUT_S,
            wrap_up_s=0,
            recording_notice=notice,
        )
        await self._db.execute(
            """
            WITH list AS (
                INSERT INTO lead_list (campaign_id, name, content_sha256) VALUES ($1, $2, $2) RETURNING id
            ), given AS (
                SELECT * FROM unnest($3::text[]) WITH ORDINALITY AS given (number, n)
            ), debtor AS (
                INSERT INTO person (external_ref, full_name, language, time_zone)
                SELECT $2 || '-' || n, 'Deudor ' || n, 'es', 'America/Santo_Domingo' FROM given
                RETURNING id, external_ref
            ), reached AS (
                INSERT INTO phone (person_id, number, position)
                SELECT debtor.id, given.number, 0 FROM debtor JOIN given ON debtor.external_ref = $2 || '-' || given.n
            )
            INSERT INTO lead (campaign_id, list_id, person_id)
            SELECT $1, list.id, debtor.id FROM list CROSS JOIN debtor ORDER BY debtor.id
            """,
            campaign_id,
            name,
            list(phones),
        )
        await self._db.execute("ANALYZE lead, person, phone")
        return campaign_id

    async def attended(self) -> None:
        """Wait until a dialer has our shard and its link to the switch. Raises LabError when none comes."""
        deadline = asyncio.get_running_loop().time() + LOG_IN_S
        while not await self._db.fetchval(
            "SELECT switch_up FROM shard WHERE agent_group_id = $1", self.group_id
        ):
            if asyncio.get_running_loop().time() > deadline:
                raise LabError(f"no dialer was ready in {LOG_IN_S:g} s")
            await asyncio.sleep(0.1)

    async def seat(self, agents: int) -> None:
        """So many agents connect their telephones and go ready, the others log out. Raises LabError when one can't."""
        here, away = self.agents[:agents], self.agents[agents:]
        await self._bring(here, "connect_phone", "leg_up")
        await self._bring(here, "go_ready", "leg_up AND state = 'ready'")
        await self._bring(away, "log_out", "state = 'logged_out'", never_seen=True)

    async def _bring(self, users: list[int], wish: str, reached: str, *, never_seen: bool = False) -> None:
        """Let those of these agents who are not there yet wish it, and wait for them."""
        await self._wish(wish, await self._not(users, reached, never_seen))
        deadline = asyncio.get_running_loop().time() + LOG_IN_S
        while missing := await self._not(users, reached, never_seen):
            if asyncio.get_running_loop().time() > deadline:
                raise LabError(f"{len(missing)} agents did not get through {wish} in {LOG_IN_S:g} s")
            await asyncio.sleep(0.1)

    async def _not(self, users: list[int], reached: str, never_seen: bool) -> list[int]:
        rows = await self._db.fetch(
            f"SELECT given.id FROM unnest($1::bigint[]) AS given (id)"
            f" LEFT JOIN agent_session ON agent_session.user_id = given.id"
            f" WHERE NOT coalesce({reached}, $2) ORDER BY given.id",
            users,
            never_seen,
        )
        return [row["id"] for row in rows]

    async def start(self, campaign_id: int) -> None:
        await self._wish("start_campaign", [self.supervisor_id], campaign_id=campaign_id)

    async def stop(self, campaign_id: int) -> None:
        await self._wish("stop_campaign", [self.supervisor_id], campaign_id=campaign_id)

    async def _wish(self, kind: str, users: Sequence[int], **data: object) -> None:
        """As the API writes an intent, and tells the shard."""
        async with self._db.transaction():
            await self._db.executemany(
                "INSERT INTO intent (shard_id, user_id, key, type, data) VALUES ($1, $2, $3, $4, $5::text::jsonb)",
                [
                    (self.group_id, user, secrets.token_hex(8), kind, orjson.dumps(data).decode())
                    for user in users
                ],
            )
            await self._db.execute("SELECT pg_notify('cadencia_intent', $1)", str(self.group_id))
