import json

import pytest
from typer.testing import CliRunner

from evals import comparing
from evals.baseline import Baseline, Kept
from evals.cli import app
from evals.comparing import MetricMissing
from evals.figures import Figures
from planner.testing import ScriptedModel


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
def test_what_it_fails_on_is_what_was_named(names, regression, critical, any_):
    base, head = (
        Baseline(cases={name: each.cases[name] for name in names if name in each.cases})
        for each in (BASE, HEAD)
    )
    found = comparing.compare(base, head)

    assert [bool(found.failures(on)) for on in ("regression", "critical", "any")] == [
        regression,
        critical,
        any_,
    ]


def test_text_and_markdown_tell_the_same():
    found = comparing.compare(BASE, HEAD)

    assert "newly failing      s/breaks: /output: <x>" in comparing.text(found)
    shown = comparing.markdown(found)
    assert "### Newly failing (1)" in shown
    assert "* `s/breaks`: `/output: <x>`" in shown
    assert "* `s/gone` **critical**" in shown
    assert "1 of 5 comparable cases came to the same" in shown
    assert "1 broke, 1 fixed: exact McNemar p = 1" in shown
    assert shown.endswith("n=5: too few to show any change; 6 one-way flips are needed at least")


def test_a_section_of_markdown_ends_and_nothing_in_it_is_marked_up():
    assert comparing.listed(map(str, range(60)))[-2:] == ["* 49", "* and 10 more"]
    assert comparing.quoted("@all `x`\n[a](b)") == "`@all 'x' [a](b)`"


def test_nothing_changed_is_told():
    found = comparing.compare(BASE, BASE)

    assert [each.verdict for each in found.changes] == ["still failing", "still failing"]
    assert "7" in comparing.text(found)


def live(*shares, tags=(), judged=4):
    cases = {
        f"s/{place}": kept(
            "passed" if share == 1 else "failed", tags=tags, over=Figures(judged=judged, passed=share)
        )
        for place, share in enumerate(shares)
    }
    return Baseline(is_live=True, cases=cases)


def test_a_real_model_fails_only_by_more_than_chance():
    before = live(*[1.0] * 12)
    a_flip, many = live(0.75, *[1.0] * 11), live(*[0.5] * 8, *[1.0] * 4)

    assert comparing.compare(before, a_flip).failures("regression") == ()
    (why,) = comparing.compare(before, many).failures("regression")
    assert why == "passed became worse by 0.333, p = 0.00781"


def test_a_critical_case_fails_on_any_break_also_with_a_real_model():
    found = comparing.compare(live(1.0, 1.0, tags=("critical",)), live(1.0, 0.75, tags=("critical",)))

    assert found.failures("regression") == ("s/1 (newly failing, critical)",)
    assert "3 of 4 repeats passed, 4 of 4 repeats passed before" in comparing.text(found)


def test_a_margin_must_be_shown_to_be_kept():
    few, many = (live(*[1.0] * count) for count in (5, 400))

    assert comparing.compare(many, many).failures("regression", 0.02) == ()
    (why,) = comparing.compare(few, few).failures("regression", 0.02)
    assert "may be worse by 0.522" in why
    assert comparing.compare(few, few).failures("regression") == ()


def test_a_case_that_nothing_could_judge_is_neither_passed_nor_failed():
    base, head = live(1.0, 1.0), live(1.0, 1.0)
    off = kept("unscripted", over=Figures(judged=0))
    head = head.model_copy(update={"cases": {**head.cases, "s/1": off}})
    found = comparing.compare(base, head)

    assert [each.verdict for each in found.changes] == ["not judged"]
    assert (found.comparable, found.evidence.metrics[0].pairs) == (1, 1)
    assert found.failures("any") == ()


def test_a_script_that_lacks_an_answer_breaks_the_case_and_is_told_from_a_failed_expectation():
    asked = kept("unscripted", reason="operation 'a' was asked")
    found = comparing.compare(Baseline(cases={"s/a": kept()}), Baseline(cases={"s/a": asked}))

    assert found.failures("regression") == ("s/a (newly failing)",)
    assert "newly failing      s/a: unscripted: operation 'a' was asked" in comparing.text(found)


def test_a_case_that_was_not_played_is_not_gone():
    base, head = live(1.0, 1.0), live(1.0)
    head = head.model_copy(update={"unplayed": {"s/1": "the cap was reached"}})
    (change,) = comparing.compare(base, head).changes

    assert (change.verdict, change.told) == ("not judged", "the cap was reached")


def test_what_no_case_has_cannot_decide():
    with pytest.raises(MetricMissing, match="accuracy"):
        comparing.compare(BASE, HEAD, by="accuracy")


def asked_live(name, cluster):
    return f"""
    - id: {name}
      input: {{order: o-1, amount: 5.0}}
      cluster: {cluster}
      score: {{how: {{truth: card, cost: {{later: 3}}}}}}
      services:
        bank.look: {{return: {{id: l, amount: 1}}}}
        bank.charge: {{return: {{id: c, amount: 5.0}}}}
      expect: {{decisions: {{how: card}}}}
    """


CASES = {"one": "a", "two": "a", "three": "b", "four": "c", "five": "d", "six": "e"}
ALL_CARD = dict.fromkeys(CASES, ("card", "card"))


def result(desk, folder, monkeypatch, choices):
    """Return the file of a real run against an endpoint that answers so, by case and repeat."""
    file = desk.file("".join(asked_live(*each) for each in CASES.items()))
    told = [{"choose": each[repeat]} for repeat in range(2) for each in choices.values()]
    made = desk.where / f"{len(list(desk.where.iterdir()))}.json"
    with ScriptedModel({"pay/how": told}).serving() as url:
        monkeypatch.setenv("PLANNER_MODEL__BASE_URL", url)
        monkeypatch.setenv("PLANNER_MODEL__INPUT_USD_PER_MILLION", "1")
        monkeypatch.setenv("PLANNER_MODEL__OUTPUT_USD_PER_MILLION", "1")
        cap = ["--live", "--max-tokens", "99999", "--max-cost", "9", "--repeat", "2"]
        CliRunner().invoke(app, ["run", str(file), "--project", str(folder), *cap, "-o", str(made)])
    return made


def compared(*args):
    return CliRunner().invoke(app, ["compare", *map(str, args)])


def test_two_results_of_a_real_endpoint_are_compared_with_flips_both_ways(desk, folder, monkeypatch):
    before = {**ALL_CARD, "three": ("later", "later"), "six": ("ask", "ask")}
    after = {**ALL_CARD, "one": ("card", "later"), "five": ("later", "later")}
    base, head = (result(desk, folder, monkeypatch, each) for each in (before, after))
    shown = compared(base, head)
    told = json.loads(compared(base, head, "--json", "--metric", "cost").stdout)

    assert shown.exit_code == 0
    assert "newly failing      small/one: 1 of 2 repeats passed, 2 of 2 repeats passed before" in shown.stdout
    assert "newly passing      small/three" in shown.stdout
    assert "not judged         small/six" in shown.stdout
    assert "2 broke, 1 fixed: exact McNemar p = 1" in shown.stdout
    assert "passed (primary): 0.800 before, 0.700 now; better by -0.100" in shown.stdout
    assert shown.stdout.strip().endswith(
        "n=4: too few to show any change; 6 one-way flips are needed at least"
    )
    assert [each["metric"] for each in told["evidence"]["metrics"]] == ["cost", "passed", "accuracy"]
    assert told["evidence"]["metrics"][0]["pairs"] == 6
    assert (told["is_live"], told["comparable"], told["failures"]) == (True, 5, [])


def test_a_baseline_of_a_live_result_compares_as_the_result_itself(desk, folder, monkeypatch):
    base, head = (
        result(desk, folder, monkeypatch, each)
        for each in (ALL_CARD, {**ALL_CARD, "one": ("later", "later"), "four": ("card", "later")})
    )
    accepted = desk.where / "baseline.json"
    CliRunner().invoke(app, ["accept", str(base), "--to", str(accepted)])

    assert compared(accepted, head).stdout == compared(base, head).stdout
    assert compared(accepted, head, "--margin", "0.9").exit_code == 0
    assert compared(accepted, head, "--margin", "0.1").exit_code == 1
    assert "more than the margin of 0.1" in compared(base, head, "--margin", "0.1").stderr
    assert compared(base, head, "--fail-on", "any").exit_code == 1
    assert compared(base, head, "--metric", "brier").exit_code == 2


def test_scoring_a_result_of_repeats_takes_the_labels_of_now(desk, folder, monkeypatch):
    made = result(desk, folder, monkeypatch, ALL_CARD)
    file = desk.where / "small.eval.yaml"
    file.write_text(file.read_text().replace("truth: card, cost: {later: 3}", "truth: later"))
    scored = CliRunner().invoke(app, ["score", str(made), str(file), "--project", str(folder), "--json"])
    told = json.loads(scored.stdout)

    assert scored.exit_code == 0
    assert told["measures"]["points"][0]["accuracy"]["count"] == 0
    assert {each["decisions"][0]["truth"] for each in told["trials"]} == {"later"}


def test_scoring_cannot_judge_repeats_that_were_not_written_down_whole(desk, folder, monkeypatch):
    made = result(desk, folder, monkeypatch, ALL_CARD)
    file = desk.where / "small.eval.yaml"
    file.write_text(file.read_text().replace("decisions: {how: card}", "decisions: {how: later}"))
    scored = CliRunner().invoke(app, ["score", str(made), str(file), "--project", str(folder), "--json"])

    assert scored.exit_code == 1
    assert {each["code"] for each in json.loads(scored.stdout)["cases"]} == {"case-stale"}
    assert {each["status"] for each in json.loads(scored.stdout)["trials"]} == {"error"}
