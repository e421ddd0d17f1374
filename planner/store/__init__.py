"""Store: what survives a crash, on SQLite or PostgreSQL; functions per noun that take a transaction."""

from planner.store.cursors import Page
from planner.store.database import Database, open_database

__all__ = ["Database", "Page", "open_database"]
