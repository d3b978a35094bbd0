"""One table of staffing plans with the hours of calls from outside, and the log of what was changed of them.

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "staffing_plan",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("agent_group_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.Time(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("weekdays", sa.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("per_hour", sa.Double(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("minutes BETWEEN 1 AND 1440", name=op.f("staffing_plan_minutes_check")),
        sa.CheckConstraint("cardinality(weekdays) > 0", name=op.f("staffing_plan_weekdays_check")),
        sa.CheckConstraint(
            "per_hour IS NULL OR (per_hour > 0 AND per_hour <= 3600 AND user_id IS NULL)",
            name=op.f("staffing_plan_per_hour_check"),
        ),
        sa.ForeignKeyConstraint(
            ["agent_group_id"], ["agent_group.id"], name=op.f("staffing_plan_agent_group_id_fkey")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("staffing_plan_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("staffing_plan_pkey")),
    )
    # The plans keep their numbers, which people know from `dialer staffing list`; calls from outside come at all hours.
    op.execute(
        """
        INSERT INTO staffing_plan
            (id, agent_group_id, user_id, reason, starts_at, minutes, weekdays, time_zone, created_at)
        SELECT id, agent_group_id, user_id, reason, starts_at, minutes, weekdays, time_zone, created_at
        FROM absence_plan
        """
    )
    op.execute(
        """
        SELECT setval(
            pg_get_serial_sequence('staffing_plan', 'id'),
            greatest((SELECT max(id) FROM staffing_plan), nextval(pg_get_serial_sequence('absence_plan', 'id')))
        )
        """
    )
    op.execute(
        """
        INSERT INTO staffing_plan (agent_group_id, reason, starts_at, minutes, weekdays, time_zone, per_hour)
        SELECT agent_group_id, 'inbound', '00:00', 1440, '{0,1,2,3,4,5,6}', 'UTC', per_hour FROM expected_inbound
        """
    )
    op.drop_table("expected_inbound")
    op.drop_table("absence_plan")
    op.create_table(
        "staffing_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("agent_group_id", sa.BigInteger(), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("before", JSONB(), nullable=True),
        sa.Column("after", JSONB(), nullable=True),
        sa.Column("undoes_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["agent_group_id"], ["agent_group.id"], name=op.f("staffing_change_agent_group_id_fkey")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("staffing_change_user_id_fkey")),
        sa.ForeignKeyConstraint(
            ["undoes_id"], ["staffing_change.id"], name=op.f("staffing_change_undoes_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("staffing_change_pkey")),
    )
    op.create_index("staffing_change_agent_group_id_at_idx", "staffing_change", ["agent_group_id", "at"])


def downgrade() -> None:
    op.create_table(
        "absence_plan",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("agent_group_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.Time(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("weekdays", sa.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("minutes BETWEEN 1 AND 1440", name=op.f("absence_plan_minutes_check")),
        sa.CheckConstraint("cardinality(weekdays) > 0", name=op.f("absence_plan_weekdays_check")),
        sa.ForeignKeyConstraint(
            ["agent_group_id"], ["agent_group.id"], name=op.f("absence_plan_agent_group_id_fkey")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("absence_plan_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("absence_plan_pkey")),
    )
    op.create_table(
        "expected_inbound",
        sa.Column("agent_group_id", sa.BigInteger(), nullable=False),
        sa.Column("per_hour", sa.Double(), nullable=False),
        sa.CheckConstraint("per_hour > 0 AND per_hour <= 3600", name=op.f("expected_inbound_per_hour_check")),
        sa.ForeignKeyConstraint(
            ["agent_group_id"], ["agent_group.id"], name=op.f("expected_inbound_agent_group_id_fkey")
        ),
        sa.PrimaryKeyConstraint("agent_group_id", name=op.f("expected_inbound_pkey")),
    )
    op.execute(
        """
        INSERT INTO absence_plan (agent_group_id, user_id, reason, starts_at, minutes, weekdays, time_zone, created_at)
        SELECT agent_group_id, user_id, reason, starts_at, minutes, weekdays, time_zone, created_at
        FROM staffing_plan
        WHERE per_hour IS NULL
        ORDER BY id
        """
    )
    op.execute(
        """
        INSERT INTO expected_inbound (agent_group_id, per_hour)
        SELECT agent_group_id, least(sum(per_hour), 3600) FROM staffing_plan WHERE per_hour IS NOT NULL GROUP BY 1
        """
    )
    op.drop_index("staffing_change_agent_group_id_at_idx", table_name="staffing_change")
    op.drop_table("staffing_change")
    op.drop_table("staffing_plan")
