-- A stretch of a campaign's past.

-- name: calls
-- Ended attempts of campaign $1 planned from $2 to $3. Those that nobody sent, or of which nobody knows, are left out.
SELECT planned_at,
       outcome,
       agent_id,
       extract(epoch FROM ended_at - planned_at)::float8 AS ended_s,
       extract(epoch FROM answered_at - planned_at)::float8 AS answered_s,
       extract(epoch FROM connected_at - planned_at)::float8 AS connected_s,
       extract(epoch FROM verdict.judged_at - answered_at)::float8 AS heard_s,
       verdict.label,
       verdict.cause,
       verdict.to_agent,
       verdict.greeting_end_ms / 1000.0::float8 AS greeting_end_s
FROM attempt
-- (What was heard before an answer ended the attempt, as its outcome says.)
LEFT JOIN screening_verdict AS verdict
    ON verdict.attempt_id = attempt.id AND verdict.mode = 'on' AND verdict.judged_at >= attempt.answered_at
WHERE attempt.campaign_id = $1
  AND planned_at >= $2
  AND planned_at < $3
  AND ended_at IS NOT NULL
  AND outcome NOT IN ('cancelled', 'unknown', 'failed')
ORDER BY planned_at, id

-- name: agent_moves
-- What the agents of shard $1 were moved to from $2 to $3, and the last move of each before it, after $4. `elsewhere`: for a
-- call of another campaign than $5.
WITH moves AS MATERIALIZED (
    SELECT (data ->> 'agent_id')::bigint AS agent_id, data ->> 'state' AS state, at, seq, attempt_id
    FROM call_event
    WHERE shard_id = $1 AND type = 'AgentMoved' AND at >= $4 AND at < $3
), before AS (
    SELECT DISTINCT ON (agent_id) * FROM moves WHERE at < $2 ORDER BY agent_id, seq DESC
)
SELECT found.agent_id, found.state, found.at, coalesce(attempt.campaign_id <> $5, false) AS elsewhere
FROM (SELECT * FROM before UNION ALL SELECT * FROM moves WHERE at >= $2) AS found
LEFT JOIN attempt ON attempt.id = found.attempt_id
ORDER BY found.agent_id, found.seq

-- name: campaign_news
-- Of campaign $2 of shard $1: its last state and pacing decision before $3, and all until $4.
WITH before AS (
    (SELECT seq, type, at, data
     FROM call_event
     WHERE shard_id = $1 AND type = 'CampaignMoved' AND (data ->> 'campaign_id')::bigint = $2 AND at < $3
     ORDER BY seq DESC
     LIMIT 1)
    UNION ALL
    (SELECT seq, type, at, data
     FROM call_event
     WHERE type = 'PacingDecided' AND (data ->> 'campaign_id')::bigint = $2 AND at < $3
     ORDER BY seq DESC
     LIMIT 1)
)
SELECT seq, type, at, data FROM before
UNION ALL
SELECT seq, type, at, data
FROM call_event
WHERE type = 'PacingDecided' AND (data ->> 'campaign_id')::bigint = $2 AND at >= $3 AND at < $4
UNION ALL
SELECT seq, type, at, data
FROM call_event
WHERE shard_id = $1 AND type = 'CampaignMoved' AND (data ->> 'campaign_id')::bigint = $2 AND at >= $3 AND at < $4
ORDER BY seq
