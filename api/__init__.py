"""Entrance for people and programs: HTTP API and command line."""
