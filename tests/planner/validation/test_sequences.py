"""Tests of sequences and the ways between steps."""

from planner import documents
from planner.validation.sequences import Edge, edges, escaped, following, jumps, reached, sequences


def sequence_of(steps, broken=frozenset()):
    return sequences(documents.read(f"{{workflow: t, steps: {steps}}}").workflow, broken)


def test_nested_sequences_know_where_they_stand():
    found = sequence_of("{p: {parallel: {x: {f: {foreach: '[1]', steps: {m: {set: {}}}}}}}}")

    assert [(one.pointer, one.path) for one in found] == [
        ("/steps", ""),
        ("/steps/p/parallel/x", "p.x"),
        ("/steps/p/parallel/x/f/steps", "p.x.f"),
    ]
    assert found[2].looped
    assert [one.path for one in found[2].outward()] == ["p.x.f", "p.x", ""]


def test_a_step_goes_to_the_next_one_in_the_file_unless_told():
    (outer,) = sequence_of("{a: {set: {}}, b: {set: {}, then: a}, c: {set: {}}}")

    assert [following(outer, name) for name in "abc"] == ["b", "a", "end"]


def test_options_and_cases_lead_where_they_say():
    (outer,) = sequence_of(
        """{a: {decide: q, options: {x: {then: c}, y: {}}},
            b: {switch: [{when: 'true', then: end}]}, c: {set: {}}}"""
    )

    assert set(edges(outer)) == {
        Edge("a", "c", ran=True),
        Edge("a", "b", ran=True),
        Edge("b", "end", ran=True),
        Edge("b", "c", ran=True),
        Edge("c", "end", ran=True),
    }


def test_an_unknown_target_may_lead_anywhere():
    (outer,) = sequence_of("{a: {set: {}, then: zz}, b: {set: {}}}")

    assert {"a", "b", "end"} <= reached("a", edges(outer))
    assert all(edge.guessed for edge in edges(outer) if edge.source == "a")


def test_a_broken_step_may_lead_anywhere():
    (outer,) = sequence_of("{a: {set: {}, then: end}, b: {set: {}}}", frozenset({"/steps/a"}))

    assert {"a", "b", "end"} <= reached("a", edges(outer))
    assert [name for name, _ in outer.sound()] == ["b"]


def test_targets_are_found_with_their_places():
    (outer,) = sequence_of("{a: {switch: [{when: 'true', then: b}], otherwise: end, then: b}, b: {set: {}}}")

    assert {(jump.pointer, jump.target) for jump in jumps(outer, "a")} == {
        ("/steps/a/then", "b"),
        ("/steps/a/switch/0/then", "b"),
        ("/steps/a/otherwise", "end"),
    }


def test_what_can_be_reached_includes_the_start():
    assert reached("a", [Edge("a", "b", ran=True), Edge("c", "d", ran=True)]) == {"a", "b"}


def test_names_are_escaped_in_pointers():
    assert escaped("a/b~c") == "a~1b~0c"
