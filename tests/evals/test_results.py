"""What was written down is read again as it was, and not at all once it was changed."""

import json

import pytest

from evals import report, results
from planner.log.masking import Masking

PAID = """
model: {how: card}
services:
  bank.look: {return: {id: l-1, amount: 1}}
  bank.charge: {return: {id: c-1, amount: 5.0}}
expect: {status: succeeded}
"""


def written(document, folder):
    file = folder / "result.json"
    file.write_text(report.text(document), encoding="utf-8")
    return file


def test_a_trace_comes_back_as_it_was(desk, tmp_path):
    result = desk.pay(PAID)
    file = written(report.document([report.case(result, Masking())]), tmp_path)
    assert results.trace(json.loads(file.read_text())["cases"][0]) == result.trace


def test_a_result_that_does_not_tell_where_it_comes_from_is_refused(desk, tmp_path):
    file = written(report.document([report.case(desk.pay(PAID), Masking())]), tmp_path)
    with pytest.raises(results.ResultInvalid, match="does not tell where it comes from"):
        results.read(file)


def test_a_case_that_broke_off_has_no_trace(desk):
    document = report.document([report.case(desk.pay("expect: {status: succeeded}"), Masking())])
    assert document["cases"][0]["status"] == "unscripted"
    assert results.trace(document["cases"][0]) is None


def test_a_result_that_was_changed_is_refused(desk, tmp_path):
    document = report.document([report.case(desk.pay(PAID), Masking())])
    document["totals"]["passed"] = 7
    with pytest.raises(results.ResultInvalid, match="changed after it was written"):
        results.read(written(document, tmp_path))


@pytest.mark.parametrize("content", ["{", "[]", json.dumps({"schema": "evals-baseline/1"})])
def test_what_is_no_result_is_refused(content, tmp_path):
    file = tmp_path / "result.json"
    file.write_text(content)
    with pytest.raises(results.ResultInvalid, match=r"result\.json cannot be used"):
        results.read(file)
