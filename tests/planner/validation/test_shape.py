"""Tests of documents that do not have the form of a workflow."""

import pytest

from planner import documents
from planner.validation.shape import salvage


def problems(steps, head=""):
    return documents.read(f"workflow: t\n{head}\nsteps:\n  {steps}\n").problems


def pairs(found):
    return [(problem.code, problem.path) for problem in found]


@pytest.mark.parametrize(
    ("steps", "code", "path", "remedy"),
    [
        ("a: {cal: x.y}", "step-kind", "/steps/a", "'call' by 'cal'"),
        ("a: {call: x.y, set: {}}", "step-kind", "/steps/a", "Keep one"),
        ("a: 3", "wrong-type", "/steps/a", "kind and fields"),
        ("a: {call: x.y, wiht: {}}", "unknown-key", "/steps/a/wiht", "'with'"),
        ("a: {call: x.y, zzz: {}}", "unknown-key", "/steps/a/zzz", "'retry'"),
        ("a: {call: 3}", "wrong-type", "/steps/a/call", '"3"'),
        ("a: {call: x.y, if: true}", "wrong-type", "/steps/a/if", '"true"'),
        ("a: {call: x.y, with: [1]}", "wrong-type", "/steps/a/with", "a mapping"),
        ("a: {decide: q}", "missing-key", "/steps/a", "`options`"),
        ("a: {decide: q, optins: {x: {}}}", "unknown-key", "/steps/a/optins", "'options'"),
        ("a: {decide: q, options: {x: {thn: b}}}", "unknown-key", "/steps/a/options/x/thn", "'then'"),
        ("a: {decide: q, options: {}}", "bad-value", "/steps/a/options", "at least 1"),
        ("a: {decide: q, by: modl, options: {x: {}}}", "bad-value", "/steps/a/by", "'model'"),
        ("a: {decide: q, within: soon, options: {x: {}}}", "bad-duration", "/steps/a/within", "ISO 8601"),
        ("a: {call: x.y, retry: {attemps: 3}}", "unknown-key", "/steps/a/retry/attemps", "'attempts'"),
        ("a: {call: x.y, retry: {attempts: 0}}", "bad-value", "/steps/a/retry/attempts", "greater"),
        ("a: {call: x.y, max_visits: many}", "wrong-type", "/steps/a/max_visits", "a whole number"),
        ("a: {switch: [{when: x}]}", "missing-key", "/steps/a/switch/0", "`then`"),
        ("A1: {call: x.y}", "bad-name", "/steps/A1", "lower-case"),
        ("p: {parallel: {b: {c: {cll: x}}}}", "step-kind", "/steps/p/parallel/b/c", "'call' by 'cll'"),
        (
            "p: {parallel: {b: {c: {call: x.y, wth: {}}}}}",
            "unknown-key",
            "/steps/p/parallel/b/c/wth",
            "'with'",
        ),
        ("p: {parallel: {B: {c: {call: x.y}}}}", "bad-name", "/steps/p/parallel/B", "lower-case"),
        ("p: {parallel: {}}", "bad-value", "/steps/p/parallel", "at least 1"),
        ("f: {foreach: x, steps: {c: {call: 1}}}", "wrong-type", "/steps/f/steps/c/call", '"1"'),
        ("f: {foreach: x}", "missing-key", "/steps/f", "`steps`"),
        ("w: {wait: -5}", "wrong-type", "/steps/w/wait", '"-5"'),
    ],
)
def test_a_wrong_form_is_told_at_its_place_with_a_remedy(steps, code, path, remedy):
    (problem,) = problems(steps)

    assert (problem.code, problem.path) == (code, path)
    assert remedy in problem.remedy


@pytest.mark.parametrize(
    ("head", "code", "path"),
    [
        ("version: 1.2", "wrong-type", "/version"),
        ("version: one", "bad-version", "/version"),
        ("on_failure: undoo", "bad-value", "/on_failure"),
        ("budget: {tokns: 3}", "unknown-key", "/budget/tokns"),
        ("gaol: x", "unknown-key", "/gaol"),
        ("input: [1]", "wrong-type", "/input"),
    ],
)
def test_the_head_of_a_workflow_is_checked(head, code, path):
    assert pairs(problems("a: {set: {}}", head)) == [(code, path)]


def test_every_wrong_form_is_told_at_once():
    found = problems("a: {cal: x}\n  b: {call: 3}\n  c: {decide: q}", "gaol: x")

    assert [code for code, _ in pairs(found)] == ["step-kind", "wrong-type", "missing-key", "unknown-key"]


def test_a_wrong_form_does_not_hide_what_is_wrong_elsewhere(check):
    found = check("a: {call: misc.anything, wiht: {}}\nb: {call: no.such}\nc: {set: {x: '${a.id}'}}")

    assert pairs(found) == [("unknown-key", "/steps/a/wiht"), ("unknown-operation", "/steps/b/call")]


def test_a_broken_step_is_trusted_by_those_that_read_it_or_go_to_it(check):
    steps = """
    a: {set: {}, then: c}
    b: {set: {}}
    c: {cal: misc.anything}
    d: {set: {x: "${c.id}", y: "${b}"}, then: c}
    """
    assert [code for code, _ in pairs(check(steps))] == ["step-kind"]


def test_steps_inside_a_broken_parallel_are_still_checked(check):
    steps = "p: {parallel: {x: {m: {call: no.such}}}, thn: q}\nf: {foreach: 3, steps: {n: {call: no.such2}}}"

    assert sorted(pairs(check(steps))) == [
        ("unknown-key", "/steps/p/thn"),
        ("unknown-operation", "/steps/f/steps/n/call"),
        ("unknown-operation", "/steps/p/parallel/x/m/call"),
        ("wrong-type", "/steps/f/foreach"),
    ]


def test_a_branch_of_the_wrong_form_leaves_the_others(check):
    steps = "p: {parallel: {x: 3, y: {m: {call: no.such}}}}\ns: {set: {v: '${p.x.k.id}'}}"

    assert [code for code, _ in pairs(check(steps))] == ["wrong-type", "unknown-operation"]


def test_a_read_of_a_broken_branch_is_not_blamed(check):
    steps = "p: {parallel: {x: {m: {cll: no.such}}}}\ns: {set: {v: '${p.x.m.id}'}}"

    assert [code for code, _ in pairs(check(steps))] == ["step-kind"]


def test_a_bad_name_is_still_known_to_others(check):
    steps = "a: {set: {}, then: Pay}\nb: {set: {}, then: end}\nPay: {call: misc.anything}"

    assert [code for code, _ in pairs(check(steps))] == ["bad-name", "unreachable-step"]


@pytest.mark.parametrize("document", [{}, {"steps": {}}, {"steps": 3}, {"steps": []}])
def test_nothing_is_salvaged_without_steps(document):
    assert salvage(document) is None


@pytest.mark.parametrize(
    ("text", "lacking"), [("workflow: t", "`steps`"), ("steps: {a: {set: {}}}", "`workflow`")]
)
def test_a_workflow_without_its_parts_is_told(text, lacking):
    (problem,) = documents.check(text).problems

    assert (problem.code, problem.path) == ("missing-key", "")
    assert lacking in problem.message
