"""Tests of the table of codes: every example is run, and the guide is held to it."""

import re
from pathlib import Path

import pytest

from planner import documents
from planner.validation import codes

ROOT = Path(__file__).resolve().parents[3]
EMITTED = re.compile(r'"([a-z]+(?:-[a-z]+)+)"')
SOURCES = [*(ROOT / "planner" / "validation").glob("*.py"), ROOT / "planner" / "documents.py"]
OF_THE_READER = {
    "malformed",
    "duplicate-key",
    "unknown-alias",
    "too-deep",
    "too-many-values",
    "document-too-large",
}
OF_SCHEMAS = {"missing-field", "x-label"}
ROW = re.compile(r"^\| `([a-z-]+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


def found(code):
    parsed = documents.check(code.text, file="example.yaml", catalog=codes.catalog())
    return [*parsed.problems, *parsed.remarks]


@pytest.mark.parametrize("code", codes.table(), ids=lambda code: code.code)
def test_an_example_raises_its_code_and_no_other(code):
    assert [(problem.code, problem.severity) for problem in found(code)] == [(code.code, code.severity)]


@pytest.mark.parametrize("code", codes.table(), ids=lambda code: code.code)
def test_a_problem_stands_in_the_line_that_holds_the_culprit(code):
    (problem,) = found(code)
    line = code.text.split("\n")[problem.line - 1] if problem.line else ""

    assert code.culprit in line
    assert problem.line is None or 1 <= problem.column <= len(line) + 1


def test_the_table_holds_every_code_that_is_raised_once():
    listed = [code.code for code in codes.table()]
    emitted = {code for source in SOURCES for code in EMITTED.findall(source.read_text())} - OF_SCHEMAS

    assert len(listed) == len(set(listed))
    assert set(listed) == emitted | OF_THE_READER


def test_every_class_of_defects_is_of_the_list():
    known = {"text", "form", *(f"S{number}" for number in range(1, 17))}

    assert {name for code in codes.table() for name in code.class_.split(", ")} <= known


def test_the_guide_tells_of_each_code_what_the_table_does():
    rows = ROW.findall((ROOT / "docs" / "problems.md").read_text(encoding="utf-8"))
    table = [
        (code.code, code.class_, code.means, f"`{code.culprit}`" if code.culprit else "(any)", code.remedy)
        for code in codes.table()
    ]

    assert [tuple(cell.strip() for cell in row) for row in rows] == table
