"""Plugin of pytest: loaded before it is known whether there is any case file, so it imports nothing else."""

import importlib
from pathlib import Path
from typing import Any

SUFFIXES = (".eval.yaml", ".eval.yml", ".eval.json")


def pytest_collect_file(file_path: Path, parent: Any) -> Any:
    """Return the collector of a case file; None for any other file."""
    if not file_path.name.endswith(SUFFIXES):
        return None
    return importlib.import_module("evals.collecting").CaseFile.from_parent(parent, path=file_path)


def pytest_configure(config: Any) -> None:
    """Say what cases bring."""
    config.addinivalue_line("markers", "evals: a case of *.eval.yaml; its tags are keywords for -k")
