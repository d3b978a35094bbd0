"""What is planned of the agents of a group, so that the pacing knows it beforehand (`domain.staffing`)."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Integer,
    SmallInteger,
    Table,
    Text,
    Time,
)

from dialer.store.columns import created, id_, metadata, ref

#: An absence that comes again: a break, a meeting, a shift's end.
absence_plan = Table(
    "absence_plan",
    metadata,
    id_(),
    ref("agent_group_id", "agent_group.id"),
    ref("user_id", "app_user.id", nullable=True),  # null: everybody of the group
    Column("reason", Text, nullable=False),
    Column("starts_at", Time, nullable=False),  # local
    Column("minutes", Integer, nullable=False),
    Column("weekdays", ARRAY(SmallInteger), nullable=False),  # 0 Monday to 6 Sunday
    Column("time_zone", Text, nullable=False),  # IANA
    created(),
    CheckConstraint("minutes BETWEEN 1 AND 1440", name="minutes"),
    CheckConstraint("cardinality(weekdays) > 0", name="weekdays"),
)

#: Calls from outside that a group expects; a group without a row expects none.
expected_inbound = Table(
    "expected_inbound",
    metadata,
    Column("agent_group_id", BigInteger, ForeignKey("agent_group.id"), primary_key=True),
    Column("per_hour", Double, nullable=False),
    CheckConstraint("per_hour > 0 AND per_hour <= 3600", name="per_hour"),
)
