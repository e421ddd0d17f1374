"""Tests of names that lead nowhere."""


def test_an_unknown_target_is_told_with_the_nearest_step(check):
    (problem,) = check("a: {set: {}, then: cc}\nb: {set: {}}\nc: {set: {}}")

    assert (problem.code, problem.path) == ("unknown-step", "/steps/a/then")
    assert "'c'" in problem.remedy


def test_a_misspelt_step_is_told_once_for_targets_and_reads_together(check):
    steps = """
    first: {call: misc.anything, then: pay}
    second: {set: {}, then: pay}
    payy: {call: misc.anything}
    last: {set: {x: "${pay.id}"}}
    """
    (problem,) = check(steps)

    assert (problem.code, problem.path) == ("unknown-step", "/steps/first/then")
    assert "3 places" in problem.message
    assert "'payy'" in problem.remedy


def test_every_kind_of_target_is_checked(check):
    steps = """
    a: {decide: q, options: {x: {then: p1}, y: {}}, otherwise: y}
    b: {switch: [{when: "${run.id == 'x'}", then: p2}], otherwise: p3}
    """
    assert sorted(problem.path for problem in check(steps)) == [
        "/steps/a/options/x/then",
        "/steps/b/otherwise",
        "/steps/b/switch/0/then",
    ]


def test_a_step_of_another_sequence_is_no_target(check):
    (problem,) = check("p: {parallel: {x: {m: {set: {}}}}}\nz: {set: {}, then: m}")

    assert problem.code == "unknown-step"
    assert "'p.x.m'" in problem.message


def test_the_error_of_a_recovery_is_no_name(check):
    (problem,) = check('a: {set: {x: "${error.message}"}}')

    assert problem.code == "unknown-name"
    assert "recover" in problem.remedy
