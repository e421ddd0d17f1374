"""Add how each version of a workflow stands; those that are registered take new runs as before."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("workflows", sa.Column("state", sa.Text(), nullable=False, server_default="active"))
    op.add_column("workflows", sa.Column("state_changed_at", sa.BigInteger(), nullable=True))
    op.add_column("workflows", sa.Column("state_changed_by", sa.Text(), nullable=True))
