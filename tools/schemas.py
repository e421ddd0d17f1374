"""Schemas: what JSON Schema 2020-12 says of values, of fields, and of each other."""

from tools.lookups import Lookup, at, together
from tools.subtypes import Verdict, accepts
from tools.validators import faults, problems, valid

__all__ = ["Lookup", "Verdict", "accepts", "at", "faults", "problems", "together", "valid"]
