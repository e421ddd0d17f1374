"""The shape of the house: sizes, doors, names, and tests that mirror what they test."""

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("planner", "tools", "graphs", "api", "evals")
MODULES = sorted(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))
OURS = [path for path in MODULES if "migrations" not in path.parts]
EXTRAS = ("google", "grpc", "grpc_reflection")
"""Packages that only an extra brings, so that they may be missing."""
LONGEST_MODULE, LONGEST_FUNCTION = 400, 60


def named(path):
    return str(path.relative_to(ROOT))


def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(path):
    return [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


@pytest.mark.parametrize("path", OURS, ids=named)
def test_a_module_is_short_enough_to_be_one_noun(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_MODULE


@pytest.mark.parametrize("path", OURS, ids=named)
def test_a_function_is_short_enough_to_be_one_thing(path):
    long = [node.name for node in functions(path) if node.end_lineno - node.lineno >= LONGEST_FUNCTION]

    assert long == []


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_module_says_what_it_is(path):
    assert ast.get_docstring(tree(path)), f"{named(path)} has no docstring"


def test_no_module_bears_a_name_that_says_nothing():
    empty = re.compile(r"^(utils?|helpers?|common|misc|managers?|handlers?|base)$")

    assert [named(path) for path in OURS if empty.match(path.stem)] == []


def test_http_exceptions_are_raised_nowhere():
    assert [named(path) for path in OURS if "HTTPException(" in path.read_text(encoding="utf-8")] == []


def test_a_broad_except_stands_only_at_the_edges():
    edges = {
        "evals/custom.py",
        "graphs/claims.py",
        "graphs/dispatch.py",
        "graphs/leases.py",
        "graphs/rounds.py",
        "graphs/scheduling.py",
        "planner/store/queue.py",
    }
    found = {
        named(path)
        for path in OURS
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or getattr(node.type, "id", "") in {"Exception", "BaseException"})
    }

    assert found <= edges


def test_a_package_face_only_hands_on_names():
    for path in (path for path in OURS if path.name == "__init__.py"):
        kinds = {type(node) for node in tree(path).body[1:]}
        assert kinds <= {ast.ImportFrom, ast.Import, ast.Assign}, named(path)


def test_importing_a_module_needs_no_environment_and_does_nothing():
    names = [
        found.name
        for package in PACKAGES
        for found in pkgutil.walk_packages([str(ROOT / package)], f"{package}.")
        if ".migrations" not in found.name and not found.name.endswith("__main__")
    ]
    program = (
        "import importlib, socket, sys\n"
        "def refused(*a, **k): raise AssertionError('a socket was opened')\n"
        "socket.socket.connect = refused\n"
        f"for name in {names!r}:\n"
        "    try: importlib.import_module(name)\n"
        "    except ModuleNotFoundError as exc:\n"
        f"        if exc.name.partition('.')[0] not in {EXTRAS!r}: raise\n"
        "import threading; assert threading.active_count() == 1, threading.enumerate()\n"
    )

    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr


def test_error_codes_are_unique():
    leaves = []
    for name in ("tools.errors", "planner.errors"):
        module = importlib.import_module(name)
        leaves += [
            value.code
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, Exception) and value.__module__ == name
        ]

    assert len(leaves) == len(set(leaves))


SCENARIOS = {
    "crashes",
    "dispatch_real",
    "fault_cases",
    "httpbin",
    "moto",
    "real_documents",
    "reference_servers",
    "tool_servers",
    "real_services",
    "rpc_services",
    "invariants",
    "canary",
    "handovers",
}
"""Test files that are about a whole, not about one module."""


@pytest.mark.parametrize("path", sorted((ROOT / "tests").glob("*/**/test_*.py")), ids=named)
def test_a_test_file_stands_where_its_module_does(path):
    """The trees mirror each other; coverage sees to it that no module goes without tests."""
    place, name = path.relative_to(ROOT / "tests").parent, path.stem.removeprefix("test_")
    module = ROOT / place / f"{name}.py"
    if place.parts[0] == "examples" or name in SCENARIOS:
        return

    assert module.exists() or any(name.startswith(f"{m.stem}_") for m in module.parent.glob("*.py"))
