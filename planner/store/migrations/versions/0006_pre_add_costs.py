"""Add what each decision cost to what it is found by, as its record in the log tells it."""

import sqlalchemy as sa
from alembic import op

from planner import budgets
from planner.log import envelopes
from planner.store import rows

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

LOG = sa.table("log", *(sa.column(name) for name in ("stream", "seq", "kind", "decision_id", "body")))
DECISIONS = sa.table(
    "decisions", *(sa.column(name) for name in ("decision_id", "model_calls", "tokens", "nano_usd"))
)


def upgrade() -> None:
    op.add_column("decisions", sa.Column("model_calls", sa.Integer(), nullable=False, server_default="0"))
    for name in ("tokens", "nano_usd"):
        op.add_column("decisions", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
    bind = op.get_bind()
    kept = sa.select(LOG.c.decision_id, LOG.c.body).where(LOG.c.kind == "decision")
    for decision_id, body in bind.execute(kept).all():
        decision = envelopes.to_decision(envelopes.decode(body), {})
        same = DECISIONS.c.decision_id == decision_id
        bind.execute(DECISIONS.update().where(same).values(rows.of_cost(budgets.of_decision(decision))))
