"""Tests, one tree for each package."""
