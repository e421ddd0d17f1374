"""Tests of references: names, fields, and steps that may not have run."""

ORDER = "order: {call: orders.getOrder, with: {order_id: x}}\n"


def pairs(problems):
    return [(problem.code, problem.path) for problem in problems]


def test_a_step_that_runs_before_can_be_read(check):
    assert check(ORDER + 's: {set: {x: "${order.total}"}}') == []


def test_an_unknown_name_is_told_once_with_the_nearest(check):
    (problem,) = check(ORDER + 's: {set: {x: "${ordr.total}", y: "${ordr.id} and ${ordr.sku}"}}')

    assert (problem.code, problem.path) == ("unknown-name", "/steps/s/set/x")
    assert "3 places" in problem.message
    assert "'order'" in problem.remedy


def test_an_unknown_field_of_a_closed_answer_is_told_once(check):
    (problem,) = check(ORDER + 's: {set: {x: "${order.totl}", y: "${order.totl > 1.0}"}}')

    assert problem.code == "unknown-field"
    assert "'total'" in problem.remedy


def test_fields_of_an_unknown_answer_are_trusted(check):
    assert check('a: {call: misc.anything}\ns: {set: {x: "${a.whatever.deep}"}}') == []


def test_an_input_that_is_not_declared_is_unknown(check):
    head = "input: {type: object, properties: {order_id: {type: string}}}"
    (problem,) = check('s: {set: {x: "${input.ordr_id}"}}', head=head)

    assert (problem.code, problem.path) == ("unknown-input", "/steps/s/set/x")
    assert "'order_id'" in problem.remedy


def test_an_open_input_is_trusted(check):
    head = "input: {type: object, properties: {a: {type: string}}, additionalProperties: true}"

    assert check('s: {set: {x: "${input.b}"}}', head=head) == []
    assert check('s: {set: {x: "${input.b}"}}') == []


def test_the_fields_of_run_are_known(check):
    good = 's: {set: {a: "${run.id + run.goal + run.workflow + run.version + run.started_at}"}}'

    assert check(good) == []
    assert pairs(check('s: {set: {a: "${run.idd}"}}')) == [("unknown-field", "/steps/s/set/a")]


def test_a_step_on_one_way_only_may_not_have_run(check):
    steps = """
    pick: {decide: q, options: {x: {then: a}, y: {then: b}}, otherwise: y}
    a: {call: misc.anything}
    b: {set: {x: "${a.id}"}}
    """
    (problem,) = check(steps)

    assert problem.code == "may-not-have-run"
    assert "pick → b" in problem.message


def test_has_in_the_same_expression_allows_it(check):
    steps = """
    pick: {decide: q, options: {x: {then: a}, y: {then: b}}, otherwise: y}
    a: {call: misc.anything}
    b: {set: {x: "${has(a.id) ? a.id : 'none'}"}}
    """
    assert check(steps) == []


def test_has_in_the_if_of_the_step_allows_it(check):
    head, tail = "a: {call: misc.anything, if: \"${run.id == 'x'}\"}\n", 'set: {x: "${a.id}"}}'

    assert check(f'{head}b: {{if: "${{has(a.id) && a.id != 1}}", {tail}') == []
    assert pairs(check(f'{head}b: {{if: "${{has(a.id) || true}}", {tail}')) == [
        ("may-not-have-run", "/steps/b/set/x")
    ]


def test_an_optional_call_may_not_have_run(check):
    steps = 'a: {call: misc.anything, optional: true}\nb: {set: {x: "${a.id}"}}'

    assert pairs(check(steps)) == [("may-not-have-run", "/steps/b/set/x")]


def test_a_later_step_has_not_run(check):
    assert pairs(check('b: {set: {x: "${a.id}"}}\na: {call: misc.anything}')) == [
        ("may-not-have-run", "/steps/b/set/x")
    ]


def test_a_step_cannot_read_itself(check):
    (problem,) = check('b: {set: {x: "${b.x}"}}')

    assert problem.code == "may-not-have-run"


def test_one_skipped_step_read_in_many_places_is_told_once(check):
    steps = (
        ORDER.replace("{call", "{if: 'run.id == \"x\"', call")
        + """
s: {set: {x: "${order.id}", y: "${order.sku}"}}
t: {set: {z: "${order.total}"}}
"""
    )
    (problem,) = check(steps)

    assert "/steps/s/set/y" in problem.message


def test_the_output_is_read_at_the_end(check):
    steps = "a: {set: {x: 1}, if: \"${run.id == 'x'}\"}"

    assert pairs(check(steps, head='output: "${a.x}"')) == [("may-not-have-run", "/output")]


def test_steps_of_branches_are_read_through_the_parallel(check):
    steps = """
    p: {parallel: {x: {m: {call: misc.anything}}, y: {n: {set: {v: 1}}}}}
    s: {set: {good: "${p.x.m.id}"}}
    """
    assert check(steps) == []
    (problem,) = check(steps.replace("p.x.m", "p.x.k"))
    assert (problem.code, problem.path) == ("unknown-field", "/steps/s/set/good")


def test_a_nested_step_is_no_name_outside(check):
    (problem,) = check('p: {parallel: {x: {m: {set: {v: 1}}}}}\ns: {set: {y: "${m.v}"}}')

    assert problem.code == "unknown-name"
    assert "p.x.m" in problem.remedy


def test_a_branch_cannot_read_its_neighbour(check):
    (problem,) = check('p: {parallel: {x: {m: {set: {v: 1}}}, y: {n: {set: {v: "${m.v}"}}}}}')

    assert problem.code == "unknown-name"


def test_a_step_that_is_skipped_in_its_branch_may_not_have_run(check):
    steps = """
    p: {parallel: {x: {m: {call: misc.anything, if: "${run.id == 'x'}"}}}}
    s: {set: {v: "${p.x.m.id}"}}
    """
    (problem,) = check(steps)

    assert problem.code == "may-not-have-run"
    assert "'p.x.m'" in problem.message
    assert "has(p.x.m)" in problem.remedy


def test_a_parallel_is_not_there_inside_itself(check):
    (problem,) = check('p: {parallel: {x: {m: {set: {v: 1}}}, y: {n: {set: {v: "${p.x.m.v}"}}}}}')

    assert problem.code == "may-not-have-run"
    assert "not ended" in problem.message


def test_item_and_index_are_there_inside_a_foreach_only(check):
    inside = 'f: {foreach: "${order.lines}", steps: {m: {set: {a: "${item.sku}", b: "${index}"}}}}'

    assert check(ORDER + inside) == []
    assert pairs(check('s: {set: {a: "${item.sku}"}}')) == [("unknown-name", "/steps/s/set/a")]


def test_the_fields_of_an_item_are_those_of_the_list(check):
    (problem,) = check(ORDER + 'f: {foreach: "${order.lines}", steps: {m: {set: {a: "${item.skuu}"}}}}')

    assert problem.code == "unknown-field"


def test_nothing_is_said_about_reads_in_an_unreachable_step(check):
    steps = 'a: {set: {x: 1}, then: end}\nb: {set: {y: "${c.z}"}}\nc: {set: {z: 1}}'

    assert [problem.code for problem in check(steps)] == ["unreachable-step"]
