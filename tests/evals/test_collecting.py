"""Case files are tests of pytest, run as its users do."""

import os
import subprocess
import sys

CASES = """
- id: good
  tags: [quick]
  input: {order: o-1, amount: 5.0}
  model: absent
  person: {clerk: later}
  services: {bank.look: {return: {id: l, amount: 1}}}
  expect: {status: succeeded}
- id: bad
  input: {order: o-1, amount: 5.0}
  model: absent
  person: {clerk: later}
  services: {bank.look: {return: {id: l, amount: 1}}}
  expect: {status: failed}
- id: known
  known_failure: {issue: "#12"}
  input: {order: o-1, amount: 5.0}
  model: absent
  person: {clerk: later}
  services: {bank.look: {return: {id: l, amount: 1}}}
  expect: {status: failed}
"""


def run(desk, *options, cases=CASES):
    file = desk.file(cases)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(file.parent)]
    told = subprocess.run(
        [*command, str(file), *options],
        cwd=file.parent,
        env={**os.environ, "PYTHONPATH": os.getcwd()},  # noqa: TID251, PTH109 - the caller's own
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return told.returncode, told.stdout + told.stderr


def in_project(desk, folder):
    """Let case files stand in the project."""
    desk.where = folder
    return desk


def test_cases_pass_fail_and_are_known_to_fail_as_tests_do(desk, folder):
    code, said = run(in_project(desk, folder))

    assert code == 1
    assert "1 failed, 1 passed, 1 xfailed" in said
    assert "FAIL  small/bad: /status" in said


def test_cases_are_selected_by_name_and_tag(desk, folder):
    code, said = run(in_project(desk, folder), "-k", "quick")

    assert code == 0
    assert "1 passed, 2 deselected" in said


def test_what_is_wrong_with_a_file_is_an_error_of_collecting(desk, folder):
    code, said = run(in_project(desk, folder), cases="- {id: odd, expect: {}, unknown: 1}")

    assert code == 2
    assert "unknown-field" in said
