"""Leads on their way into the hopper: claimed under a lease, with all that dialling them needs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dialer.domain.outcomes import LeadState
from dialer.domain.values import ClaimedLead
from dialer.store.database import Connection
from dialer.store.lead_cards import SQL as CARDS
from dialer.store.lead_cards import LeadCard, read_cards
from dialer.store.queries import SQL

#: Fewer digits than these are no one's number: too many numbers end like that.
MIN_DIGITS = 7

#: Leads whose rest has ended enter the claim's order so many in one transaction: some ten milliseconds.
WOKEN_AT_ONCE = 500
#: Of leads that turn out not to be callable others take the place, in so many rounds: the rest is for the next claim.
CLAIMS_AT_MOST = 4


@dataclass(frozen=True, slots=True)
class Runs:
    """Where in the claim's index a campaign's leads are: lists, zones and best parts of the day that have any."""

    each: frozenset[tuple[int, str, int]]

    @property
    def columns(self) -> tuple[list[int], list[str], list[int]]:
        """As the claim's statement takes them."""
        lists, zones, parts = zip(*self.each, strict=True) if self.each else ((), (), ())
        return list(lists), list(zones), list(parts)


async def claim(
    connection: Connection,
    *,
    campaign_id: int,
    count: int,
    now: datetime,
    lease_until: datetime,
    shard_id: int,
    fence: int,
    closed_zones: Collection[str] = (),
    runs: Runs | None = None,
) -> list[ClaimedLead]:
    """Up to `count` leads that are due: callbacks first, then by priority and by what a call is expected to bring now.

    They are the shard's until `lease_until`. Nobody of `closed_zones` (IANA names) is among them but for callbacks.
    Leads that cannot be called any more (no usable number, no open debt, person on the do-not-call list) are finished
    or suppressed on the way. Who finds fewer tends the campaign and looks once more.

    `runs` are those of the campaign as last read (None: they are read first). A run that began since is claimed from
    when it has been read, or when the others give too little.
    """
    found: list[ClaimedLead] = []
    tended = False
    if runs is None:
        runs = await read_runs(connection, campaign_id)
    for _ in range(CLAIMS_AT_MOST):
        wanted = count - len(found)
        if wanted <= 0:
            break
        rows = await connection.fetch(
            SQL["claim_leads"],
            *(campaign_id, wanted, now, shard_id, fence, lease_until, list(closed_zones)),
            *runs.columns,
        )
        cards = await read_cards(connection, rows, lease_until)
        found += [card.lead for card in cards if _why_closed(card) is None]
        if closed := [(card.lead.id, *why) for card in cards if (why := _why_closed(card))]:
            await connection.execute(CARDS["close_claimed"], *zip(*closed, strict=True), shard_id, fence)
        if len(rows) < wanted:
            if tended:
                break
            tended, before = True, runs
            moved = await tend(connection, campaign_id, now, most=WOKEN_AT_ONCE)
            runs = await read_runs(connection, campaign_id)
            if not moved and runs == before:
                break
    return found


async def read_runs(connection: Connection, campaign_id: int) -> Runs:
    """The runs that the campaign's callable leads are in now."""
    rows = await connection.fetch(SQL["read_runs"], campaign_id)
    return Runs(frozenset((row["list_id"], row["zone"], row["part"]) for row in rows))


def _why_closed(card: LeadCard) -> tuple[LeadState, str] | None:
    """The state in which a lead is closed that can't be called any more, and why."""
    if card.lead.do_not_call:
        return LeadState.SUPPRESSED, "do_not_call"
    if card.settled:
        return LeadState.FINISHED, "debt_closed"
    return None if card.usable else (LeadState.FINISHED, "no_number")


async def tend(connection: Connection, campaign_id: int, now: datetime, *, most: int) -> int:
    """Give claims of the campaign that ran out back, and wake up to about `most` leads whose rest has ended.

    Batch by batch, each a transaction of its own, so that whoever dials never waits long. Returns how many moved.
    """
    moved = _count(await connection.execute(SQL["return_expired_leads"], campaign_id, now))
    while most > 0:
        woken = _count(await connection.execute(SQL["wake_leads"], campaign_id, now, WOKEN_AT_ONCE))
        moved += woken
        most -= woken
        if woken < WOKEN_AT_ONCE:
            break
    return moved


def _count(tag: str) -> int:
    """Of `UPDATE 17`, the server's word on a statement: 17."""
    return int(tag.rpartition(" ")[2])


async def claim_number(
    connection: Connection,
    *,
    number: str,
    campaign_ids: Sequence[int],
    lease_until: datetime,
    shard_id: int,
    fence: int,
) -> ClaimedLead | None:
    """The one lead of these campaigns that has this number, however it is written, claimed for a manual call.

    None when no lead or more than one person has it, or when the lead is in a call or claimed already. A person who
    must not be called comes back *unclaimed* with `do_not_call` set, so that the refusal can say why.
    """
    digits = "".join(letter for letter in number if letter.isdigit() and letter.isascii())
    if len(digits) < MIN_DIGITS:
        return None
    found = await connection.fetch(SQL["find_number"], list(campaign_ids), digits[::-1], f"+{digits}")
    if found and found[0]["number"] == f"+{digits}":
        found = [row for row in found if row["number"] == f"+{digits}"]
    if len({row["number"] for row in found}) != 1:
        return None
    for row in found:
        rows = await connection.fetch(SQL["claim_lead"], row["id"], shard_id, fence, lease_until)
        if not rows and row["state"] == LeadState.SUPPRESSED:
            rows = await connection.fetch(CARDS["leads"], [row["id"]])
        for card in await read_cards(connection, rows, lease_until):
            return replace(card.lead, next_phone_id=row["phone_id"])
    return None
