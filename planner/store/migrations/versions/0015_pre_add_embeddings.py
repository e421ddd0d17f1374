"""Add the table of what a model made of operations' texts."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "embeddings",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("direction", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_embeddings"),
    )
    op.create_index("ix_embeddings_used_at", "embeddings", ["used_at"])
