"""Results for people and machines, and the exit code that they call for."""

import json

import pytest

from evals import report
from evals.checks import Check
from evals.jobs import CaseResult
from evals.match import Difference
from planner.log.masking import Masking


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
        ([result(), result("unscripted")], 1),
        ([result("failed"), result("error", is_harness_error=True)], 3),
    ],
)
def test_the_exit_code_is_that_of_the_worst(results, code):
    assert report.exit_code([report.case(each, Masking()) for each in results]) == code


def test_a_line_tells_status_name_and_reason():
    assert report.line(report.case(result(), Masking())) == "PASS  s/c (12 ms)"
    assert report.line(report.case(result("failed", reason="why"), Masking())) == "FAIL  s/c: why"
    assert report.line(report.case(result("error", reason="why"), Masking())) == "ERROR s/c: why"
    assert report.line(report.case(result("unscripted", reason="why"), Masking())) == "UNSCR s/c: why"
    assert (
        report.summary([{"status": "passed"}, {"status": "failed"}], 0.02)
        == "2 cases: 1 passed, 1 failed in 0.02 s"
    )


def test_the_document_is_json_even_of_a_case_that_broke_off():
    told = json.loads(
        report.text(
            report.document(
                [report.case(result("unscripted", reason="x", code="script-unmatched"), Masking())]
            )
        )
    )
    assert (told["totals"]["unscripted"], told["totals"]["error"]) == (1, 0)
    assert told["cases"][0]["path"] == []
    assert told["suite"] == "s"


def differing(pointer, expected, found):
    told = Difference(pointer=pointer, expected=expected, found=found)
    broken = Check(name="/output", ok=False, difference=told)
    return result("failed", checks=[broken], reason=broken.reason)


@pytest.mark.parametrize(
    ("pointer", "found"),
    [
        ("/output/access_token", "canary-9"),
        ("/output", {"password": "canary-9"}),
        ("/error", "Bearer canary-9"),
    ],
)
def test_a_report_tells_no_secret_neither_in_words_nor_as_data(pointer, found):
    told = differing(pointer, "another", found)

    assert "canary" not in report.line(report.case(told, Masking()))
    assert "canary" not in report.text(report.document([report.case(told, Masking())]))
    assert pointer in report.line(report.case(told, Masking()))


def test_without_masking_a_report_tells_what_was_found():
    told, off = differing("/output/access_token", "another", "canary-9"), Masking(never=(), detectors=())

    assert "canary-9" in report.line(report.case(told, off))
    assert "canary-9" in report.text(report.document([report.case(told, off)]))
