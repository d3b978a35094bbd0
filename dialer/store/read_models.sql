-- What the API reads: the live view's snapshot, and the card of a call.

-- ===== the live view ==================================================================================

-- name: shard
SELECT coalesce((SELECT max(seq) FROM call_event WHERE shard_id = $1), 0) AS seq,
       (SELECT max(at) FROM call_event
        WHERE shard_id = $1 AND seq = (SELECT max(seq) FROM call_event WHERE shard_id = $1)) AS last_at,
       coalesce((SELECT switch_up FROM shard WHERE agent_group_id = $1), false) AS switch_up

-- name: campaigns
SELECT campaign.id, name, state, state_reason, mode, ratio, rule_set, version, abandon_cap, archived,
       (SELECT data -> 'explain'
        FROM call_event
        WHERE type = 'PacingDecided' AND (data ->> 'campaign_id')::bigint = campaign.id
        ORDER BY seq DESC
        LIMIT 1) AS pacing
FROM campaign
WHERE agent_group_id = $1
ORDER BY campaign.id

-- name: agents
SELECT app_user.id,
       app_user.display_name AS name,
       coalesce(agent_session.state, 'logged_out') AS state,
       agent_session.reason,
       coalesce(agent_session.since, app_user.created_at) AS since,
       coalesce(agent_session.leg_up, false) AS leg_up,
       agent_session.attempt_id,
       agent_session.lead_id,
       agent_session.after_wrap_up,
       agent_session.wrap_up_until
FROM app_user
LEFT JOIN agent_session ON agent_session.user_id = app_user.id
WHERE app_user.agent_group_id = $1 AND app_user.role = 'agent' AND app_user.active
ORDER BY app_user.id

-- name: open_calls
SELECT id, campaign_id, state, agent_id, connected_at FROM attempt WHERE shard_id = $1 AND ended_at IS NULL ORDER BY id

-- name: totals
-- Of the day that begins at $2. A call lasts less than a day, so those that ended in it were planned after the day before.
SELECT campaign_id,
       agent_id,
       outcome,
       count(*) FILTER (WHERE planned_at >= $2::timestamptz AND planned_at < $3) AS planned,
       count(*) FILTER (WHERE ended_at >= $2 AND ended_at < $3) AS ended,
       count(*) FILTER (WHERE connected_at >= $2 AND connected_at < $3) AS connected
FROM attempt
WHERE campaign_id IN (SELECT id FROM campaign WHERE agent_group_id = $1)
  AND planned_at >= $2::timestamptz - interval '1 day'
  AND planned_at < $3
GROUP BY campaign_id, agent_id, outcome

-- name: events
SELECT seq, attempt_id, type, at, data FROM call_event WHERE shard_id = $1 AND seq > $2 ORDER BY seq LIMIT $3

-- name: leads_left
-- By the partial indexes of the claim: nothing finished is looked at.
SELECT campaign.id,
       (SELECT count(*) FROM lead WHERE campaign_id = campaign.id AND lead.state IN ('callable', 'resting'))
       + (SELECT count(*) FROM lead WHERE campaign_id = campaign.id AND lead.state = 'callback')
       + (SELECT count(*) FROM lead WHERE campaign_id = campaign.id AND lead.state = 'claimed')
       + (SELECT count(*) FROM lead WHERE campaign_id = campaign.id AND lead.state = 'in_attempt') AS leads_left
FROM campaign
WHERE agent_group_id = $1

-- name: dialer_up
SELECT coalesce((SELECT lease_until > now() FROM shard WHERE agent_group_id = $1), false)

-- ===== the card =======================================================================================

-- name: card_of_lead
-- Of a lead ($1) that is previewed, or of one of its attempts ($2).
SELECT attempt.id AS attempt_id,
       lead.id AS lead_id,
       lead.campaign_id,
       campaign.name AS campaign_name,
       coalesce(attempt.mode, campaign.mode) AS mode,
       campaign.rule_set,
       campaign.recording_notice,
       attempt.state,
       attempt.number,
       attempt.phone_id,
       attempt.agent_id,
       attempt.notice_at,
       attempt.answered_at,
       attempt.connected_at,
       attempt.ended_at,
       attempt.outcome,
       attempt.disposition,
       person.full_name,
       person.external_ref,
       person.language,
       person.time_zone,
       segment.name AS segment,
       segment.target_handling_s,
       script.name AS script_name,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(version.id, version.share, version.number, version.graph)), '[]')
        FROM script_version AS version
        WHERE version.script_id = script.id AND version.share > 0) AS script_versions,
       script.language AS script_language,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(phone.id, phone.number, phone.status) ORDER BY phone.position), '[]')
        FROM phone
        WHERE phone.person_id = person.id) AS phones,
       -- The debt this call is about comes first.
       (SELECT coalesce(jsonb_agg(
                   jsonb_build_array(
                       debt.external_ref, debt.creditor, debt.product, debt.balance_minor, debt.currency, debt.due_on
                   ) ORDER BY debt.id IS DISTINCT FROM lead.debt_id, debt.due_on NULLS LAST, debt.id
               ), '[]')
        FROM debt
        WHERE debt.person_id = person.id) AS debts,
       lead.debt_id IS NOT NULL AS has_debt,
       (SELECT coalesce(jsonb_agg(
                   jsonb_build_array(disposition.code, disposition.label, disposition.effect, disposition.right_party)
                   ORDER BY disposition.position
               ), '[]')
        FROM disposition
        WHERE disposition.campaign_id = campaign.id) AS dispositions,
       coalesce((
           SELECT type = 'RecordingBegan'
           FROM call_event
           WHERE call_event.attempt_id = attempt.id AND type IN ('RecordingBegan', 'RecordingClosed')
           ORDER BY seq DESC
           LIMIT 1
       ), false) AS recording
FROM lead
JOIN campaign ON campaign.id = lead.campaign_id
JOIN person ON person.id = lead.person_id
LEFT JOIN attempt ON attempt.id = $2 AND attempt.lead_id = lead.id
LEFT JOIN segment ON segment.id = lead.segment_id
LEFT JOIN script ON script.id = segment.script_id
WHERE lead.id = $1

-- name: lead_of_attempt
SELECT lead_id FROM attempt WHERE id = $1
