"""Arazzo: documents of the OpenAPI Initiative that order calls, read as workflows."""
