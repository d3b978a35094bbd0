-- name: link
-- In a table that was empty when the function was first run the planner would read it whole, row after row.
ALTER FUNCTION contact_ledger_link() SET enable_seqscan = off SET enable_bitmapscan = off;

-- name: move_head
ALTER FUNCTION contact_ledger_move_head() SET enable_seqscan = off SET enable_bitmapscan = off;
