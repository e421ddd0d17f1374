"""Add whose runs, decisions and questions these are; those of before are the default tenant's."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("runs", "decisions", "questions"):
        op.add_column(table, sa.Column("tenant", sa.Text(), nullable=False, server_default="default"))
    for table, columns in (("runs", ["created_at", "id"]), ("decisions", ["ts", "decision_id"])):
        indexed = ["tenant", *columns]
        op.create_index(op.f(f"ix_{table}_{'_'.join(indexed)}"), table, indexed, unique=False)
