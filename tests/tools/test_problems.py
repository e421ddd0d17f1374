"""A problem as one line."""

from tools.problems import Problem


def test_a_problem_reads_as_a_line_that_an_editor_can_jump_to():
    found = Problem(
        path="/a", code="c", message="It is wrong.", remedy="Right it.", file="x.yaml", line=3, column=4
    )
    assert str(found) == "x.yaml:3:4: /a: [c] It is wrong. Right it."


def test_what_is_not_known_is_left_out():
    assert str(Problem(path="/a", code="c", message="It is wrong.")) == "/a: [c] It is wrong."
    assert str(Problem(path="", code="c", message="m", file="x.yaml")) == "x.yaml: : [c] m"
