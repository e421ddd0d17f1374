"""Drop the bodies of decisions from their index, since the log holds them."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("decisions", "body")
