"""Reading: the database of a project, opened to be looked at."""

from planner.store.opening import opened

__all__ = ["opened"]
