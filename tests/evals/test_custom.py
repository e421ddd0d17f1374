import pytest

from evals import custom
from evals.cases import Case
from evals.custom import CustomCheckBroken

MODULE = """
def good(case, trace): return True
def silent(case, trace): return None
def bad(case, trace): return f"{case.id} ended as {trace}"
def no(case, trace): return False
def odd(case, trace): return 7
def breaks(case, trace): return 1 / 0
"""


@pytest.fixture(autouse=True)
def module(tmp_path, monkeypatch):
    (tmp_path / "own_checks_of_a_test.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))


def judge(*names):
    wanted = [f"own_checks_of_a_test:{name}" for name in names]
    case = Case.model_validate({"id": "pay", "expect": {"custom": wanted}})
    return custom.judge(case, "failed")


def test_what_says_nothing_or_true_is_well():
    assert [check.ok for check in judge("good", "silent")] == [True, True]


def test_a_sentence_says_why_it_is_not():
    bad, no = judge("bad", "no")

    assert (bad.ok, bad.difference.found) == (False, "pay ended as failed")
    assert (no.ok, bad.name) == (False, "/custom/own_checks_of_a_test:bad")


@pytest.mark.parametrize(
    ("name", "why"), [("odd", "returned 7"), ("breaks", "ZeroDivisionError"), ("gone", "cannot be found")]
)
def test_a_check_that_breaks_is_told(name, why):
    with pytest.raises(CustomCheckBroken, match=why):
        judge(name)


def test_a_module_that_is_not_there_is_told():
    case = Case.model_validate({"id": "pay", "expect": {"custom": ["no_such_module:check"]}})

    with pytest.raises(CustomCheckBroken, match="cannot be found"):
        custom.judge(case, None)
