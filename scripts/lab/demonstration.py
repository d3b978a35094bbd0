"""The demonstration: an agent group, its people, a trunk, scripts by segment, a campaign and its leads."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dialer.api.passwords import hash_password
from dialer.domain.campaign import DialMode, RecordingNotice
from dialer.domain.screening import ScreeningSettings
from dialer.portfolio.importing import ImportOptions, import_leads
from dialer.store.campaigns import (
    add_user,
    create_campaign,
    ensure_group,
    ensure_script,
    ensure_segment,
)
from dialer.store.database import connect
from dialer.store.trunks import ensure_trunk
from lab.portfolio import SCRIPTS, write_portfolio

GROUP = "Cobranza"
CAMPAIGN = "Demostración"
TRUNK = "telco"
CALLER_IDS = ("+18095550100", "+18295550100")
DEBTORS = 600


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the demonstration with the password that was made for him."""

    id: int
    login: str
    password: str
    role: str


@dataclass(frozen=True, slots=True)
class Demonstration:
    campaign_id: int
    group_id: int
    leads: int
    agents: tuple[Account, ...]
    robots: tuple[Account, ...]
    supervisor: Account
    reviewer: Account


async def set_up(
    dsn: str,
    folder: Path,
    *,
    robots: int = 0,
    agents: int = 1,
    mode: DialMode = DialMode.PREDICTIVE,
    seed: int = 1,
    leads: Path | None = None,
    rule_set: str = "laboratory",
    trunks: Sequence[str] = (TRUNK,),
    notice: RecordingNotice = RecordingNotice.PLAYED,
    calls_per_second: float = 20.0,
    channels: int = 200,
    wrap_up_s: int = 30,
    ring_timeout_s: int = 25,
    ratio: float = 1.5,
    screening: ScreeningSettings | None = None,
    early_media: bool = False,
) -> Demonstration:
    """Fill an empty, migrated database. `leads` None: a fictional portfolio made from `seed`."""
    file = leads or folder / "portfolio.csv"
    if leads is None:
        await asyncio.to_thread(write_portfolio, file, DEBTORS, seed)
    connection = await connect(dsn)
    try:
        async with connection.transaction():
            group_id = await ensure_group(connection, GROUP)
            for position, name in enumerate(trunks):
                await ensure_trunk(
                    connection,
                    name,
                    position=position,
                    calls_per_second=calls_per_second,
                    channels=channels,
                    caller_ids=CALLER_IDS,
                    early_media=early_media,
                )
            for name, body in SCRIPTS.items():
                await ensure_segment(connection, name, await ensure_script(connection, name, body))
            campaign_id = await create_campaign(
                connection,
                name=CAMPAIGN,
                group_id=group_id,
                mode=mode,
                rule_set=rule_set,
                recording_notice=notice,
                wrap_up_s=wrap_up_s,
                ring_timeout_s=ring_timeout_s,
                ratio=ratio,
                screening=screening,
            )

            async def user(login: str, name: str, role: str) -> Account:
                password = secrets.token_urlsafe(9)
                hashed = await asyncio.to_thread(hash_password, password)
                user_id = await add_user(
                    connection,
                    login=login,
                    display_name=name,
                    role=role,
                    password_hash=hashed,
                    group_id=group_id if role == "agent" else None,
                )
                return Account(user_id, login, password, role)

            people = [await user(f"agente{n}", f"Agente {n}", "agent") for n in range(1, agents + 1)]
            machines = [await user(f"robot{n}", f"Robot {n}", "agent") for n in range(1, robots + 1)]
            supervisor = await user("supervisor", "Supervisión", "supervisor")
            reviewer = await user("calidad", "Calidad", "qa")
    finally:
        await connection.close()
    report = await import_leads(dsn, campaign_id, file, ImportOptions())
    return Demonstration(
        campaign_id, group_id, report.leads, tuple(people), tuple(machines), supervisor, reviewer
    )
