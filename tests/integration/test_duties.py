"""A campaign's duties on the real database: what the command line and the API refuse, with norm, and let pass."""

from __future__ import annotations

import asyncpg
import pytest
from api_harness import furnish, serve

from tests.integration.command import DONE, REFUSED, dialer

pytestmark = pytest.mark.integration

NUMBER = "+18095550100"
OWN = (
    "--owner",
    "Cobertura Sur",
    "--proof",
    "contract 7",
    "--answered-by",
    "inbound",
    "--by",
    "Ana Paz, legal",
)


async def test_a_lawful_campaign_from_the_command_line(dsn: str, pool: asyncpg.Pool) -> None:
    """1. A cap beyond the law makes no campaign, and says the norm; 2. a lawful one does not start on a number of
    nobody's and without words to whom no agent attends; 3. nor with words that tell of a debt; 4. put right, it may."""
    make = (
        "campaign",
        "create",
        "Norte 30",
        "--group",
        "Norte",
        "--mode",
        "predictive",
        "--rule-set",
        "US-DC",
    )
    for wrong, norm in ((("--abandon-cap", "0.2"), "310.4(b)(4)"), (("--ring-timeout", "15"), None)):
        made = await dialer(*make, *wrong, database_dsn=dsn)
        assert (made.code, norm is None or norm in made.err) == (REFUSED if norm else DONE, True), made.err
    trunk = ("trunk", "set", "telco", "--caller-id", NUMBER, "--calls-per-second", "5", "--channels", "9")
    assert (await dialer(*trunk, database_dsn=dsn)).code == DONE
    await dialer("user", "add", "root", "--role", "admin", database_dsn=dsn)
    checked = await dialer("campaign", "check", "Norte 30", "--json", database_dsn=dsn)
    assert isinstance(checked.data, dict)
    assert [b["rule"] for b in checked.data["breaches"]] == ["abandoned_message", "caller_id", "caller_id"]
    refused = await dialer("campaign", "start", "Norte 30", database_dsn=dsn)
    assert (refused.code, "16 CFR 310.4(b)(4)(iii)" in refused.err) == (REFUSED, True)
    assert await pool.fetchval("SELECT count(*) FROM intent") == 0
    assert (await dialer("trunk", "own", "12", *OWN, database_dsn=dsn)).code == REFUSED
    assert (await dialer("trunk", "own", NUMBER, *OWN, database_dsn=dsn)).code == DONE
    words = "This was a call from {}. You may call us back at {}."
    for text, code in (
        (words.format("Cobertura Sur", "1 809 555 0100") + " It is about your debt.", REFUSED),
        (words.format("the bank", "1 809 555 0100"), REFUSED),
        (words.format("Cobertura Sur", "our office"), REFUSED),
        (words.format("Cobertura Sur", "1 809 555 0100"), DONE),
    ):
        said = await dialer("campaign", "message", "Norte 30", text, database_dsn=dsn)
        assert said.code == code, said.err
    checked = await dialer("campaign", "check", "Norte 30", database_dsn=dsn)
    assert (checked.code, "may start under US-DC" in checked.out) == (DONE, True), checked.out
    listed = await dialer("trunk", "numbers", "--json", database_dsn=dsn)
    assert isinstance(listed.data, list)
    assert [(row["number"], row["owner"], row["trunks"]) for row in listed.data] == [
        (NUMBER, "Cobertura Sur", ["telco"])
    ]
    assert (await dialer("trunk", "disown", NUMBER, database_dsn=dsn)).code == DONE
    assert (await dialer("campaign", "check", "Norte 30", database_dsn=dsn)).code == REFUSED


async def test_the_api_refuses_what_the_law_forbids(dsn: str, pool: asyncpg.Pool) -> None:
    """1. A change beyond the rule set is refused with its norm, and changes nothing; 2. a stricter one passes; 3. a
    start that breaks it is refused before the dialer is asked."""
    office = await furnish(pool)
    await pool.execute("UPDATE campaign SET rule_set = 'GB' WHERE id = $1", office.campaign_id)
    url = f"/api/v1/campaigns/{office.campaign_id}"
    async with serve(dsn) as api, api.client("supervisor") as client:
        for settings in ({"abandon_cap": 0.05}, {"abandon_window": "month"}, {"connect_limit_s": 5.0}):
            refused = await client.patch(url, json=settings, headers={"If-Match": "1"})
            assert (refused.status_code, refused.json()["type"]) == (422, "breaks_rules")
            assert "S42" in refused.json()["detail"]
        passed = await client.patch(url, json={"abandon_cap": 0.01}, headers={"If-Match": "1"})
        assert (passed.status_code, passed.json()["version"]) == (200, 2), passed.text
        start = await client.post(f"{url}/start")
        assert (start.status_code, start.json()["type"]) == (409, "breaks_rules")
        assert "GB-hours" in start.json()["detail"], "nobody has approved it"
    assert await pool.fetchval("SELECT count(*) FROM intent WHERE type = 'start_campaign'") == 0
