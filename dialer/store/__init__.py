"""PostgreSQL: the tables, the claim, the event log, the read models. Nothing else speaks SQL to the core."""
