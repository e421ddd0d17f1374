"""Tables: the schema, and the few statements that dialects write differently."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects import postgresql, sqlite

from planner.store.instants import Instant

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant", Text, nullable=False, server_default="default"),
    Column("workflow", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("catalog_revision", Text, nullable=False),
    Column("goal", Text, nullable=False),
    Column("input", Text),
    # Goal and input as they were given, sealed, where something of them is masked; empty once erased.
    Column("sealed", LargeBinary),
    Column("status", Text, nullable=False),
    Column("output", Text),
    Column("sealed_output", LargeBinary),
    Column("error", Text),
    Column("mode", Text, nullable=False),
    Column("started_by", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("wake_at", Instant),
    Column("cancel_requested", Boolean, nullable=False),
    # Somebody answered, cancelled or woke the run since it was claimed, so it must not fall asleep for long.
    Column("nudged", Boolean, nullable=False),
    Column("steps_done", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("worker", Text),
    Column("lease_until", Instant),
    Index(None, "created_at", "id"),
    Index(None, "tenant", "created_at", "id"),
    Index(None, "workflow", "created_at", "id"),
    Index(None, "status", "created_at", "id"),
    Index(None, "status", "wake_at"),
)

entries = Table(
    "entries",
    metadata,
    Column("run_id", Text, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("visit", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("body", Text, nullable=False),
    # The body as it was, sealed, where something of it is masked; empty once erased.
    Column("sealed", LargeBinary),
)

# Where a run stood when it parked; the truth is its journal, from which it can be found again.
snapshots = Table(
    "snapshots",
    metadata,
    Column("run_id", Text, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("body", Text),
    # The body where there is a key; nobody but the run itself reads it.
    Column("sealed", LargeBinary),
)

# An index of the log by what people ask for; the truth is the envelope, from which it can be made again.
# No foreign key to runs: a goal may be routed nowhere, and that choice is logged all the same.
decisions = Table(
    "decisions",
    metadata,
    Column("decision_id", Text, primary_key=True),
    Column("run_id", Text, nullable=False),
    Column("run_seq", Integer, nullable=False),
    Column("tenant", Text, nullable=False, server_default="default"),
    Column("kind", Text, nullable=False),
    Column("point", Text, nullable=False),
    Column("workflow", Text),
    Column("choice", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("outcome_class", Text, nullable=False),
    Column("ts", Instant, nullable=False),
    Column("model", Text),
    # What asking cost, so that a tenant's budget is a sum; in billionths of a US dollar.
    Column("model_calls", Integer, nullable=False, server_default="0"),
    Column("tokens", BigInteger, nullable=False, server_default="0"),
    Column("nano_usd", BigInteger, nullable=False, server_default="0"),
    Index(None, "ts", "decision_id"),
    Index(None, "tenant", "ts", "decision_id"),
    Index(None, "run_id", "run_seq"),
    Index(None, "point", "ts", "decision_id"),
)

# Append-only: triggers refuse to change or delete a row, and only the purge lifts them.
log = Table(
    "log",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("ts", Instant, nullable=False),
    Column("kind", Text, nullable=False),
    Column("decision_id", Text),
    Column("body", LargeBinary, nullable=False),
    Column("prev_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Index(None, "decision_id", "kind"),
)

# What can be erased, under the salted digests that the envelopes hold.
blobs = Table(
    "blobs",
    metadata,
    Column("decision_id", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("salt", LargeBinary, nullable=False),
    Column("bytes", LargeBinary, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index(None, "expires_at"),
)

# Where each stream ends; a row is changed only by the process whose stream it is.
heads = Table(
    "heads",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

# Legal holds: what neither erasure nor purge may touch.
holds = Table(
    "holds",
    metadata,
    Column("id", Text, primary_key=True),
    Column("scope", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
)

questions = Table(
    "questions",
    metadata,
    Column("decision_id", Text, primary_key=True),
    Column("run_id", Text, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("tenant", Text, nullable=False, server_default="default"),
    Column("workflow", Text, nullable=False),
    Column("point", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("deadline", Instant),
    Column("body", Text, nullable=False),
    Column("answer", Text),
    # The answer as it was given, sealed, where its value is masked; empty once erased.
    Column("sealed", LargeBinary),
    Index(None, "status", "asked_at", "decision_id"),
    Index(None, "run_id", "status"),
)

keys = Table(
    "keys",
    metadata,
    Column("key", Text, primary_key=True),
    Column("request_sha256", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
)

workflows = Table(
    "workflows",
    metadata,
    Column("name", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("sha256", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    # Whether it takes new runs; the definition itself never changes.
    Column("state", Text, nullable=False, server_default="active"),
    Column("state_changed_at", Instant),
    Column("state_changed_by", Text),
    Index(None, "sha256"),
)

# A run is pinned to the contracts it began with, so they stay after the project's catalogue has moved on.
catalogs = Table(
    "catalogs",
    metadata,
    Column("revision", Text, primary_key=True),
    Column("body", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
)

# What happened outside, as it was told; source and id name it, so that what is told twice is kept once.
events = Table(
    "events",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("subject", Text),
    Column("received_at", Instant, nullable=False),
    Column("received_by", Text, nullable=False),
    Column("body", Text, nullable=False),
    # The event as it was, sealed, where something of it is masked; empty once erased.
    Column("sealed", LargeBinary),
    # Whether every run that it concerns was told.
    Column("routed", Boolean, nullable=False),
    Column("began", Text, nullable=False),
    Column("problems", Text, nullable=False),
    UniqueConstraint("tenant", "source", "event_id"),
    Index(None, "tenant", "type", "received_at", "id"),
    Index(None, "received_at", "id"),
    Index(None, "routed", "received_at"),
)

# Steps that wait, or waited, for an event: an index of the journal.
awaits = Table(
    "awaits",
    metadata,
    Column("run_id", Text, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("path", Text, primary_key=True),
    Column("visit", Integer, primary_key=True),
    Column("type", Text, nullable=False),
    # The side of an equation that reads the event alone, and the digest of what it must come to.
    Column("side", Text),
    Column("key", Text),
    Column("due", Instant),
    # What was taken; null while it is waited for, and empty where nothing came in time.
    Column("taken", Text),
    Index(None, "type", "side", "key"),
    Index(None, "taken"),
)

# Events that a waiting step may take.
offers = Table(
    "offers",
    metadata,
    Column("run_id", Text, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("path", Text, primary_key=True),
    Column("visit", Integer, primary_key=True),
    Column("event_id", Text, ForeignKey("events.id", ondelete="CASCADE"), primary_key=True),
    Index(None, "event_id"),
)

# When runs begin by themselves.
schedules = Table(
    "schedules",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("workflow", Text, nullable=False),
    Column("plan", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("next_at", Instant),
    Column("last_at", Instant),
    Column("last_run_id", Text),
    Column("skipped", Integer, nullable=False),
    Column("problem", Text),
    UniqueConstraint("tenant", "name"),
    Index(None, "next_at"),
    Index(None, "created_at", "id"),
)

# What goals were turned into.
plans = Table(
    "plans",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("frame", Text, nullable=False),
    Column("sealed", LargeBinary),
    Column("body", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text, nullable=False),
    # What is wanted and known, by kinds and types; empty in plans of before.
    Column("frame_sha256", Text, nullable=False, server_default=""),
    Column("promoted_as", Text),
    Index(None, "created_at", "id"),
    Index(None, "sha256"),
    Index(None, "tenant", "status", "frame_sha256"),
    Index(None, "promoted_as"),
)

# Directions of the vectors that a model made of texts, by the hash of model and text.
embeddings = Table(
    "embeddings",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("direction", LargeBinary, nullable=False),
    Column("used_at", Instant, nullable=False),
    Index(None, "used_at"),
)

# Who is told when runs end, wait or ask persons.
webhooks = Table(
    "webhooks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("kinds", Text, nullable=False),
    Column("workflow", Text),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("disabled", Text),
    Column("secret", LargeBinary, nullable=False),
    Column("is_sealed", Boolean, nullable=False),
    Index(None, "tenant"),
    Index(None, "created_at", "id"),
)

# The outbox: written in the transaction of what it tells of.
deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("webhook_id", Text, ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("run_id", Text),
    Column("decision_id", Text),
    Column("at", Instant, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Instant),
    Column("last_at", Instant),
    Column("last_answer", Text),
    Column("leased_until", Instant),
    Index(None, "next_at"),
    Index(None, "webhook_id", "at", "id"),
)

# What was done to the schema; a program of before learns here whether it bears it.
migrations = Table(
    "migrations",
    metadata,
    Column("revision", Text, primary_key=True),
    Column("phase", Text, nullable=False),
)


def insert_or_skip(tx: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert the row unless its key, or what else is unique in it, is taken; return whether it was.

    Two processes that try at once agree on one winner, without an error that would spoil the transaction.
    """
    made = postgresql.insert(table) if tx.dialect.name == "postgresql" else sqlite.insert(table)
    kept = made.values(row).on_conflict_do_nothing().returning(*table.primary_key)
    return tx.execute(kept).first() is not None
