import pytest

from evals import comparing
from evals.baseline import Baseline, Kept


def kept(status="passed", definition="d", **more):
    return Kept(status=status, definition=definition, **more)


BASE = Baseline(
    cases={
        "s/same": kept(),
        "s/breaks": kept(),
        "s/heals": kept("failed"),
        "s/stays": kept("failed", reason="/status"),
        "s/other": kept(decisions=("how: card", "end: yes")),
        "s/changed": kept(),
        "s/gone": kept(tags=("critical",)),
    }
)
HEAD = Baseline(
    cases={
        "s/same": kept(),
        "s/breaks": kept("failed", reason="/output: <x>"),
        "s/heals": kept(),
        "s/stays": kept("error", reason="/status"),
        "s/other": kept(decisions=("how: card", "end: no")),
        "s/changed": kept("failed", definition="e"),
        "s/fresh": kept(),
    }
)


def told(base=BASE, head=HEAD):
    return {each.case: each.verdict for each in comparing.compare(base, head).changes}


def test_what_changed_is_told_by_case_the_worst_first():
    assert list(told().items()) == [
        ("s/breaks", "newly failing"),
        ("s/gone", "removed"),
        ("s/changed", "changed definition"),
        ("s/other", "other decisions"),
        ("s/stays", "still failing"),
        ("s/heals", "newly passing"),
        ("s/fresh", "new"),
    ]


def test_a_case_that_is_defined_otherwise_is_not_compared():
    found = comparing.compare(BASE, HEAD)

    assert (found.comparable, found.same) == (5, 1)
    assert "not comparable" in found.of("changed definition")[0].told


def test_the_first_decision_that_is_another_is_told():
    (change,) = comparing.compare(BASE, HEAD).of("other decisions")

    assert change.told == "end: yes became end: no"


def test_a_case_that_fails_as_it_is_known_to_is_no_failure():
    base, head = (Baseline(cases={"s/a": kept(status)}) for status in ("passed", "expected"))

    assert comparing.compare(base, head).changes == ()


@pytest.mark.parametrize(
    ("names", "regression", "critical", "any_"),
    [
        (["s/same"], False, False, False),
        (["s/heals"], False, False, False),
        (["s/stays"], False, False, True),
        (["s/other"], False, False, True),
        (["s/breaks"], True, False, True),
        (["s/gone"], True, True, True),
    ],
)
def test_gates_close_on_what_they_name(names, regression, critical, any_):
    base, head = (
        Baseline(cases={name: each.cases[name] for name in names if name in each.cases})
        for each in (BASE, HEAD)
    )
    found = comparing.compare(base, head)

    assert [found.fails(gate) for gate in ("regression", "critical", "any")] == [regression, critical, any_]


def test_text_and_markdown_tell_the_same():
    found = comparing.compare(BASE, HEAD)

    assert "newly failing      s/breaks: /output: <x>" in comparing.text(found)
    shown = comparing.markdown(found)
    assert "### Newly failing (1)" in shown
    assert "* `s/breaks`: `/output: <x>`" in shown
    assert "* `s/gone` **critical**" in shown
    assert "1 of 5 comparable cases came to the same" in shown
    assert shown.endswith(
        "exact McNemar p = 1; n=5: too few to show any change; 6 one-way flips are needed at least"
    )


def test_a_section_of_markdown_ends_and_nothing_in_it_is_marked_up():
    assert comparing.listed(map(str, range(60)))[-2:] == ["* 49", "* and 10 more"]
    assert comparing.quoted("@all `x`\n[a](b)") == "`@all 'x' [a](b)`"


def test_nothing_changed_is_told():
    found = comparing.compare(BASE, BASE)

    assert [each.verdict for each in found.changes] == ["still failing", "still failing"]
    assert "7" in comparing.text(found)
