"""Validation: everything that is wrong with a workflow, told at once. Pure."""

from planner.validation.report import validate, validate_salvaged
from planner.validation.shape import Salvaged, salvage, shape_problems

__all__ = ["Salvaged", "salvage", "shape_problems", "validate", "validate_salvaged"]
