"""Add tables for events, for steps that wait for one, and for what they may take."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("received_by", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("routed", sa.Boolean(), nullable=False),
        sa.Column("began", sa.Text(), nullable=False),
        sa.Column("problems", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.UniqueConstraint("tenant", "source", "event_id", name="uq_events_tenant_source_event_id"),
    )
    op.create_index("ix_events_tenant_type_received_at_id", "events", ["tenant", "type", "received_at", "id"])
    op.create_index("ix_events_received_at_id", "events", ["received_at", "id"])
    op.create_index("ix_events_routed_received_at", "events", ["routed", "received_at"])
    op.create_table(
        "awaits",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("visit", sa.Integer(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=True),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("due", sa.BigInteger(), nullable=True),
        sa.Column("taken", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_awaits_run_id_runs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "path", "visit", name="pk_awaits"),
    )
    op.create_index("ix_awaits_type_side_key", "awaits", ["type", "side", "key"])
    op.create_index("ix_awaits_taken", "awaits", ["taken"])
    op.create_table(
        "offers",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("visit", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_offers_run_id_runs", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name="fk_offers_event_id_events", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "path", "visit", "event_id", name="pk_offers"),
    )
    op.create_index("ix_offers_event_id", "offers", ["event_id"])
