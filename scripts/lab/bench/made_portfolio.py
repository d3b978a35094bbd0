"""A synthetic portfolio of any size, made by the database itself: the same one for the same number of leads.

A debtor, a number and a debt each lead; three zones of one country, four lists, four priorities, four best parts of the
day, a third of the leads resting. Every tenth debtor was called twice and spoken to once: two attempts and six rows of
the contact ledger. The ledger's rows are not chained here, for nobody verifies them.
"""

from collections.abc import Callable

import asyncpg

#: Leads made in one transaction.
AT_ONCE = 500_000
TABLES = ("person", "phone", "debt", "lead", "attempt", "contact_ledger")

#: A number from 0 to 1 for row n, the same in every run.
_CHANCE = "(hashint8extended(n, {}) & 1048575) / 1048576.0"

# What a table holds of the leads $1 to $2, of campaign $3 where it is asked for.
_ROWS = (
    "INSERT INTO person (id, external_ref, full_name, time_zone) OVERRIDING SYSTEM VALUE"
    " SELECT n, 'R' || lpad(n::text, 9, '0'), 'Deudor ' || n,"
    f" CASE WHEN {_CHANCE.format(1)} < 0.8 THEN 'America/Mexico_City' WHEN {_CHANCE.format(1)} < 0.95"
    " THEN 'America/Tijuana' ELSE 'America/Cancun' END FROM generate_series($1::int, $2::int) AS n",
    "INSERT INTO phone (id, person_id, number, position) OVERRIDING SYSTEM VALUE"
    " SELECT n, n, '+5255' || lpad(n::text, 8, '0'), 0 FROM generate_series($1::int, $2::int) AS n",
    "INSERT INTO debt (id, person_id, external_ref, creditor, product, balance_minor, currency, due_on)"
    " OVERRIDING SYSTEM VALUE SELECT n, n, 'D' || lpad(n::text, 9, '0'), 'Banco Ficticio', 'Tarjeta',"
    f" (exp(11 + 3 * {_CHANCE.format(2)}))::bigint, 'MXN', current_date - ({_CHANCE.format(3)} * 300)::int"
    " FROM generate_series($1::int, $2::int) AS n",
    "INSERT INTO lead (id, campaign_id, list_id, person_id, debt_id, priority, value, part, state, next_at, attempts,"
    " last_n, zone) OVERRIDING SYSTEM VALUE"
    " SELECT n, $3, 1 + n % 4, n, n, (n / 7) % 4, balance_minor * 0.1, (n / 11) % 4,"
    " CASE WHEN n % 3 = 0 THEN 'resting' ELSE 'callable' END,"
    " now() + CASE WHEN n % 3 = 0 THEN interval '1 day' ELSE interval '-1 hour' END,"
    " CASE WHEN n % 10 = 0 THEN 2 ELSE 0 END, CASE WHEN n % 10 = 0 THEN 2 ELSE 0 END, time_zone"
    " FROM generate_series($1::int, $2::int) AS n JOIN debt ON debt.id = n JOIN person ON person.id = n",
    "INSERT INTO attempt (id, shard_id, fence, campaign_id, lead_id, person_id, phone_id, n, mode, number, trunk,"
    " caller_id, verdict, ring_timeout_s, connect_limit_s, language, state, outcome, planned_at, ended_at)"
    " SELECT 'A' || lpad(n::text, 12, '0') || t, 1, 1, $3, n, n, n, t, 'power', '+5255' || lpad(n::text, 8, '0'),"
    " 'telco', '+525500000000', '{}', 25, 2, 'es', 'ended', CASE WHEN t = 1 THEN 'no_answer' ELSE 'connected' END,"
    " now() - t * interval '3 days', now() - t * interval '3 days' + interval '30 s'"
    " FROM generate_series(($1::int + 9) / 10 * 10, $2::int, 10) AS n, generate_series(1, 2) AS t",
    "INSERT INTO contact_ledger (chain, n, at, person_id, channel, counts, phone_id, debts, creditor, attempt_id,"
    " source, hash)"
    " SELECT 99, n * 10 + r, now() - r * interval '2 days', n, 'voice', CASE r WHEN 1 THEN ARRAY['conversation']"
    " WHEN 2 THEN ARRAY['answered_human', 'contact'] ELSE ARRAY['attempt'] END, n, ARRAY[n], 'Banco Ficticio',"
    " 'A' || lpad(n::text, 12, '0') || (1 + r % 2), 'dialled', md5(n::text) || md5(r::text)"
    " FROM generate_series(($1::int + 9) / 10 * 10, $2::int, 10) AS n, generate_series(1, 6) AS r",
)


async def make(
    connection: asyncpg.Connection, campaign: int, count: int, told: Callable[[int], None]
) -> None:
    """Fill the empty tables with `count` leads of `campaign`; `told` hears how many there are so far.

    Foreign keys and triggers are left out, and the indexes that are not unique are built at the end: as a superuser.
    """
    await connection.execute("SET session_replication_role = replica")
    await connection.execute("SET synchronous_commit = off")
    await connection.execute("SET maintenance_work_mem = '512MB'")
    indexes = await connection.fetch(
        "SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index"
        " WHERE indrelid = ANY ($1::text[]::regclass[]) AND NOT indisunique",
        list(TABLES),
    )
    for index in indexes:
        await connection.execute(f"DROP INDEX {index['name']}")
    await connection.execute(
        "INSERT INTO lead_list (id, campaign_id, name, content_sha256) OVERRIDING SYSTEM VALUE"
        " SELECT n, $1, 'lista ' || n, 'made-' || n FROM generate_series(1, 4) AS n",
        campaign,
    )
    for start in range(1, count + 1, AT_ONCE):
        last = min(start + AT_ONCE - 1, count)
        async with connection.transaction():
            for statement in _ROWS:
                of_campaign = [campaign] if "$3" in statement else []
                await connection.execute(statement, start, last, *of_campaign)
        told(last)
    for index in indexes:
        await connection.execute(index["definition"])
    await connection.execute("RESET session_replication_role")
    await connection.execute(f"VACUUM ANALYZE {', '.join(TABLES)}")
    await connection.execute("CHECKPOINT")
