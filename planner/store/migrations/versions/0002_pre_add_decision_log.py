"""Add the log with its blobs, heads and holds, and take the decisions that were kept before into it."""

import sqlalchemy as sa
from alembic import op

from planner import bodies, clock
from planner.decisions import Decision
from planner.log import chain, envelopes
from planner.store import rows
from planner.store.instants import Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STREAM = "migrated/0002"
LOG = sa.table(
    "log",
    *(sa.column(name) for name in ("stream", "seq", "kind", "decision_id", "body", "prev_hash", "hash")),
    sa.column("ts", Instant()),
)
BLOBS = sa.table(
    "blobs",
    *(sa.column(name) for name in ("decision_id", "name", "salt", "bytes")),
    sa.column("expires_at", Instant()),
)
HEADS = sa.table(
    "heads", *(sa.column(name) for name in ("stream", "seq", "hash")), sa.column("updated_at", Instant())
)


def upgrade() -> None:
    _tables()
    _append_only(op.get_bind())
    _take_over(op.get_bind())


def _tables() -> None:
    op.create_table(
        "log",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("ts", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("prev_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("stream", "seq", name=op.f("pk_log")),
    )
    op.create_index(op.f("ix_log_decision_id_kind"), "log", ["decision_id", "kind"], unique=False)
    op.create_table(
        "blobs",
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("decision_id", "name", name=op.f("pk_blobs")),
    )
    op.create_index(op.f("ix_blobs_expires_at"), "blobs", ["expires_at"], unique=False)
    op.create_table(
        "heads",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("stream", name=op.f("pk_heads")),
    )
    op.create_table(
        "holds",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holds")),
    )


def _append_only(bind: sa.Connection) -> None:
    if bind.dialect.name != "postgresql":
        for what in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER log_no_{what.lower()} BEFORE {what} ON log "
                "BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION log_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF TG_OP = 'DELETE' AND current_setting('planner.purging', true) = 'on' THEN RETURN OLD; END IF; "
        "RAISE EXCEPTION 'the log is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER log_append_only BEFORE UPDATE OR DELETE ON log "
        "FOR EACH ROW EXECUTE FUNCTION log_refuse()"
    )


def _take_over(bind: sa.Connection) -> None:
    """Chain what was kept before in one stream of its own, with its content held apart."""
    old = bind.execute(sa.text("SELECT body FROM decisions ORDER BY ts, decision_id")).all()
    if not old:
        return
    decisions = (Decision.model_validate(bodies.decode(row.body)) for row in old)
    records = [envelopes.of_decision(each, envelopes.Keeping(), clock.new_salt) for each in decisions]
    records.insert(0, envelopes.genesis(STREAM, records[0].ts, ()))
    links = list(chain.extend(chain.EMPTY, (record.body for record in records)))
    op.bulk_insert(LOG, [rows.of_log(STREAM, each, link) for each, link in zip(records, links, strict=True)])
    op.bulk_insert(BLOBS, [row for record in records for row in rows.of_blobs(record)])
    head = {"stream": STREAM, "seq": links[-1].seq, "hash": links[-1].hash, "updated_at": records[-1].ts}
    op.bulk_insert(HEADS, [head])
