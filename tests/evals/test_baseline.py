import json

import pytest

from evals import baseline, report
from evals.baseline import BaselineInvalid
from evals.results import ResultInvalid
from planner.log.masking import Masking


def results(desk, expect="{status: succeeded}"):
    quiet = "model: absent\nperson: {clerk: later}\nservices: {bank.look: {return: {id: l, amount: 1}}}\n"
    return report.document([report.case(desk.pay(f"{quiet}expect: {expect}"), Masking())])


def test_a_baseline_keeps_what_came_of_each_case(desk, tmp_path):
    found = baseline.of_results(results(desk))

    ((name, kept),) = found.cases.items()
    assert (name, kept.status, kept.decisions) == ("small/one-case", "passed", ("how: ask", "clerk: later"))
    file = tmp_path / "baseline.json"
    file.write_text(baseline.text(found))
    assert baseline.read(file) == found


def test_results_are_read_as_a_baseline(desk, tmp_path):
    file = tmp_path / "results.json"
    file.write_text(report.text(results(desk)))

    assert baseline.read(file) == baseline.of_results(results(desk))


def test_results_that_were_changed_make_no_baseline(desk, tmp_path):
    document = results(desk)
    document["cases"][0]["status"] = "failed"
    file = tmp_path / "results.json"
    file.write_text(report.text(document))

    with pytest.raises(ResultInvalid, match="changed after it was written"):
        baseline.read(file)


def test_another_expectation_is_another_definition(desk):
    one, other = (
        baseline.of_results(results(desk, each)) for each in ("{status: succeeded}", "{status: failed}")
    )

    assert one.cases["small/one-case"].definition != other.cases["small/one-case"].definition
    assert other.cases["small/one-case"].reason.startswith("/status")


@pytest.mark.parametrize(
    "text", ["{", "[]", json.dumps({"schema": "evals-baseline/1"}), json.dumps({"schema": "x"})]
)
def test_what_is_neither_is_told(tmp_path, text):
    file = tmp_path / "odd.json"
    file.write_text(text)

    with pytest.raises(BaselineInvalid, match="neither a result"):
        baseline.read(file)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(BaselineInvalid, match=r"gone\.json"):
        baseline.read(tmp_path / "gone.json")
