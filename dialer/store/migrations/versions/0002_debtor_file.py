"""What is known of a debtor: addresses, consents, wishes, other payers, papers, payments, promises, disputes, notes.

Revision 0002, after 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "address",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="home", nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("subdivision", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("postal_code", sa.Text(), nullable=True),
        sa.Column("time_zone", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), server_default="creditor", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("address_person_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("address_pkey")),
        sa.UniqueConstraint("person_id", "kind", "line", name=op.f("address_person_id_kind_line_key")),
    )
    op.create_table(
        "consent",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("phone_id", sa.BigInteger(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("recorded_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("consent_person_id_fkey")),
        sa.ForeignKeyConstraint(["phone_id"], ["phone.id"], name=op.f("consent_phone_id_fkey")),
        sa.ForeignKeyConstraint(["recorded_by"], ["app_user.id"], name=op.f("consent_recorded_by_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("consent_pkey")),
    )
    op.create_index("consent_person_id_idx", "consent", ["person_id"], unique=False)
    op.create_table(
        "debt_party",
        sa.Column("debt_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["debt_id"], ["debt.id"], name=op.f("debt_party_debt_id_fkey")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("debt_party_person_id_fkey")),
        sa.PrimaryKeyConstraint("debt_id", "person_id", name=op.f("debt_party_pkey")),
    )
    op.create_index("debt_party_person_id_idx", "debt_party", ["person_id"], unique=False)
    op.create_table(
        "document",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("debt_id", sa.BigInteger(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("added_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("octet_length(content) <= 10485760", name=op.f("document_size_check")),
        sa.ForeignKeyConstraint(["added_by"], ["app_user.id"], name=op.f("document_added_by_fkey")),
        sa.ForeignKeyConstraint(["debt_id"], ["debt.id"], name=op.f("document_debt_id_fkey")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("document_person_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("document_pkey")),
        sa.UniqueConstraint("person_id", "sha256", name=op.f("document_person_id_sha256_key")),
    )
    op.create_table(
        "note",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("debt_id", sa.BigInteger(), nullable=True),
        sa.Column("author_id", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["app_user.id"], name=op.f("note_author_id_fkey")),
        sa.ForeignKeyConstraint(["debt_id"], ["debt.id"], name=op.f("note_debt_id_fkey")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("note_person_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("note_pkey")),
    )
    op.create_index("note_person_id_idx", "note", ["person_id"], unique=False)
    op.create_table(
        "payment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("debt_id", sa.BigInteger(), nullable=True),
        sa.Column("external_ref", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("payment_amount_check")),
        sa.ForeignKeyConstraint(["debt_id"], ["debt.id"], name=op.f("payment_debt_id_fkey")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("payment_person_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("payment_pkey")),
        sa.UniqueConstraint("external_ref", name=op.f("payment_external_ref_key")),
    )
    op.create_index("payment_debt_id_idx", "payment", ["debt_id"], unique=False)
    op.create_index("payment_person_id_idx", "payment", ["person_id"], unique=False)
    op.create_table(
        "preference",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("wish", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("weekdays", sa.ARRAY(sa.SmallInteger()), nullable=True),
        sa.Column("starts", sa.Time(), nullable=True),
        sa.Column("ends", sa.Time(), nullable=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("starts < ends", name=op.f("preference_hours_check")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("preference_person_id_fkey")),
        sa.ForeignKeyConstraint(["recorded_by"], ["app_user.id"], name=op.f("preference_recorded_by_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("preference_pkey")),
    )
    op.create_index("preference_person_id_idx", "preference", ["person_id"], unique=False)
    op.create_table(
        "dispute",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("debt_id", sa.BigInteger(), nullable=True),
        sa.Column("attempt_id", sa.Text(), nullable=True),
        sa.Column("opened_by", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("dispute_attempt_id_fkey")),
        sa.ForeignKeyConstraint(["debt_id"], ["debt.id"], name=op.f("dispute_debt_id_fkey")),
        sa.ForeignKeyConstraint(["opened_by"], ["app_user.id"], name=op.f("dispute_opened_by_fkey")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("dispute_person_id_fkey")),
        sa.ForeignKeyConstraint(["resolved_by"], ["app_user.id"], name=op.f("dispute_resolved_by_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("dispute_pkey")),
    )
    op.create_index(
        "dispute_open_idx",
        "dispute",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index("dispute_person_id_idx", "dispute", ["person_id"], unique=False)
    op.create_table(
        "promise",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("debt_id", sa.BigInteger(), nullable=True),
        sa.Column("lead_id", sa.BigInteger(), nullable=True),
        sa.Column("attempt_id", sa.Text(), nullable=True),
        sa.Column("agent_id", sa.BigInteger(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("grace_days", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("promise_amount_check")),
        sa.CheckConstraint("grace_days >= 0", name=op.f("promise_grace_check")),
        sa.ForeignKeyConstraint(["agent_id"], ["app_user.id"], name=op.f("promise_agent_id_fkey")),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("promise_attempt_id_fkey")),
        sa.ForeignKeyConstraint(["debt_id"], ["debt.id"], name=op.f("promise_debt_id_fkey")),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("promise_lead_id_fkey")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("promise_person_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("promise_pkey")),
    )
    op.create_index(
        "promise_due_idx", "promise", ["due_on"], unique=False, postgresql_where=sa.text("state = 'open'")
    )
    op.create_index("promise_person_id_idx", "promise", ["person_id"], unique=False)
    op.add_column("debt", sa.Column("opened_on", sa.Date(), nullable=True))
    op.add_column("debt", sa.Column("account", sa.Text(), nullable=True))
    op.add_column("debt", sa.Column("stage", sa.Text(), nullable=True))
    op.add_column("debt", sa.Column("status", sa.Text(), server_default="open", nullable=False))
    op.add_column("debt", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("debt", sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("person", sa.Column("country", sa.Text(), nullable=True))
    op.add_column("person", sa.Column("customer_since", sa.Date(), nullable=True))
    op.add_column("person", sa.Column("risk_score", sa.Double(), nullable=True))
    op.add_column("phone", sa.Column("kind", sa.Text(), server_default="unknown", nullable=False))
    op.add_column("phone", sa.Column("source", sa.Text(), server_default="creditor", nullable=False))
    op.add_column("phone", sa.Column("confidence", sa.Double(), server_default="0.5", nullable=False))
    op.add_column("phone", sa.Column("tries", sa.Integer(), server_default="0", nullable=False))
    op.add_column("phone", sa.Column("right_party", sa.Integer(), server_default="0", nullable=False))
    op.add_column("phone", sa.Column("right_party_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("phone", sa.Column("wrong_number", sa.Integer(), server_default="0", nullable=False))
    op.add_column("phone", sa.Column("wrong_number_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(op.f("person_risk_score_check"), "person", "risk_score BETWEEN 0 AND 1")
    op.create_check_constraint(op.f("phone_confidence_check"), "phone", "confidence BETWEEN 0 AND 1")


def downgrade() -> None:
    op.drop_constraint(op.f("phone_confidence_check"), "phone", type_="check")
    op.drop_constraint(op.f("person_risk_score_check"), "person", type_="check")
    op.drop_column("phone", "wrong_number_at")
    op.drop_column("phone", "wrong_number")
    op.drop_column("phone", "right_party_at")
    op.drop_column("phone", "right_party")
    op.drop_column("phone", "tries")
    op.drop_column("phone", "confidence")
    op.drop_column("phone", "source")
    op.drop_column("phone", "kind")
    op.drop_column("person", "risk_score")
    op.drop_column("person", "customer_since")
    op.drop_column("person", "country")
    op.drop_column("debt", "updated_at")
    op.drop_column("debt", "closed_at")
    op.drop_column("debt", "status")
    op.drop_column("debt", "stage")
    op.drop_column("debt", "account")
    op.drop_column("debt", "opened_on")
    op.drop_index("promise_person_id_idx", table_name="promise")
    op.drop_index("promise_due_idx", table_name="promise", postgresql_where=sa.text("state = 'open'"))
    op.drop_table("promise")
    op.drop_index("dispute_person_id_idx", table_name="dispute")
    op.drop_index("dispute_open_idx", table_name="dispute", postgresql_where=sa.text("state = 'open'"))
    op.drop_table("dispute")
    op.drop_index("preference_person_id_idx", table_name="preference")
    op.drop_table("preference")
    op.drop_index("payment_person_id_idx", table_name="payment")
    op.drop_index("payment_debt_id_idx", table_name="payment")
    op.drop_table("payment")
    op.drop_index("note_person_id_idx", table_name="note")
    op.drop_table("note")
    op.drop_table("document")
    op.drop_index("debt_party_person_id_idx", table_name="debt_party")
    op.drop_table("debt_party")
    op.drop_index("consent_person_id_idx", table_name="consent")
    op.drop_table("consent")
    op.drop_table("address")
