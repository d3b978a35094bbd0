-- name: person
-- By the creditor's reference $1.
SELECT id, external_ref, full_name, language, time_zone,
       EXISTS (SELECT FROM do_not_call WHERE do_not_call.person_id = person.id) AS do_not_call
FROM person
WHERE external_ref = $1

-- name: numbers
-- What is known of each number of person $1, in the order of the creditor's list.
SELECT phone.number, phone.kind, phone.source,
       CASE
           WHEN EXISTS (SELECT FROM do_not_call WHERE do_not_call.number = phone.number) THEN 'do_not_call'
           ELSE phone.status
       END AS status,
       phone.confidence, phone.tries, phone.right_party, phone.right_party_at, phone.wrong_number,
       phone.wrong_number_at, phone.last_outcome, phone.tried_at
FROM phone
WHERE phone.person_id = $1
ORDER BY phone.position, phone.id

-- name: timeline
-- All that happened with person $1, the newest first, at most $2 entries: what kind, when, how it stands, by whom, and the
-- rest as JSON.
SELECT *
FROM (
    SELECT 'attempt' AS kind, attempt.planned_at AS at, coalesce(attempt.outcome, attempt.state) AS state,
           agent.display_name AS who, attempt.note AS text,
           jsonb_build_object('id', attempt.id, 'number', attempt.number, 'disposition', attempt.disposition,
                              'campaign', campaign.name) AS more
    FROM attempt
    JOIN campaign ON campaign.id = attempt.campaign_id
    LEFT JOIN app_user AS agent ON agent.id = attempt.agent_id
    WHERE attempt.person_id = $1
    UNION ALL
    SELECT 'promise', promise.created_at, promise.state, agent.display_name, NULL,
           jsonb_build_object('id', promise.id, 'amount_minor', amount_minor, 'currency', promise.currency,
                              'due_on', promise.due_on, 'settled_at', settled_at, 'debt', debt.external_ref)
    FROM promise
    LEFT JOIN app_user AS agent ON agent.id = promise.agent_id
    LEFT JOIN debt ON debt.id = promise.debt_id
    WHERE promise.person_id = $1
    UNION ALL
    SELECT 'payment', payment.paid_at, CASE WHEN payment.reversed_at IS NULL THEN payment.source ELSE 'reversed' END,
           NULL, payment.reversed_because,
           jsonb_build_object('reversed_at', payment.reversed_at, 'reference', payment.external_ref, 'amount_minor', amount_minor,
                              'currency', payment.currency, 'debt', debt.external_ref)
    FROM payment
    LEFT JOIN debt ON debt.id = payment.debt_id
    WHERE payment.person_id = $1
    UNION ALL
    SELECT 'dispute', dispute.created_at, dispute.state, opener.display_name, dispute.note,
           jsonb_build_object('id', dispute.id, 'reason', reason, 'resolution', resolution,
                              'resolved_at', resolved_at, 'debt', debt.external_ref)
    FROM dispute
    LEFT JOIN app_user AS opener ON opener.id = dispute.opened_by
    LEFT JOIN debt ON debt.id = dispute.debt_id
    WHERE dispute.person_id = $1
    UNION ALL
    SELECT 'note', note.created_at, NULL, author.display_name, note.body, jsonb_build_object('id', note.id)
    FROM note
    LEFT JOIN app_user AS author ON author.id = note.author_id
    WHERE note.person_id = $1
    UNION ALL
    SELECT 'document', document.created_at, NULL, adder.display_name, document.title,
           jsonb_build_object('id', document.id, 'media_type', media_type, 'sha256', sha256)
    FROM document
    LEFT JOIN app_user AS adder ON adder.id = document.added_by
    WHERE document.person_id = $1
    UNION ALL
    SELECT 'address', address.created_at, address.kind, NULL,
           concat_ws(', ', line, city, postal_code, coalesce(subdivision, country)),
           jsonb_build_object('id', address.id, 'time_zone', time_zone, 'source', source)
    FROM address
    WHERE address.person_id = $1
    UNION ALL
    SELECT 'party', debt_party.created_at, role, NULL, NULL,
           jsonb_build_object('debt', debt.external_ref, 'debtor', debtor.external_ref, 'beside', beside.external_ref)
    FROM debt_party
    JOIN debt ON debt.id = debt_party.debt_id
    JOIN person AS debtor ON debtor.id = debt.person_id
    JOIN person AS beside ON beside.id = debt_party.person_id
    WHERE $1 IN (debt.person_id, debt_party.person_id)
    UNION ALL
    SELECT 'do_not_call', do_not_call.created_at, do_not_call.reason, NULL, NULL,
           jsonb_build_object('source', do_not_call.source)
    FROM do_not_call
    WHERE do_not_call.person_id = $1
    UNION ALL
    SELECT 'consent', consent.given_at, CASE WHEN granted THEN 'granted' ELSE 'refused' END, recorder.display_name,
           evidence,
           jsonb_build_object('channel', channel, 'purpose', purpose, 'source', consent.source,
                              'number', phone.number)
    FROM consent
    LEFT JOIN phone ON phone.id = consent.phone_id
    LEFT JOIN app_user AS recorder ON recorder.id = consent.recorded_by
    WHERE consent.person_id = $1
    UNION ALL
    SELECT 'wish', preference.valid_from, wish, recorder.display_name, NULL,
           jsonb_build_object('channel', channel, 'weekdays', weekdays, 'starts', to_char(starts, 'HH24:MI'),
                              'ends', to_char(ends, 'HH24:MI'), 'until', valid_until, 'source', preference.source)
    FROM preference
    LEFT JOIN app_user AS recorder ON recorder.id = preference.recorded_by
    WHERE preference.person_id = $1
    UNION ALL
    -- Visits, messages, calls made elsewhere: what our own calls count stands with the attempts.
    SELECT 'contact', contact_ledger.at, channel, NULL, reference,
           jsonb_build_object('counts', counts, 'withdrawn', withdrawn)
    FROM contact_ledger
    WHERE contact_ledger.person_id = $1 AND contact_ledger.source = 'reported'
) AS entry
ORDER BY at DESC, kind
LIMIT $2

-- name: open_cases
-- What waits for somebody: open promises and disputes, the oldest first.
SELECT 'promise' AS kind, promise.id, person.external_ref AS person, debt.external_ref AS debt, promise.created_at AS since,
       promise.due_on::text AS what, agent.login AS by
FROM promise
JOIN person ON person.id = promise.person_id
LEFT JOIN debt ON debt.id = promise.debt_id
LEFT JOIN app_user AS agent ON agent.id = promise.agent_id
WHERE promise.state = 'open'
UNION ALL
SELECT 'dispute', dispute.id, person.external_ref, debt.external_ref, dispute.created_at, dispute.reason, agent.login
FROM dispute
JOIN person ON person.id = dispute.person_id
LEFT JOIN debt ON debt.id = dispute.debt_id
LEFT JOIN app_user AS agent ON agent.id = dispute.opened_by
WHERE dispute.state = 'open'
ORDER BY since
LIMIT $1
