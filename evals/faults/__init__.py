"""Faults: every decision and call of a workflow against everything that is known to go wrong."""
