-- What dialling leads needs. A column of arrays each, for asking lead by lead would cost several times as much: every
-- table is read once, by an index, for all of them (null: it has nothing).

-- name: leads
-- $1 lead ids
SELECT id, campaign_id, person_id, debt_id, segment_id, state, next_phone_id, attempts, last_n, callback_agent_id
FROM lead
WHERE id = ANY ($1::bigint[])
ORDER BY id

-- name: cards
-- Of persons $1, of those leads $2 that were tried, of segments $3.
SELECT *
FROM (
    SELECT array_agg(id) AS person, array_agg(time_zone) AS zone, array_agg(subdivision) AS subdivision
    FROM person
    WHERE id = ANY ($1::bigint[])
) AS people
CROSS JOIN (
    SELECT array_agg(id) AS debt,
           array_agg(person_id) AS debt_person,
           array_agg(account) AS debt_account,
           array_agg(creditor) AS debt_creditor,
           array_agg(status = 'open') AS debt_open
    FROM debt
    WHERE person_id = ANY ($1::bigint[])
) AS debts
CROSS JOIN (
    SELECT array_agg(id) AS segment, array_agg(caller_id) AS caller_id, array_agg(number_order) AS number_order
    FROM segment
    WHERE id = ANY ($3::bigint[])
) AS segments
CROSS JOIN (
    SELECT array_agg(id) AS address, array_agg(person_id) AS address_person, array_agg(city) AS city
    FROM address
    WHERE person_id = ANY ($1::bigint[]) AND kind = 'home' AND city IS NOT NULL
) AS addresses
CROSS JOIN (
    SELECT array_agg(lead_id) AS tried_lead, array_agg(planned_at) AS tried_at
    FROM attempt
    WHERE lead_id = ANY ($2::bigint[]) AND coalesce(outcome, 'unknown') NOT IN ('congestion', 'failed', 'cancelled')
) AS tries
CROSS JOIN (
    SELECT array_agg(person_id) AS listed FROM do_not_call WHERE person_id = ANY ($1::bigint[])
) AS listed
CROSS JOIN (
    SELECT array_agg(person_id) AS wish_person,
           array_agg(wish) AS wish,
           array_agg(channel) AS wish_channel,
           array_agg(array_to_string(weekdays, ',')) AS wish_weekdays,
           array_agg(starts) AS wish_starts,
           array_agg(ends) AS wish_ends,
           array_agg(valid_from) AS wish_from,
           array_agg(valid_until) AS wish_until,
           array_agg(source = 'debtor') AS wish_own
    FROM preference
    WHERE person_id = ANY ($1::bigint[]) AND wish <> 'prefer'
) AS wishes
CROSS JOIN (
    -- The newest first: the first that fits a number is what holds.
    SELECT array_agg(person_id) AS consent_person,
           array_agg(purpose) AS consent_purpose,
           array_agg(phone_id) AS consent_phone,
           array_agg(granted) AS consent_granted
    FROM (
        SELECT person_id, purpose, phone_id, granted
        FROM consent
        WHERE person_id = ANY ($1::bigint[])
          AND (purpose = 'at_work' OR (purpose = 'contact' AND channel = 'voice'))
        ORDER BY given_at DESC, id DESC
    ) AS newest
) AS consents
CROSS JOIN (
    SELECT array_agg(person_id) AS contact_person,
           array_agg(of_person) AS contacts_in_all,
           array_agg(at) AS contact_at,
           array_agg(channel) AS contact_channel,
           array_agg(array_to_string(counts, ',')) AS contact_counts,
           array_agg(withdrawn) AS contact_withdrawn,
           array_agg(mark) AS contact_mark,
           array_agg(phone_id) AS contact_phone,
           array_agg(array_to_string(debts, ',')) AS contact_debts,
           array_agg(account) AS contact_account,
           array_agg(creditor) AS contact_creditor,
           array_agg(attempt_id) AS contact_attempt
    FROM (
        -- No law looks further back than 30 days, in which nobody is contacted as often as the limit says.
        SELECT *,
               count(*) OVER (PARTITION BY person_id) AS of_person,
               row_number() OVER (PARTITION BY person_id ORDER BY at DESC) AS age
        FROM contact_ledger
        WHERE person_id = ANY ($1::bigint[])
    ) AS counted
    WHERE age <= 300
) AS ledger
CROSS JOIN (
    SELECT array_agg(person_id) AS phone_person,
           array_agg(id) AS phone,
           array_agg(number) AS number,
           -- A number that stands on the do-not-call list has that status whatever its own row says.
           array_agg(CASE WHEN barred IS NULL THEN status ELSE 'do_not_call' END) AS phone_status,
           array_agg(position) AS phone_position,
           array_agg(last_outcome) AS last_outcome,
           array_agg(same_outcome_run) AS outcome_run,
           array_agg(tried_at) AS phone_tried_at,
           array_agg(confidence) AS confidence,
           array_agg(place) AS place,
           array_agg(right_party) AS right_party,
           array_agg(tries) AS tries
    FROM (
        SELECT phone.*, (SELECT id FROM do_not_call WHERE do_not_call.number = phone.number LIMIT 1) AS barred
        FROM phone
        WHERE person_id = ANY ($1::bigint[])
    ) AS judged
) AS numbers

-- name: debts_of_others
-- Debts $1, and what persons $2 are to them.
SELECT debt.id, debt.person_id, debt.account, debt.creditor, debt.status = 'open' AS is_open, party.person_id AS party,
       party.role
FROM debt
LEFT JOIN debt_party AS party ON party.debt_id = debt.id AND party.person_id = ANY ($2::bigint[])
WHERE debt.id = ANY ($1::bigint[])

-- name: close_claimed
-- Claims $1 of shard $4 with fence $5 that turn out not to be callable: closed as $2, because of $3.
UPDATE lead
SET state = given.state,
    state_reason = given.reason,
    claimed_from = NULL, claimed_by = NULL, claim_fence = NULL, lease_until = NULL
FROM unnest($1::bigint[], $2::text[], $3::text[]) AS given (id, state, reason)
WHERE lead.id = given.id AND lead.state = 'claimed' AND lead.claimed_by = $4 AND lead.claim_fence = $5
