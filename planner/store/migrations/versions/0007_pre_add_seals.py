"""Add columns for values of runs as they were, sealed; what was written before stays as it is."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table, column in (
        ("entries", "sealed"),
        ("runs", "sealed"),
        ("runs", "sealed_output"),
        ("questions", "sealed"),
    ):
        op.add_column(table, sa.Column(column, sa.LargeBinary(), nullable=True))
