"""Overlays and local holidays in the database: what was written, by whom and why; nothing of it is ever lost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import asyncpg

from dialer.compliance import load_rule_set
from dialer.compliance.overlays import check_overlay, parse_overlay
from dialer.compliance.rule_set import subdivision_names
from dialer.domain.campaign import OverlayScope
from dialer.domain.errors import BadInput
from dialer.store.database import Connection


@dataclass(frozen=True, slots=True)
class Whose:
    """Of a contract with a creditor, or of a campaign."""

    scope: OverlayScope
    key: str  # the creditor as his debts name him, or the campaign's name
    campaign_id: int | None = None

    @property
    def creditor(self) -> str | None:
        return None if self.campaign_id is not None else self.key


async def find_whose(connection: Connection, *, contract: str | None, campaign: str | None) -> Whose:
    """Raises BadInput when it is not exactly one of them, or when there is no such creditor or campaign."""
    if (contract is None) == (campaign is None):
        raise BadInput("say whose overlay it is: --contract CREDITOR or --campaign NAME")
    if contract is not None:
        if not contract.strip() or not contract.isprintable():
            raise BadInput("--contract: the creditor as his debts name him")
        return Whose(OverlayScope.CONTRACT, contract)
    campaign_id = await connection.fetchval("SELECT id FROM campaign WHERE name = $1", campaign)
    if campaign_id is None:
        raise BadInput(f"there is no campaign {campaign!r}: dialer campaign list")
    return Whose(OverlayScope.CAMPAIGN, str(campaign), campaign_id)


async def set_overlay(connection: Connection, whose: Whose, content: str, *, by: str, reason: str) -> int:
    """Put this overlay in the place of the one before; its version. Running dialers take it over.

    Raises BadInput on a faulty file, or a rule looser than that of a rule set in use: nothing is changed then.
    """
    rules = parse_overlay(content, f"overlay of {whose.scope} {whose.key}")
    _check_texts({"--by": by, "--reason": reason})
    async with connection.transaction():
        names: list[str] = [
            row["rule_set"]
            for row in await connection.fetch(
                "SELECT DISTINCT rule_set FROM campaign WHERE $1::bigint IS NULL OR id = $1",
                whose.campaign_id,
            )
        ]
        for name in sorted(names):
            check_overlay(rules, whose.scope, load_rule_set(name))
        await _remove(connection, whose, by)
        version: int = await connection.fetchval(
            "INSERT INTO rule_overlay (creditor, campaign_id, version, content, set_by, reason) SELECT $1, $2,"
            " coalesce(max(version), 0) + 1, $3, $4, $5 FROM rule_overlay"
            " WHERE creditor = $1 OR campaign_id = $2 RETURNING version",
            whose.creditor,
            whose.campaign_id,
            content,
            by.strip(),
            reason.strip(),
        )
        await _tell(connection)
    return version


async def remove_overlay(connection: Connection, whose: Whose, *, by: str) -> bool:
    """Take it away; False: there was none."""
    _check_texts({"--by": by})
    async with connection.transaction():
        done = await _remove(connection, whose, by)
        await _tell(connection)
    return done


async def list_overlays(connection: Connection, *, all_versions: bool = False) -> list[asyncpg.Record]:
    """scope, key, version, content, set_by, reason, created_at, removed_at, removed_by; those in force, or all."""
    return list(
        await connection.fetch(
            """
            SELECT CASE WHEN campaign_id IS NULL THEN 'contract' ELSE 'campaign' END AS scope,
                   coalesce(creditor, campaign.name) AS key, rule_overlay.version, content, set_by, reason,
                   rule_overlay.created_at, removed_at, removed_by
            FROM rule_overlay
            LEFT JOIN campaign ON campaign.id = rule_overlay.campaign_id
            WHERE $1 OR removed_at IS NULL
            ORDER BY scope DESC, key, rule_overlay.version DESC
            """,
            all_versions,
        )
    )


async def add_holiday(
    connection: Connection, day: date, place: str, *, city: str | None, name: str, source: str, by: str
) -> int:
    """Its number. Raises BadInput on a place that is none, or one that holds already."""
    _check_texts(
        {"--name": name, "--source": source, "--by": by, **({"--city": city} if city is not None else {})}
    )
    country = place.partition("-")[0]
    if load_rule_set(country).calendar is None:
        raise BadInput(f"{country} has no calendar of holidays that a day could be added to")
    if place != country and place not in subdivision_names(country):
        raise BadInput(f"{place!r} is no subdivision (ISO 3166-2) of {country}")
    async with connection.transaction():
        if await connection.fetchval(
            "SELECT id FROM local_holiday WHERE day = $1 AND place = $2 AND city IS NOT DISTINCT FROM $3"
            " AND removed_at IS NULL",
            day,
            place,
            city,
        ):
            raise BadInput(f"{day} is a holiday of {city or place} already")
        added: int = await connection.fetchval(
            "INSERT INTO local_holiday (day, place, city, name, source, approved_by)"
            " VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
            *(day, place, city, name.strip(), source.strip(), by.strip()),
        )
        await _tell(connection)
    return added


async def remove_holiday(connection: Connection, holiday_id: int) -> bool:
    """Take one away that was added here; False: there is none of this number."""
    async with connection.transaction():
        done: str = await connection.execute(
            "UPDATE local_holiday SET removed_at = now() WHERE id = $1 AND removed_at IS NULL", holiday_id
        )
        await _tell(connection)
    return done != "UPDATE 0"


async def list_holidays(connection: Connection) -> list[asyncpg.Record]:
    """id, day, place, city, name, source, approved_by, created_at of those in force."""
    return list(
        await connection.fetch(
            "SELECT id, day, place, city, name, source, approved_by, created_at FROM local_holiday"
            " WHERE removed_at IS NULL ORDER BY day, place, city NULLS FIRST"
        )
    )


async def _remove(connection: Connection, whose: Whose, by: str) -> bool:
    done: str = await connection.execute(
        "UPDATE rule_overlay SET removed_at = now(), removed_by = $3"
        " WHERE (creditor = $1 OR campaign_id = $2) AND removed_at IS NULL",
        whose.creditor,
        whose.campaign_id,
        by.strip(),
    )
    return done != "UPDATE 0"


async def _tell(connection: Connection) -> None:
    """Running dialers read their campaigns anew."""
    await connection.execute("SELECT pg_notify('cadencia_campaign', id::text) FROM campaign")


def _check_texts(texts: dict[str, str]) -> None:
    for option, text in texts.items():
        if not text.strip() or not text.isprintable() or len(text) > 500:
            raise BadInput(f"{option}: 1 to 500 printable characters")


async def set_place(connection: Connection, reference: str, number: str, place: str | None) -> None:
    """Say where a person's number rings. Raises BadInput when he or it is not known."""
    done = await connection.execute(
        "UPDATE phone SET place = $3 FROM person WHERE person.id = phone.person_id AND person.external_ref = $1"
        " AND phone.number = $2",
        reference,
        number,
        place,
    )
    if done == "UPDATE 0":
        raise BadInput(f"{reference!r} has no number {number}: dialer person show {reference} --show-numbers")
