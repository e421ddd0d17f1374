"""Core: definitions, validation, decisions, recovery, model, store."""
