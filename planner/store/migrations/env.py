"""How Alembic runs the migrations: on the connection and in the transaction that it is handed."""

from alembic import context

from planner.store import tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables.metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
