"""Files become suites, or every problem with its line and column."""

import pytest

from evals import load
from evals.errors import ProjectMissing, SuiteInvalid

GOOD = """
- id: fine
  input: {order: o-1, amount: 500.0}
  expect: {status: succeeded}
"""


def test_a_good_file_has_no_problem(desk):
    found = desk.read(GOOD)
    assert found.problems == ()
    assert [case.id for case in found.suite.cases] == ["fine"]


@pytest.mark.parametrize(
    ("cases", "told"),
    [
        (
            "- id: x1\n  inptu: {}\n  expect: {status: succeeded}\n",
            "6:3: /cases/0/inptu: [unknown-field] There is no field 'inptu' here. Did you mean 'input'?",
        ),
        (
            "- id: x1\n  expect: {status: succeeded}\n  model: {how: {choos: card}}\n",
            "There is no field 'choos' here. Did you mean 'choose'?",
        ),
        (
            "- id: x1\n  expect: {status: succeeded}\n  model: {how: [card, {chose: card}]}\n",
            "7:24: /cases/0/model/how/1/chose: [unknown-field]",
        ),
        ("- id: x1\n", "[missing-field] The field 'expect' is missing."),
        ("- id: X!\n  expect: {status: succeeded}\n", "5:3: /cases/0/id: [bad-value]"),
        ("- id: x1\n  expect: {}\n", "a case that expects nothing proves nothing"),
        ("- id: x1\n  expect: {status: {regex: '('}}\n", "is no regular expression"),
        ("- id: x1\n  expect: [1]\n", "[wrong-type] Here stands [1], not a mapping."),
        (
            "- id: x1\n  expect: {status: a}\n  services: {bank.look: {}}\n",
            "xactly one of `return`, `status`, `fault`, `outcome` must be told, not 0",
        ),
        (
            "- id: x1\n  expect: {status: a}\n  services: {bank.look: {fault: explode}}\n",
            "/cases/0/services/bank.look/fault: [bad-value]",
        ),
        (
            "- id: x1\n  expect: {status: a}\n  person: {clerk: {choose: card, after: soon}}\n",
            "a duration such as PT2H",
        ),
        ("- id: x1\n  expect: {status: a}\n- id: x1\n  expect: {status: a}\n", "more than one case"),
        ("- id: x1\n  id: x2\n  expect: {status: a}\n", "6:3:"),
    ],
)
def test_a_problem_of_form_is_told_with_its_place(desk, cases, told):
    problems = desk.problems(cases)
    assert any(told.lower() in each.lower() for each in problems), problems


def test_one_wrong_word_gives_one_problem(desk):
    assert len(desk.problems("- id: x1\n  expect: {status: a}\n  model: {how: {choos: card}}\n")) == 1


def test_text_that_is_no_yaml_is_told(desk):
    problems = desk.problems("cases: [", head="schema: evals/1\n")
    assert problems
    assert "[malformed]" in problems[0]


def test_files_are_found_below_folders_and_only_those(desk, tmp_path):
    (tmp_path / "deep").mkdir()
    file = tmp_path / "deep" / "a.eval.yaml"
    file.write_text("x", encoding="utf-8")
    (tmp_path / "b.yaml").write_text("x", encoding="utf-8")
    assert load.find([tmp_path]) == [file]
    assert load.find([file, tmp_path]) == [file]
    with pytest.raises(SuiteInvalid, match="no such file"):
        load.find([tmp_path / "nowhere.eval.yaml"])
    with pytest.raises(SuiteInvalid, match="no case file"):
        load.find([tmp_path / "b.yaml"])


def test_the_project_is_the_nearest_folder_with_a_catalogue(desk, folder):
    (folder / "evals").mkdir(exist_ok=True)
    file = folder / "evals" / "near.eval.yaml"
    file.write_text(desk.file(GOOD).read_text(encoding="utf-8"), encoding="utf-8")
    loaded = load.load([file])
    assert loaded[0].project.folder == folder
    file.unlink()


def test_a_file_in_no_project_is_told(desk):
    with pytest.raises(ProjectMissing, match="--project"):
        load.load([desk.file(GOOD)])


def test_two_suites_of_one_name_are_told(desk, folder):
    files = [desk.file(GOOD), desk.file(GOOD, name="other.eval.yaml")]
    with pytest.raises(SuiteInvalid, match="suite-twice"):
        load.load(files, folder=folder)
