"""Recorded: runs of production as cases, and driven once more through what is there now."""
