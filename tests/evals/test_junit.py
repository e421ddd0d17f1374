"""JUnit: what servers of continuous integration read, for every way in which a case may end."""

from xml.etree.ElementTree import fromstring

from evals import junit, report
from evals.checks import Check
from evals.jobs import CaseResult
from evals.match import Difference
from planner.log.masking import Masking

DIFFERENCE = Difference(pointer="/status", expected="failed", found="succeeded\x07")


def result(name, status, suite="s", **more):
    facts = {
        "suite": suite,
        "file": "a/s.eval.yaml",
        "id": name,
        "workflow": "w",
        "engine": "driver",
        "ms": 1500,
    }
    return CaseResult(**facts, status=status, **more)


def read(*results):
    return fromstring(junit.text(report.document([report.case(each, Masking()) for each in results])))  # noqa: S314 - our own


def test_every_suite_counts_its_cases():
    root = read(result("a", "passed"), result("b", "failed"), result("c", "error", suite="t"))
    assert (root.tag, root.get("tests"), root.get("failures"), root.get("errors")) == (
        "testsuites",
        "3",
        "1",
        "1",
    )
    suites = [(each.get("name"), each.get("tests"), each.get("time")) for each in root]
    assert suites == [("s", "2", "3.000"), ("t", "1", "1.500")]


def test_a_case_is_named_by_its_file_and_id_and_a_passed_one_has_no_complaint():
    told = read(result("a", "passed", tags=("money",)))[0][0]
    assert (told.get("classname"), told.get("name"), told.get("time")) == ("a/s.eval.yaml", "a", "1.500")
    assert {"name": "tag", "value": "money"} in [each.attrib for each in told[0]]
    assert [each.tag for each in told] == ["properties"]


def test_why_a_case_did_not_pass_stands_with_it():
    check = Check(name="/status", ok=False, difference=DIFFERENCE)
    failed = result("a", "failed", checks=(check,), reason="why", title="It fails")
    known = result("c", "expected", reason="#12: why")
    broke = result("b", "error", code="stuck", reason="nothing moves it")
    told = [
        (each[1].tag, each[1].get("type"), each[1].get("message")) for each in read(failed, broke, known)[0]
    ]
    assert told == [
        ("failure", "expectation", '/status expected "failed", found "succeeded "'),
        ("error", "stuck", "nothing moves it"),
        ("skipped", "xfail", "#12: why"),
    ]
    assert read(failed)[0][0][1].text == "It fails\n/status: expected 'failed', found 'succeeded\\x07'"


def test_an_unscripted_case_is_an_error_of_its_own_type_and_one_of_a_real_model_is_skipped():
    asked = {"code": "script-unmatched", "reason": "nobody answers"}
    offline, live = (result("a", "unscripted", is_aside=aside, **asked) for aside in (False, True))
    told = read(offline, live)
    assert [(each[1].tag, each[1].get("type")) for each in told[0]] == [
        ("error", "unscripted"),
        ("skipped", "unscripted"),
    ]
    assert (told.get("errors"), told.get("skipped")) == ("1", "1")


def test_what_xml_cannot_hold_becomes_a_blank():
    assert read(result("a", "failed", reason="a\x00b<c>"))[0][0][1].get("message") == "a b<c>"
