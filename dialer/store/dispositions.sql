-- What an agent's word does beyond his own lead: promises, disputes, and every lead of the same debt, whoever works it.
-- A lead that somebody else may be dialling is announced on the channel cadencia_lead, so that its shard lets go of it.

-- name: same_debt
-- Of leads `other`: those about the same thing as lead `lead`. A lead without a debt is about all that the person owes.
other.person_id = lead.person_id
AND (other.debt_id IS NULL OR lead.debt_id IS NULL OR other.debt_id = lead.debt_id)

-- name: make_promises
-- The promises of calls $1 by agents $2: amounts $3, currencies $4, days $5, made at $6, with $7 days of grace; a plan is
-- one promise for each of its parts. What was promised before for the same debt is replaced.
WITH given AS MATERIALIZED (
    SELECT given.*, lead.person_id, lead.debt_id, lead.id AS lead_id
    FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::date[], $6::timestamptz[])
        AS given (attempt_id, agent_id, amount_minor, currency, due_on, at)
    JOIN attempt ON attempt.id = given.attempt_id
    JOIN lead ON lead.id = attempt.lead_id
), replaced AS (
    UPDATE promise
    SET state = 'withdrawn', settled_at = given.at
    FROM given
    WHERE promise.person_id = given.person_id
      AND promise.debt_id IS NOT DISTINCT FROM given.debt_id
      AND promise.state = 'open'
)
INSERT INTO promise (
    person_id, debt_id, lead_id, attempt_id, agent_id, amount_minor, currency, due_on, grace_days, created_at
)
SELECT person_id, debt_id, lead_id, attempt_id, agent_id, amount_minor, currency, due_on, $7, at
FROM given

-- name: open_disputes
-- The disputes of calls $1 by agents $2, for reasons $3 with explanations $4, at $5.
INSERT INTO dispute (person_id, debt_id, attempt_id, opened_by, reason, note, created_at)
SELECT lead.person_id, lead.debt_id, given.attempt_id, given.agent_id, given.reason, given.note, given.at
FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::timestamptz[])
    AS given (attempt_id, agent_id, reason, note, at)
JOIN attempt ON attempt.id = given.attempt_id
JOIN lead ON lead.id = attempt.lead_id

-- name: hold_leads
-- After calls $1: all leads of the same debt, or of the person where $5 says so, go to states $2 for reasons $3 until $4
-- (null: until somebody lifts it). Closed and suppressed ones stay as they are.
WITH given AS MATERIALIZED (
    SELECT DISTINCT ON (other.id) other.id, given.state, given.reason, given.until
    FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::bool[])
        AS given (attempt_id, state, reason, until, whole)
    JOIN attempt ON attempt.id = given.attempt_id
    JOIN lead ON lead.id = attempt.lead_id
    JOIN lead AS other ON other.person_id = lead.person_id AND (given.whole OR ({same_debt}))
    WHERE other.state NOT IN ('finished', 'suppressed')
      AND (given.state = 'suppressed' OR other.id <> lead.id)
    ORDER BY other.id, given.state = 'suppressed' DESC
), held AS (
    SELECT id FROM lead WHERE id IN (SELECT id FROM given) ORDER BY id FOR UPDATE
), moved AS (
    UPDATE lead
    SET state = given.state,
        state_reason = given.reason,
        next_at = coalesce(given.until, lead.next_at),
        claimed_from = NULL, claimed_by = NULL, claim_fence = NULL, lease_until = NULL
    FROM given
    JOIN held ON held.id = given.id
    WHERE lead.id = given.id
    RETURNING lead.id
)
SELECT pg_notify('cadencia_lead', id::text) FROM moved

-- name: learn_parties
-- Who spoke at the numbers of calls $1 (effects $2, at $3): the person himself, as the campaign's list says of the
-- disposition $4, which multiplies the number's odds to be his by $6; or somebody else, which multiplies them by $5.
UPDATE phone
SET right_party = phone.right_party + news.himself::int,
    right_party_at = CASE WHEN news.himself THEN news.at ELSE phone.right_party_at END,
    wrong_number = phone.wrong_number + news.stranger::int,
    wrong_number_at = CASE WHEN news.stranger THEN news.at ELSE phone.wrong_number_at END,
    -- As in `more_confident` of queries.sql.
    confidence = least(0.99, greatest(0.01,
        phone.confidence * news.odds / (phone.confidence * news.odds + 1 - phone.confidence)))
FROM (
    SELECT attempt.phone_id,
           bool_or(coalesce(disposition.right_party, false)) AS himself,
           bool_or(given.effect = 'wrong_number') AS stranger,
           max(given.at) AS at,
           exp(sum(ln(CASE WHEN disposition.right_party THEN $6::float8 ELSE given.odds END))) AS odds
    FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::float8[])
        AS given (attempt_id, effect, at, code, odds)
    JOIN attempt ON attempt.id = given.attempt_id
    LEFT JOIN disposition ON disposition.campaign_id = attempt.campaign_id AND disposition.code = given.code
    GROUP BY attempt.phone_id
) AS news
WHERE phone.id = news.phone_id AND (news.himself OR news.odds <> 1)

-- name: withdrawn_in_attempt
-- Leads that shard $1 is dialling though somebody's word has taken them away meanwhile.
SELECT lead.id AS lead_id
FROM attempt
JOIN lead ON lead.id = attempt.lead_id
WHERE attempt.shard_id = $1 AND attempt.ended_at IS NULL AND attempt.connected_at IS NULL
  AND lead.state <> 'in_attempt'

-- name: start_runs
-- The agents began the scripts of calls $1 (versions $2) at $3; a version that is none of the script's is left out.
INSERT INTO script_run (attempt_id, version_id, started_at)
SELECT given.attempt_id, given.version_id, given.at
FROM unnest($1::text[], $2::bigint[], $3::timestamptz[]) AS given (attempt_id, version_id, at)
JOIN attempt ON attempt.id = given.attempt_id
JOIN lead ON lead.id = attempt.lead_id
JOIN segment ON segment.id = lead.segment_id
JOIN script_version ON script_version.id = given.version_id AND script_version.script_id = segment.script_id
ON CONFLICT (attempt_id) DO NOTHING
