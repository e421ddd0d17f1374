"""Faults: what a model's server is known to do wrong, as cases, and an endpoint that does it."""
