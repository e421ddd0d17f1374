"""Results for people and machines, and the exit code that they call for."""

import json

import pytest

from evals import report
from evals.runner import CaseResult


def result(status="passed", **more):
    return CaseResult(
        suite="s", file="f", id="c", workflow="w", engine="driver", status=status, ms=12.3, **more
    )


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ([], 5),
        ([result()], 0),
        ([result(), result("failed")], 1),
        ([result(), result("error")], 1),
        ([result("failed"), result("error", is_harness_error=True)], 3),
    ],
)
def test_the_exit_code_is_that_of_the_worst(results, code):
    assert report.exit_code(results) == code


def test_a_line_tells_status_name_and_reason():
    assert report.line(result()) == "PASS  s/c (12 ms)"
    assert report.line(result("failed", reason="why")) == "FAIL  s/c: why"
    assert report.line(result("error", reason="why")) == "ERROR s/c: why"
    assert report.summary([result(), result("failed")]) == "2 cases: 1 passed, 1 failed in 0.02 s"


def test_the_document_is_json_even_of_a_case_that_broke_off():
    told = json.loads(report.text(report.document([result("error", reason="x", code="script-unmatched")])))
    assert told["totals"]["error"] == 1
    assert told["cases"][0]["path"] == []
    assert told["suite"] == "s"
