"""Writing: cases as the text of a case file. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from evals.cases import SCHEMA


def suite(
    name: str,
    workflow: str | None,
    cases: Sequence[Mapping[str, Any]],
    defaults: Mapping[str, Any] | None = None,
) -> str:
    """Return a case file."""
    told = {
        "schema": SCHEMA,
        "suite": slug(name),
        "workflow": workflow,
        "defaults": dict(defaults or {}),
        "cases": list(cases),
    }
    data = {field: value for field, value in told.items() if value}
    return yaml.dump(data, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=110)


def slug(text: str) -> str:
    """Return a text as an id."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:80].rstrip("-") or "case"


class _Plain(yaml.SafeDumper):
    """Writes values out wherever they stand."""

    def ignore_aliases(self, _data: Any) -> bool:
        """Tell that nothing is written as a reference."""
        return True
