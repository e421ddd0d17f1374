"""Let plans be found by what they want, and by the workflow that they were promoted to."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("plans", sa.Column("frame_sha256", sa.Text(), nullable=False, server_default=""))
    op.add_column("plans", sa.Column("promoted_as", sa.Text(), nullable=True))
    op.create_index("ix_plans_tenant_status_frame_sha256", "plans", ["tenant", "status", "frame_sha256"])
    op.create_index("ix_plans_promoted_as", "plans", ["promoted_as"])
