-- Staged rows on their way into the tables, in one transaction. It begins while the file is still being read: the persons
-- of a block of rows whom nobody knew are written with all that the block says of them, and touch no row that was there
-- before. What is left (persons known already, or told of again in a later block) follows when the whole file is staged,
-- the leads last of all.

-- name: begin
-- @run is the run's number. `block`: the rows that are being written, and whose they are. `alone`: the person is new and
-- has this one row, so that nothing of his can be here already; nearly all of a new portfolio is like that. `arrived`: the
-- rows that were written.
CREATE TEMPORARY VIEW incoming AS SELECT * FROM staging.run_@run;
CREATE TEMPORARY TABLE newcomer (person_id bigint NOT NULL, external_ref text NOT NULL) ON COMMIT DROP;
CREATE TEMPORARY TABLE block (LIKE staging.run_@run, person_id bigint NOT NULL, alone boolean NOT NULL) ON COMMIT DROP;
CREATE TEMPORARY TABLE arrived (row integer NOT NULL, person_id bigint NOT NULL, alone boolean NOT NULL) ON COMMIT DROP;

-- name: make_list
INSERT INTO lead_list (campaign_id, name, content_sha256) VALUES ($1, $2, $3) RETURNING id

-- name: write_segments
INSERT INTO segment (name)
SELECT DISTINCT segment FROM incoming WHERE segment IS NOT NULL
ON CONFLICT (name) DO NOTHING

-- name: write_persons
-- Of the rows behind $2, up to $3: whom nobody knew. $1 is the campaign's language.
WITH written AS (
    INSERT INTO person (
        external_ref, full_name, language, time_zone, country, subdivision, customer_since, risk_score
    )
    SELECT DISTINCT ON (external_ref)
           external_ref, full_name, coalesce(language, $1), time_zone, country, subdivision, customer_since, risk_score
    FROM incoming
    WHERE row > $2 AND row <= $3
    ORDER BY external_ref, row
    ON CONFLICT (external_ref) DO NOTHING
    RETURNING id, external_ref
)
INSERT INTO newcomer SELECT id, external_ref FROM written

-- name: fill_block
-- With the rows of the newcomers, of those behind $1, up to $2; how many, and how many are alone.
WITH filled AS (
    INSERT INTO block
    SELECT incoming.*, newcomer.person_id, count(*) OVER (PARTITION BY newcomer.person_id) = 1
    FROM incoming
    JOIN newcomer USING (external_ref)
    WHERE incoming.row > $1 AND incoming.row <= $2
    RETURNING alone
)
SELECT count(*) AS rows, count(*) FILTER (WHERE alone) AS alone FROM filled

-- name: fill_rest
-- With the rows that have not arrived.
INSERT INTO block
SELECT incoming.*, person.id, false
FROM incoming
JOIN person ON person.external_ref = incoming.external_ref
WHERE NOT EXISTS (SELECT FROM arrived WHERE arrived.row = incoming.row)

-- name: not_alone
-- Who is told of again was not alone.
UPDATE arrived SET alone = false WHERE alone AND person_id IN (SELECT person_id FROM block)

-- name: end_block
INSERT INTO arrived SELECT row, person_id, alone FROM block;
TRUNCATE newcomer, block

-- name: update_persons
-- Who was known keeps what the file does not say.
UPDATE person
SET full_name = given.full_name,
    language = coalesce(given.language, person.language),
    time_zone = coalesce(given.time_zone, person.time_zone),
    country = coalesce(given.country, person.country),
    subdivision = coalesce(given.subdivision, person.subdivision),
    customer_since = coalesce(given.customer_since, person.customer_since),
    risk_score = coalesce(given.risk_score, person.risk_score)
FROM (
    SELECT DISTINCT ON (external_ref)
           external_ref, full_name, language, time_zone, country, subdivision, customer_since, risk_score
    FROM block
    WHERE NOT EXISTS (SELECT FROM arrived WHERE arrived.person_id = block.person_id)
    ORDER BY external_ref, row
) AS given
WHERE person.external_ref = given.external_ref
  AND (
          person.full_name, person.language, person.time_zone, person.country, person.subdivision,
          person.customer_since, person.risk_score
      ) IS DISTINCT FROM (
          given.full_name, coalesce(given.language, person.language), coalesce(given.time_zone, person.time_zone),
          coalesce(given.country, person.country), coalesce(given.subdivision, person.subdivision),
          coalesce(given.customer_since, person.customer_since), coalesce(given.risk_score, person.risk_score)
      )

-- name: write_new_phones
INSERT INTO phone (person_id, number, position, kind)
SELECT person_id, phone.number, phone.n - 1, phone.kind
FROM block
CROSS JOIN unnest(phones, kinds) WITH ORDINALITY AS phone (number, kind, n)
WHERE alone

-- name: write_phones
-- New numbers of the others go behind those the person has, in the order of the file. What is here already is asked for
-- row by row, through the index: a block is small and the table may be large.
WITH given AS (
    SELECT DISTINCT ON (person_id, phone.number)
           person_id, phone.number, phone.kind, row::bigint * 100 + phone.n AS place
    FROM block
    CROSS JOIN unnest(phones, kinds) WITH ORDINALITY AS phone (number, kind, n)
    WHERE NOT alone
    ORDER BY person_id, phone.number, place
), fresh AS (
    SELECT *
    FROM given
    WHERE (SELECT true FROM phone WHERE phone.person_id = given.person_id AND phone.number = given.number) IS NULL
)
INSERT INTO phone (person_id, number, position, kind)
SELECT person_id,
       number,
       coalesce((SELECT max(position) + 1 FROM phone WHERE phone.person_id = fresh.person_id), 0)
           + row_number() OVER (PARTITION BY person_id ORDER BY place) - 1,
       kind
FROM fresh
ON CONFLICT (person_id, number) DO NOTHING

-- name: write_new_addresses
INSERT INTO address (person_id, line, city, subdivision, country, postal_code, time_zone)
SELECT person_id, address, city, subdivision, country, postal_code, time_zone
FROM block
WHERE address IS NOT NULL AND alone

-- name: write_addresses
INSERT INTO address (person_id, line, city, subdivision, country, postal_code, time_zone)
SELECT person_id, address, city, subdivision, country, postal_code, time_zone
FROM block
WHERE address IS NOT NULL AND NOT alone
ORDER BY row
ON CONFLICT (person_id, kind, line) DO NOTHING

-- name: write_new_debts
-- Nothing left to pay means closed.
INSERT INTO debt (
    person_id, external_ref, creditor, product, balance_minor, currency, due_on, opened_on, account, stage, status,
    closed_at, updated_at
)
SELECT person_id, debt_ref, creditor, product, balance_minor, currency, due_on, opened_on, account, stage,
       CASE WHEN balance_minor = 0 THEN 'paid' ELSE 'open' END,
       CASE WHEN balance_minor = 0 THEN now() END,
       now()
FROM block
WHERE debt_ref IS NOT NULL AND alone

-- name: write_debts
-- Those of the others: a debt that stands in several rows is as its last row says; nothing left to pay closes it,
-- something opens it again. Counts each debt once, though a later block says something else of it.
WITH written AS (
    INSERT INTO debt (
        person_id, external_ref, creditor, product, balance_minor, currency, due_on, opened_on, account, stage, status,
        closed_at, updated_at
    )
    SELECT DISTINCT ON (debt_ref)
           person_id, debt_ref, creditor, product, balance_minor, currency, due_on, opened_on, account,
           stage,
           CASE WHEN balance_minor = 0 THEN 'paid' ELSE 'open' END,
           CASE WHEN balance_minor = 0 THEN now() END,
           now()
    FROM block
    WHERE debt_ref IS NOT NULL AND NOT alone
    ORDER BY debt_ref, row DESC
    ON CONFLICT (external_ref) DO UPDATE
    SET creditor = excluded.creditor,
        product = excluded.product,
        balance_minor = excluded.balance_minor,
        overpaid_minor = 0,
        currency = excluded.currency,
        due_on = excluded.due_on,
        opened_on = coalesce(excluded.opened_on, debt.opened_on),
        account = coalesce(excluded.account, debt.account),
        stage = coalesce(excluded.stage, debt.stage),
        status = excluded.status,
        closed_at = CASE WHEN excluded.status = 'open' THEN NULL ELSE coalesce(debt.closed_at, excluded.closed_at) END,
        updated_at = excluded.updated_at
    WHERE (
              debt.creditor, debt.product, debt.balance_minor, debt.currency, debt.due_on, debt.opened_on, debt.account,
              debt.stage, debt.status
          ) IS DISTINCT FROM (
              excluded.creditor, excluded.product, excluded.balance_minor, excluded.currency, excluded.due_on,
              coalesce(excluded.opened_on, debt.opened_on), coalesce(excluded.account, debt.account),
              coalesce(excluded.stage, debt.stage), excluded.status
          )
    RETURNING old.updated_at AS before
)
SELECT count(*) FROM written WHERE before IS DISTINCT FROM now()

-- name: close_missing_debts
-- Debts of the file's creditors that the file does not hold: the creditor has them no more.
UPDATE debt
SET status = 'withdrawn', closed_at = now(), updated_at = now()
WHERE status = 'open'
  AND creditor IN (SELECT creditor FROM incoming)
  AND external_ref NOT IN (SELECT debt_ref FROM incoming WHERE debt_ref IS NOT NULL)

-- name: write_leads
-- One lead a person, about his most overdue open debt of the file. A lead that is in the campaign already keeps its
-- state: a file does not make anybody callable again. Who must not be called comes in suppressed.
WITH given AS (
    SELECT arrived.person_id, debt_ref, balance_minor, segment, priority, row AS place, coalesce(time_zone, '') AS zone
    FROM incoming
    JOIN arrived USING (row)
    WHERE arrived.alone
    UNION ALL
    (
        SELECT DISTINCT ON (arrived.person_id)
               arrived.person_id,
               debt_ref,
               balance_minor,
               first_value(segment) OVER (PARTITION BY arrived.person_id ORDER BY segment IS NULL, row),
               max(priority) OVER (PARTITION BY arrived.person_id),
               min(row) OVER (PARTITION BY arrived.person_id),
               NULL -- his own, below
        FROM incoming
        JOIN arrived USING (row)
        WHERE NOT arrived.alone
        ORDER BY arrived.person_id, debt_ref IS NULL, balance_minor = 0, due_on NULLS LAST, row
    )
), written AS (
    INSERT INTO lead (
        campaign_id, list_id, person_id, debt_id, segment_id, priority, value, zone, state, state_reason
    )
    SELECT $1,
           $2,
           given.person_id,
           owed.id,
           segment.id,
           given.priority,
           -- As `ordering.sql` judges whom nobody has called yet.
           coalesce(owed.balance_minor, 1) * (@urgency) * coalesce(learned.contact_rate, 0.1),
           -- As there: a new person has said nothing of his hours yet.
           coalesce(given.zone, (
               SELECT CASE
                          WHEN (SELECT id FROM preference WHERE person_id = person.id AND wish = 'allow' LIMIT 1) IS NULL
                              THEN coalesce(person.time_zone, '')
                          ELSE ''
                      END
               FROM person
               WHERE person.id = given.person_id
           )),
           CASE
               WHEN listed.person_id IS NOT NULL THEN 'suppressed'
               WHEN given.balance_minor = 0 THEN 'finished'
               ELSE 'callable'
           END,
           CASE
               WHEN listed.person_id IS NOT NULL THEN 'do_not_call'
               WHEN given.balance_minor = 0 THEN 'debt_closed'
           END
    FROM given
    LEFT JOIN debt AS owed ON owed.external_ref = given.debt_ref
    LEFT JOIN segment ON segment.name = given.segment
    LEFT JOIN campaign_order AS learned ON learned.campaign_id = $1
    LEFT JOIN (SELECT DISTINCT person_id FROM do_not_call WHERE person_id IS NOT NULL) AS listed
           ON listed.person_id = given.person_id
    ORDER BY given.place
    ON CONFLICT (campaign_id, person_id) DO NOTHING
    RETURNING state
)
SELECT count(*) AS new,
       count(*) FILTER (WHERE state = 'suppressed') AS suppressed,
       (SELECT count(*) FROM given) - count(*) AS known
FROM written

-- name: end
DROP VIEW incoming
