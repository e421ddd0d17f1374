import pytest
from pydantic import ValidationError

from planner.planning.sketch import (
    Sketch,
    SketchedCall,
    SketchedDecision,
    SketchedOption,
    surely_before,
    targets,
)


def call(name, **more):
    return SketchedCall(id=name, call=f"shop.{name}", **more)


def decide(name, *options, **more):
    return SketchedDecision(id=name, question="What?", options=options, **more)


def option(name, then=None):
    return SketchedOption(id=name, means=name, then=then)


def test_in_a_straight_line_everything_before_has_run():
    assert surely_before(Sketch(steps=(call("a"), call("b"), call("c"))))[2] == {"a", "b"}


def test_a_step_with_a_condition_may_not_have_run():
    assert surely_before(Sketch(steps=(call("a", when="input.x"), call("b"))))[1] == set()


def test_what_only_one_option_leads_to_may_not_have_run_where_the_ways_join():
    sketch = Sketch(
        steps=(
            decide("pick", option("x", "left"), option("y", "right")),
            call("left", then="join"),
            call("right"),
            call("join"),
        )
    )
    before = surely_before(sketch)
    assert before[1] == before[2] == before[3] == {"pick"}


def test_a_way_back_takes_nothing_for_run_that_the_first_time_had_not():
    sketch = Sketch(steps=(call("a"), call("b"), decide("again", option("yes", "a"), option("no", "end"))))
    assert surely_before(sketch)[0] == set()
    assert surely_before(sketch)[2] == {"a", "b"}


def test_an_unknown_target_counts_as_the_end():
    assert list(targets(Sketch(steps=(call("a", then="nowhere"), call("b"))), 0)) == [2]


def test_a_sketch_is_read_from_plain_data_and_refuses_what_it_does_not_know():
    sketch = Sketch.model_validate(
        {"steps": [{"kind": "call", "id": "a", "call": "shop.a", "with": {"x": 1}}]}
    )
    assert [step.call for step in sketch.calls] == ["shop.a"]
    with pytest.raises(ValidationError):
        Sketch.model_validate({"steps": [{"kind": "call", "id": "a", "call": "shop.a", "retry": 3}]})
