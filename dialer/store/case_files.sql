-- Files of consents, parties, notes, wishes, numbers, addresses and papers on their way into debtors' files. The good rows
-- are staged in `incoming_case`, judged against what is there, and written, all in one transaction. What stands there
-- already is not written again, so that the same file twice changes nothing.

-- name: stage
CREATE TEMPORARY TABLE incoming_case (
    row integer NOT NULL,
    external_ref text NOT NULL,
    full_name text,
    source text NOT NULL,
    phone text,
    kind text,
    place text,
    address text,
    address_kind text NOT NULL,
    city text,
    subdivision text,
    country text,
    postal_code text,
    time_zone text,
    granted boolean,
    channel text,
    purpose text NOT NULL,
    given_at timestamptz,
    evidence text,
    debt_ref text,
    role text,
    note text,
    wish text,
    wish_channel text,
    weekdays smallint[],
    starts time,
    ends time,
    valid_from timestamptz,
    valid_until timestamptz,
    document text,
    document_title text
) ON COMMIT DROP

-- name: find_errors
-- Rows about nobody, or about a debt that is not there or is another's than the row says.
SELECT row, 'external_ref' AS column_name, 'there is no such person; full_name would make him' AS message
FROM incoming_case
WHERE NOT EXISTS (SELECT FROM person WHERE person.external_ref = incoming_case.external_ref)
  AND NOT EXISTS (
      SELECT FROM incoming_case AS named
      WHERE named.external_ref = incoming_case.external_ref AND named.full_name IS NOT NULL
  )
UNION ALL
SELECT row, 'debt_ref', 'there is no such debt'
FROM incoming_case
WHERE debt_ref IS NOT NULL AND NOT EXISTS (SELECT FROM debt WHERE debt.external_ref = incoming_case.debt_ref)
UNION ALL
SELECT row, 'role', 'it is his own debt: nobody stands beside himself'
FROM incoming_case
JOIN debt ON debt.external_ref = incoming_case.debt_ref
JOIN person ON person.id = debt.person_id AND person.external_ref = incoming_case.external_ref
WHERE role IS NOT NULL
UNION ALL
SELECT row, 'role', 'another row says he is something else to this debt'
FROM (
    SELECT row, min(role) OVER (PARTITION BY external_ref, debt_ref) AS least, max(role) OVER (PARTITION BY external_ref, debt_ref) AS most
    FROM incoming_case
    WHERE role IS NOT NULL
) AS told
WHERE least <> most
UNION ALL
SELECT row, 'debt_ref', 'the debt is somebody else''s, to whom the person is nothing: give his role'
FROM incoming_case
JOIN debt ON debt.external_ref = incoming_case.debt_ref
JOIN person AS owner ON owner.id = debt.person_id
WHERE role IS NULL
  AND owner.external_ref <> incoming_case.external_ref
  AND NOT EXISTS (
      SELECT
      FROM debt_party
      JOIN person ON person.id = debt_party.person_id AND person.external_ref = incoming_case.external_ref
      WHERE debt_party.debt_id = debt.id
  )
  AND NOT EXISTS (
      SELECT FROM incoming_case AS part
      WHERE part.external_ref = incoming_case.external_ref AND part.debt_ref = incoming_case.debt_ref
        AND part.role IS NOT NULL
  )
ORDER BY 1

-- name: drop_rows
DELETE FROM incoming_case WHERE row = ANY ($1::int[])

-- name: write_persons
INSERT INTO person (external_ref, full_name, country, subdivision, time_zone)
SELECT DISTINCT ON (external_ref) external_ref, full_name, country, subdivision, time_zone
FROM incoming_case
WHERE full_name IS NOT NULL
ORDER BY external_ref, row
ON CONFLICT (external_ref) DO NOTHING

-- name: matters
-- Each row with the numbers of its person and debt.
CREATE TEMPORARY TABLE matter ON COMMIT DROP AS
SELECT incoming_case.*, person.id AS person_id, debt.id AS debt_id
FROM incoming_case
JOIN person USING (external_ref)
LEFT JOIN debt ON debt.external_ref = incoming_case.debt_ref

-- name: write_phones
-- New ones behind those the person has, in the order of the file; of one that is there, where it rings. How many are new,
-- changed, and told of.
WITH given AS (
    SELECT DISTINCT ON (person_id, phone) person_id, phone AS number, kind, place, source, row
    FROM matter
    WHERE phone IS NOT NULL
    ORDER BY person_id, phone, place IS NULL, row DESC
), written AS (
    INSERT INTO phone (person_id, number, position, kind, place, source)
    SELECT person_id,
           number,
           coalesce((SELECT max(position) + 1 FROM phone WHERE phone.person_id = given.person_id), 0)
               + row_number() OVER (PARTITION BY person_id ORDER BY row) - 1,
           kind,
           place,
           source
    FROM given
    ORDER BY person_id, row
    ON CONFLICT (person_id, number) DO UPDATE
    SET place = excluded.place
    WHERE excluded.place IS NOT NULL AND phone.place IS DISTINCT FROM excluded.place
    RETURNING old.id IS NULL AS fresh
)
SELECT count(*) FILTER (WHERE fresh) AS new,
       count(*) FILTER (WHERE NOT fresh) AS changed,
       (SELECT count(*) FROM given) AS told
FROM written

-- name: write_addresses
WITH given AS (
    SELECT DISTINCT ON (person_id, address_kind, address)
           person_id, address_kind, address, city, subdivision, country, postal_code, time_zone, source
    FROM matter
    WHERE address IS NOT NULL
    ORDER BY person_id, address_kind, address, row
), written AS (
    INSERT INTO address (person_id, kind, line, city, subdivision, country, postal_code, time_zone, source)
    SELECT person_id, address_kind, address, city, subdivision, country, postal_code, time_zone, source
    FROM given
    ON CONFLICT (person_id, kind, line) DO UPDATE
    SET city = coalesce(excluded.city, address.city),
        subdivision = coalesce(excluded.subdivision, address.subdivision),
        country = coalesce(excluded.country, address.country),
        postal_code = coalesce(excluded.postal_code, address.postal_code),
        time_zone = coalesce(excluded.time_zone, address.time_zone)
    WHERE (address.city, address.subdivision, address.country, address.postal_code, address.time_zone)
        IS DISTINCT FROM (
            coalesce(excluded.city, address.city), coalesce(excluded.subdivision, address.subdivision),
            coalesce(excluded.country, address.country), coalesce(excluded.postal_code, address.postal_code),
            coalesce(excluded.time_zone, address.time_zone)
        )
    RETURNING old.id IS NULL AS fresh
)
SELECT count(*) FILTER (WHERE fresh) AS new,
       count(*) FILTER (WHERE NOT fresh) AS changed,
       (SELECT count(*) FROM given) AS told
FROM written

-- name: write_consents
-- $1: who enters them. A word taken back is announced, as if it had been entered by hand: what rings for the person is
-- cancelled.
WITH given AS (
    SELECT DISTINCT ON (matter.person_id, phone.id, channel, purpose, granted, given_at)
           matter.person_id, phone.id AS phone_id, channel, purpose, granted, given_at, matter.source, evidence
    FROM matter
    LEFT JOIN phone ON phone.person_id = matter.person_id AND phone.number = matter.phone
    WHERE granted IS NOT NULL
    ORDER BY matter.person_id, phone.id, channel, purpose, granted, given_at, row
), written AS (
    INSERT INTO consent (person_id, phone_id, channel, purpose, granted, given_at, source, evidence, recorded_by)
    SELECT given.*, $1
    FROM given
    WHERE NOT EXISTS (
        SELECT FROM consent
        WHERE consent.person_id = given.person_id
          AND consent.phone_id IS NOT DISTINCT FROM given.phone_id
          AND (consent.channel, consent.purpose, consent.granted) = (given.channel, given.purpose, given.granted)
          AND consent.given_at::date = given.given_at::date
    )
    RETURNING person_id, channel, purpose, granted
), announced AS MATERIALIZED (
    SELECT pg_notify('cadencia_lead', lead.id::text)
    FROM lead
    WHERE lead.person_id IN (
        SELECT person_id FROM written WHERE NOT granted AND channel = 'voice' AND purpose = 'contact'
    )
)
SELECT count(*) AS new, 0 AS changed, (SELECT count(*) FROM given) AS told, (SELECT count(*) FROM announced) AS announced
FROM written

-- name: write_parties
WITH given AS (
    SELECT DISTINCT debt_id, person_id, role FROM matter WHERE role IS NOT NULL
), written AS (
    INSERT INTO debt_party (debt_id, person_id, role)
    SELECT debt_id, person_id, role FROM given
    ON CONFLICT (debt_id, person_id) DO UPDATE
    SET role = excluded.role
    WHERE debt_party.role <> excluded.role
    RETURNING old.role IS NULL AS fresh
)
SELECT count(*) FILTER (WHERE fresh) AS new,
       count(*) FILTER (WHERE NOT fresh) AS changed,
       (SELECT count(*) FROM given) AS told
FROM written

-- name: write_notes
-- $1: their author.
WITH given AS (
    SELECT person_id, debt_id, note, min(row) AS row FROM matter WHERE note IS NOT NULL GROUP BY person_id, debt_id, note
), written AS (
    INSERT INTO note (person_id, debt_id, author_id, body)
    SELECT person_id, debt_id, $1, note
    FROM given
    WHERE NOT EXISTS (
        SELECT FROM note AS kept
        WHERE kept.person_id = given.person_id AND kept.debt_id IS NOT DISTINCT FROM given.debt_id
          AND kept.body = given.note
    )
    ORDER BY row
    RETURNING id
)
SELECT count(*) AS new, 0 AS changed, (SELECT count(*) FROM given) AS told FROM written

-- name: write_wishes
-- $1: who enters them, $2: now. A wish for other hours takes the leads out of the runs by zone, as `ordering.sql` would by
-- night: nobody is then left out of a claim for an hour that he has allowed.
WITH given AS (
    SELECT DISTINCT ON (person_id, wish, wish_channel, weekdays, starts, ends)
           person_id, wish, wish_channel, weekdays, starts, ends, valid_from, valid_until, source
    FROM matter
    WHERE wish IS NOT NULL
    ORDER BY person_id, wish, wish_channel, weekdays, starts, ends, row DESC
), written AS (
    INSERT INTO preference (
        person_id, wish, channel, weekdays, starts, ends, valid_from, valid_until, source, recorded_by
    )
    SELECT given.*, $1
    FROM given
    WHERE NOT EXISTS (
        SELECT FROM preference
        WHERE preference.person_id = given.person_id
          AND (preference.wish, preference.source) = (given.wish, given.source)
          AND (preference.channel, preference.weekdays, preference.starts, preference.ends, preference.valid_until)
              IS NOT DISTINCT FROM (
                  given.wish_channel, given.weekdays, given.starts, given.ends, given.valid_until
              )
          AND (preference.valid_until IS NULL OR preference.valid_until > $2)
    )
    RETURNING person_id, wish
), opened AS (
    UPDATE lead SET zone = '' FROM written WHERE wish = 'allow' AND lead.person_id = written.person_id AND lead.zone <> ''
)
SELECT count(*) AS new, 0 AS changed, (SELECT count(*) FROM given) AS told FROM written

-- name: documents
SELECT row, person_id, debt_id, document, coalesce(document_title, document) AS title
FROM matter
WHERE document IS NOT NULL
ORDER BY row

-- name: write_document
INSERT INTO document (person_id, debt_id, title, media_type, sha256, content, added_by)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (person_id, sha256) DO NOTHING
RETURNING id
