"""Tests of decisions and recoveries by themselves."""

import pytest


def pairs(problems):
    return [(problem.code, problem.path) for problem in problems]


READ = '\nz: {set: {x: "${d.choice}"}}'


@pytest.mark.parametrize("by", ["model", "person"])
def test_a_choice_between_several_needs_otherwise(check, by):
    assert pairs(check(f"d: {{decide: q, by: {by}, options: {{x: {{}}, y: {{}}}}}}{READ}")) == [
        ("missing-otherwise", "/steps/d")
    ]


def test_a_single_option_that_is_always_there_needs_none(check):
    assert check("d: {decide: q, options: {x: {}}}") == []


def test_a_single_guarded_option_needs_otherwise(check):
    assert pairs(check("d: {decide: q, options: {x: {when: \"run.id == 'x'\"}}}")) == [
        ("missing-otherwise", "/steps/d")
    ]


def test_a_rule_needs_otherwise_unless_an_option_is_always_there(check):
    guarded = "x: {when: \"run.id == 'x'\"}"

    assert check(f"d: {{decide: q, by: rule, options: {{{guarded}, y: {{}}}}}}{READ}") == []
    found = check(f"d: {{decide: q, by: rule, options: {{{guarded}, y: {{when: 'run.id != \"x\"'}}}}}}{READ}")
    assert pairs(found) == [("missing-otherwise", "/steps/d")]


def test_otherwise_names_an_option(check):
    (problem,) = check(f"d: {{decide: q, options: {{stay: {{}}, leave: {{}}}}, otherwise: leav}}{READ}")

    assert (problem.code, problem.path) == ("unknown-option", "/steps/d/otherwise")
    assert "'leave'" in problem.remedy


def test_otherwise_has_no_guard(check):
    steps = f"d: {{decide: q, options: {{x: {{when: 'run.id == \"x\"'}}, y: {{}}}}, otherwise: x}}{READ}"

    assert pairs(check(steps)) == [("otherwise-guarded", "/steps/d/otherwise")]


def test_an_option_behind_one_that_always_applies_is_never_taken_by_a_rule(check):
    steps = f"d: {{decide: q, by: rule, options: {{x: {{}}, y: {{when: 'run.id == \"x\"'}}}}}}{READ}"

    assert pairs(check(steps)) == [("unreachable-option", "/steps/d/options/y")]


def test_a_decision_that_changes_nothing_is_told(check):
    steps = "d: {decide: q, options: {x: {}, y: {then: z}}, otherwise: y}\nz: {set: {}}"

    assert pairs(check(steps)) == [("no-consequence", "/steps/d/options")]


@pytest.mark.parametrize("code", ["d.choice", "d", "d['choice']"])
def test_a_decision_whose_choice_is_read_has_a_consequence(check, code):
    assert (
        check(
            f'd: {{decide: q, options: {{x: {{}}, y: {{}}}}, otherwise: y}}\nz: {{set: {{v: "${{{code}}}"}}}}'
        )
        == []
    )


@pytest.mark.parametrize(("code", "wrong"), [("d.choise", "unknown-field"), ("dd.choice", "unknown-name")])
def test_a_misspelt_read_of_the_choice_is_the_only_problem(check, code, wrong):
    steps = f'd: {{decide: q, options: {{x: {{}}, y: {{}}}}, otherwise: y}}\nz: {{set: {{v: "${{{code}}}"}}}}'

    assert [problem.code for problem in check(steps)] == [wrong]


def test_a_nested_decision_is_read_through_what_is_around_it(check):
    nested = "{d: {decide: q, options: {x: {}, y: {}}, otherwise: y}}"

    assert check(f'p: {{parallel: {{b: {nested}}}}}\nz: {{set: {{v: "${{p.b.d.choice}}"}}}}') == []
    assert (
        check(f'f: {{foreach: "[1]", steps: {nested}}}\nz: {{set: {{v: "${{f.map(i, i.d.choice)}}"}}}}') == []
    )
    assert pairs(check(f"p: {{parallel: {{b: {nested}}}}}")) == [
        ("no-consequence", "/steps/p/parallel/b/d/options")
    ]


def test_otherwise_of_recovery_is_allowed(check):
    steps = "a: {call: misc.anything, recover: {allow: [retry, fail], otherwise: undo}}"
    (problem,) = check(steps)

    assert (problem.code, problem.path) == ("otherwise-not-allowed", "/steps/a/recover/otherwise")
    assert "'retry', 'fail'" in problem.remedy


def test_otherwise_of_recovery_is_a_person_unless_told(check):
    (problem,) = check("a: {call: misc.anything, recover: {allow: [retry, fail]}}")

    assert (problem.code, problem.path) == ("otherwise-not-allowed", "/steps/a/recover")
    assert "unless told" in problem.message


def test_only_an_optional_call_may_be_skipped(check):
    recover = "recover: {allow: [skip, person]}"

    assert pairs(check(f"a: {{call: misc.anything, {recover}}}")) == [
        ("skip-not-optional", "/steps/a/recover")
    ]
    assert check(f"a: {{call: misc.anything, optional: true, {recover}}}") == []


def test_a_substitute_must_be_there_to_be_taken(check):
    recover = "recover: {allow: [substitute, person]}"

    assert pairs(check(f"a: {{call: misc.anything, {recover}}}")) == [("no-substitutes", "/steps/a/recover")]
    assert check(f"a: {{call: misc.anything, substitutes: [{{call: misc.anything}}], {recover}}}") == []
