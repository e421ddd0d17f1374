"""Entrance for tests: offline cases on the real engine."""
