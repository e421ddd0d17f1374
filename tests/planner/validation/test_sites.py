"""Tests of the places where expressions stand."""

import pytest

from planner import documents
from planner.validation.sequences import sequences
from planner.validation.sites import sites

EVERYTHING = """
workflow: t
steps:
  call:
    call: a.b
    if: "${c1}"
    with: {a: ["${c2}", {b: "x ${c3}"}]}
    substitutes: [{call: a.c, with: {a: "${c4}"}}]
  decide: {decide: q, given: {a: "${d1}"}, options: {x: {when: "${d2}"}}}
  switch: {switch: [{when: "s1", then: end}]}
  set: {set: {a: "${t1}"}}
  parallel: {parallel: {b: {n: {set: {a: "${p1}"}}}}}
  foreach: {foreach: "f1", steps: {m: {set: {a: "${f2}"}}}}
  run: {run: other, with: {a: "${r1}"}}
  wait: {wait: "${w1}"}
  fail: {fail: "no ${x1}"}
output: {a: "${o1}"}
"""


def test_expressions_are_found_in_every_kind_of_step():
    workflow = documents.read(EVERYTHING).workflow
    found = {
        name for site in sites(workflow, sequences(workflow)) for code in site.codes for name in code.names
    }

    assert found == {"c1", "c2", "c3", "c4", "d1", "d2", "s1", "t1", "p1", "f1", "f2", "r1", "w1", "x1", "o1"}


def test_a_site_points_at_its_place():
    workflow = documents.read(EVERYTHING).workflow
    pointers = {site.pointer for site in sites(workflow, sequences(workflow))}

    assert {"/steps/call/with/a/1/b", "/steps/parallel/parallel/b/n/set/a", "/output/a"} <= pointers


@pytest.mark.parametrize("text", ["{order.id}", "$order.id}", "{input.x}"])
def test_a_half_written_expression_is_told(check, text):
    (problem,) = check(f'order: {{call: misc.anything}}\ns: {{set: {{x: "{text}"}}}}')

    assert (problem.code, problem.path) == ("bad-expression", "/steps/s/set/x")


@pytest.mark.parametrize("text", ["{user.name}", "{}", "cost: $5", "order.id"])
def test_a_text_that_only_looks_a_little_like_one_is_let_be(check, text):
    assert check(f'order: {{call: misc.anything}}\ns: {{set: {{x: "{text}"}}}}') == []


def test_an_expression_that_is_not_closed_is_told(check):
    (problem,) = check('s: {set: {x: "${run.id"}}')

    assert problem.code == "bad-expression"
    assert "not closed" in problem.message


@pytest.mark.parametrize(
    ("steps", "path"),
    [
        ('d: {decide: "Refund ${run.id}?", options: {x: {}}}', "/steps/d/decide"),
        ('d: {decide: q, options: {x: {means: "${run.id}"}}}', "/steps/d/options/x/means"),
        ('d: {call: misc.anything, recover: {decide: "${run.id}"}}', "/steps/d/recover/decide"),
    ],
)
def test_expressions_in_words_for_deciders_are_not_evaluated(check, steps, path):
    (problem,) = check(steps)

    assert (problem.code, problem.path) == ("not-evaluated", path)
