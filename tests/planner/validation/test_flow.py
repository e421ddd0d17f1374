"""Tests of the flow: unreachable steps, loops, ends."""

CALL = "{call: misc.anything}"


def codes(problems):
    return [problem.code for problem in problems]


def test_a_step_that_nothing_leads_to_is_told(check):
    (problem,) = check(f"a: {{call: misc.anything, then: c}}\nb: {CALL}\nc: {CALL}")

    assert (problem.code, problem.path) == ("unreachable-step", "/steps/b")
    assert "'b'" in problem.message


def test_steps_behind_an_unreachable_one_are_told_with_it(check):
    (problem,) = check(f"a: {{call: misc.anything, then: end}}\nb: {CALL}\nc: {CALL}")

    assert problem.path == "/steps/b"
    assert "'c'" in problem.message


def test_an_unreachable_loop_is_told_once(check):
    steps = (
        f"a: {{call: misc.anything, then: end}}\nb: {{set: {{}}, max_visits: 2}}\nc: {CALL[:-1]}, then: b}}"
    )

    assert codes(check(steps)) == ["unreachable-step"]


def test_a_loop_without_a_bound_is_told_with_its_way(check):
    steps = """
    a: {call: misc.anything}
    b: {switch: [{when: "${run.id == 'x'}", then: a}], otherwise: end}
    """
    (problem,) = check(steps)

    assert problem.code == "unbounded-cycle"
    assert "a → b → a" in problem.message


def test_a_step_that_may_follow_itself_needs_a_bound(check):
    steps = "a: {switch: [{when: \"${run.id == 'x'}\", then: a}], otherwise: end}"

    assert codes(check(steps)) == ["unbounded-cycle"]


def test_one_bounded_step_on_a_loop_is_enough(check):
    steps = """
    a: {call: misc.anything, max_visits: 3}
    b: {switch: [{when: "${run.id == 'x'}", then: a}], otherwise: end}
    """
    assert check(steps) == []


def test_a_bound_on_one_loop_does_not_cover_another(check):
    steps = """
    a: {call: misc.anything, max_visits: 3}
    b: {switch: [{when: "${run.id == 'x'}", then: a}], otherwise: c}
    c: {call: misc.anything}
    d: {switch: [{when: "${run.id == 'x'}", then: c}], otherwise: end}
    """
    (problem,) = check(steps)

    assert problem.path == "/steps/c"


def test_a_loop_without_an_exit_has_no_way_to_the_end(check):
    (problem,) = check(f"a: {CALL}\nb: {{call: misc.anything, then: a, max_visits: 3}}")

    assert problem.code == "no-way-to-end"
    assert "a → b → a" in problem.message


def test_a_fail_step_is_an_end(check):
    assert check("a: {switch: [{when: '${run.id == \"x\"}', then: b}], otherwise: end}\nb: {fail: no}") == []


def test_a_skipped_fail_step_goes_on(check):
    assert check("a: {fail: no, if: \"${run.id == 'x'}\"}\nb: {call: misc.anything}") == []


def test_nothing_follows_a_parallel_whose_branch_always_fails(check):
    (problem,) = check(f"a: {{parallel: {{x: {{n: {{fail: no}}}}, y: {{m: {CALL}}}}}}}\nb: {CALL}")

    assert (problem.code, problem.path) == ("unreachable-step", "/steps/b")


def test_nested_sequences_are_looked_at_too(check):
    (problem,) = check(
        "a: {foreach: '[1]', steps: {x: {call: misc.anything, then: end}, y: {call: misc.anything}}}"
    )

    assert problem.path == "/steps/a/steps/y"


def test_a_decision_without_targets_goes_where_its_own_then_says(check):
    steps = """
    a: {decide: Which?, options: {x: {then: c}, y: {}}, otherwise: y, then: d}
    b: {call: misc.anything}
    c: {call: misc.anything}
    d: {call: misc.anything}
    """
    (problem,) = check(steps)

    assert problem.path == "/steps/b"
