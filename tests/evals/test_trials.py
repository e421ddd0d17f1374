"""Trials over a real loopback endpoint: the client of production, and services that stay scripted."""

import json
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from evals import measures, repeating, report, trials
from evals.cli import app
from evals.errors import LiveRefused
from evals.live import Cap, Endpoint
from evals.repeating import Plan
from planner.decisions import Offered, Question
from planner.definition import Allowance
from planner.log.masking import Masking
from planner.settings import ModelSettings
from planner.testing import ScriptedModel

CASE = """
score: {how: {truth: card, cost: {later: 3}}}
model: {how: later}
services:
  bank.look: {return: {id: l-1, amount: 1}}
  bank.charge: {return: {id: c-1, amount: 5.0}}
expect: {status: succeeded}
"""
CARD = {"choose": "card", "confidence": 0.8}
WIDE = Cap(100_000, Decimal(10))
OPTIONS = (Offered(id="card", means="By card."), Offered(id="later", means="Later."))


def settings(url):
    return ModelSettings(name="m", base_url=url, input_usd_per_million=1, output_usd_per_million=1)


def played(desk, points, *, case=CASE, cap=WIDE, told=lambda _case: None, **plan):
    with ScriptedModel(points).serving() as url, Endpoint(settings(url), cap) as endpoint:
        wanted = Plan(endpoint=endpoint, **plan)
        jobs = desk.jobs(desk.case(case))
        return repeating.play(jobs, wanted, engine="driver", policy=Masking(), told=told), endpoint


def test_the_endpoint_answers_in_place_of_the_script(desk):
    found, endpoint = played(desk, {"pay/how": [CARD]})
    (trial,) = found.trials
    (made,) = trial.decisions
    assert (trial.status, made.said, made.is_right, made.loss) == ("passed", "card", True, 0.0)
    assert made.tokens == endpoint.tokens > 0
    assert Decimal(made.cost_usd) == endpoint.cost_usd > 0


def test_a_way_that_the_case_has_no_answers_for_is_unscripted_and_still_measured(desk):
    found, _ = played(desk, {"pay/how": [CARD]}, case=CASE.replace("bank.charge", "bank.refund"))
    assert [each.status for each in found.trials] == ["unscripted"]
    told = measures.measure(found.trials)
    assert (told.unscripted, told.passed.of) == (1, 0)
    assert told.points[0].accuracy.count == 1


def test_the_line_of_an_unscripted_trial_calls_it_no_error(desk):
    heard = []
    played(desk, {"pay/how": [CARD]}, case=CASE.replace("bank.charge", "bank.refund"), told=heard.append)
    (line,) = map(report.line, heard)
    assert line.startswith("ASIDE small/one-case: operation 'bank.charge' was asked with")


def test_results_tell_an_unscripted_case_and_that_a_real_model_left_the_script(desk):
    found, _ = played(desk, {"pay/how": [CARD]}, case=CASE.replace("bank.charge", "bank.refund"))
    (case,) = found.cases
    assert (case["status"], case["is_aside"], trials.judged(found.cases, found.trials)) == (
        "unscripted",
        True,
        [],
    )


def test_repeats_without_a_model_count_a_missing_answer_against_their_case(desk):
    found = repeating.play(
        desk.jobs(desk.case("expect: {status: succeeded}")), Plan(repeat=2), engine="driver", policy=Masking()
    )
    told = measures.measure(found.trials)
    assert [each.status for each in found.trials] == ["unscripted"] * 2
    assert (told.unscripted, told.passed.count, told.passed.of) == (0, 0, 2)
    assert report.exit_code(trials.judged(found.cases, found.trials)) == report.FAILED


def test_a_wrong_choice_costs_what_the_label_says(desk):
    found, _ = played(desk, {"pay/how": [{"choose": "later"}]})
    point = measures.measure(found.trials).points[0]
    assert point.expected_cost == 3
    assert point.confusion == {"card": {"later": 1}}


def test_repeats_turn_the_options_round(desk):
    found, _ = played(desk, {"pay/how": [CARD] * 3}, repeat=3, permutes=True)
    assert [each.decisions[0].options[0] for each in found.trials] == ["card", "later", "ask"]


def test_repeats_agree_as_far_as_they_do(desk):
    found, _ = played(desk, {"pay/how": [CARD, CARD, {"choose": "later"}]}, repeat=3)
    told = measures.measure(found.trials)
    assert told.agreement == pytest.approx(2 / 3)
    assert told.points[0].accuracy.count == 2


def test_an_answer_that_comes_only_after_a_repair_is_told(desk):
    found, _ = played(desk, {"pay/how": [{"content": "rubbish"}, CARD]})
    point = measures.measure(found.trials).points[0]
    assert (point.first_try.count, point.after_repair.count) == (0, 1)


def test_nothing_is_asked_beyond_the_cap_and_what_was_not_played_is_told(desk):
    found, endpoint = played(desk, {"pay/how": [CARD] * 3}, cap=Cap(1, Decimal(10)), repeat=3)
    assert endpoint.ended.startswith("the cap was reached")
    assert len(found.trials) == 1
    assert [each.repeat for each in found.unplayed] == [1, 2]


def test_without_a_model_or_its_prices_nothing_is_asked():
    with pytest.raises(LiveRefused, match="no model is configured"):
        Endpoint(ModelSettings(), WIDE)
    with pytest.raises(LiveRefused, match="without prices"):
        Endpoint(ModelSettings(base_url="http://127.0.0.1:9/v1"), WIDE)


def test_the_command_needs_a_cap(desk, folder):
    file = desk.file(desk.case(CASE))
    result = CliRunner().invoke(app, ["run", str(file), "--project", str(folder), "--live"])
    assert result.exit_code == 2
    assert "--max-tokens and --max-cost" in result.stderr


def test_the_command_asks_for_real_and_tells_what_it_measured(desk, folder, monkeypatch):
    file = desk.file(desk.case(CASE))
    with ScriptedModel({"pay/how": [CARD] * 2}).serving() as url:
        monkeypatch.setenv("PLANNER_MODEL__BASE_URL", url)
        monkeypatch.setenv("PLANNER_MODEL__INPUT_USD_PER_MILLION", "1")
        monkeypatch.setenv("PLANNER_MODEL__OUTPUT_USD_PER_MILLION", "1")
        options = [
            "--project",
            str(folder),
            "--live",
            "--repeat",
            "2",
            "--max-tokens",
            "9999",
            "--max-cost",
            "1",
        ]
        result = CliRunner().invoke(app, ["run", str(file), *options, "--json"])
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert len(document["trials"]) == 2
    assert document["measures"]["points"][0]["accuracy"]["count"] == 2
    assert document["live"]["tokens"] > 0
    assert document["unplayed"] == []


def test_repeats_without_a_model_are_measured_too(desk, folder):
    file = desk.file(desk.case(CASE.replace("  bank.charge: {return: {id: c-1, amount: 5.0}}\n", "")))
    result = CliRunner().invoke(app, ["run", str(file), "--project", str(folder), "--repeat", "2"])
    assert result.exit_code == 0
    assert "2 trials of 1 cases: 2 of 2" in result.stdout


def test_labels_name_decisions_and_options_that_exist(desk):
    wrong = desk.case(
        "score: {hwo: {truth: card}, how: {truth: cash, cost: {cheque: 1}}}\nexpect: {status: succeeded}"
    )
    told = " ".join(desk.problems(wrong))
    assert "no step 'hwo'" in told
    assert "'how' has no option 'cash'" in told
    assert "'how' has no option 'cheque'" in told


def test_what_was_decided_before_the_cap_was_reached_is_kept(desk):
    after = CASE.replace("{return: {id: c-1, amount: 5.0}}", "{fault: timeout, applied: false}")
    found, endpoint = played(
        desk, {"pay/how": [CARD], "pay/charge": ["retry"]}, case=after, cap=Cap(1, Decimal(10))
    )
    (trial,) = found.trials
    assert (trial.status, [each.said for each in trial.decisions]) == ("spent", ["card"])
    assert trial.decisions[0].tokens == endpoint.tokens
    assert found.cases == []
    assert [each.why for each in found.unplayed] == [endpoint.ended]
    told = measures.measure(found.trials)
    assert (told.passed.of, told.points[0].accuracy.count) == (0, 1)


def test_cases_about_the_model_s_own_faults_are_not_played_and_say_why(desk):
    found, endpoint = played(desk, {}, case=CASE.replace("{how: later}", "{how: {fault: refused}}"))
    assert (found.trials, endpoint.tokens) == ([], 0)
    assert (
        list(measures.lines(found, endpoint, risk=0.05))[-1]
        == "not played: small/one-case: it is about a fault of the model at 'how' (`fault`)"
    )


def test_an_unscripted_trial_counts_for_nothing_beside_one_that_passed(desk):
    found, _ = played(desk, {"pay/how": [{"choose": "ask"}, CARD]}, repeat=2)
    assert [each.status for each in found.trials] == ["unscripted", "passed"]
    assert [each["status"] for each in trials.judged(found.cases, found.trials)] == ["passed"]


def test_a_model_that_reads_only_the_first_option_is_not_consistent(desk):
    orders = [{"choose": name} for name in ("card", "later", "card")]
    found, _ = played(desk, {"pay/how": orders}, repeat=3, permutes=True)
    assert measures.measure(found.trials).consistency.across == pytest.approx(1 / 3)


def test_the_risk_of_thresholds_can_be_chosen(desk):
    found, endpoint = played(desk, {"pay/how": [CARD] * 5}, repeat=5)
    strict, lax = (measures.measure(found.trials, risk=risk).points[0].reliance[0] for risk in (0.05, 0.5))
    assert strict.at_risk is None
    assert lax.at_risk.min_confidence == 0.8
    told = "\n".join(measures.lines(found, endpoint, risk=0.05))
    assert "keep errors at 5.0% or less" in told
    assert "repeats of a case are not independent" in told


def test_an_endpoint_that_counts_no_tokens_is_asked_once(desk):
    uncounted = [{"choose": "card", "usage": [0, 0]}] * 3
    found, endpoint = played(desk, {"pay/how": uncounted}, repeat=3)
    assert [each.status for each in found.trials] == ["spent"]
    assert len(found.unplayed) == 3
    assert "counts no tokens" in endpoint.ended


def test_a_decision_that_spent_its_own_budget_takes_its_otherwise_and_the_cap_is_not_blamed(desk):
    own = Question(point="pay/how", question="How?", options=OPTIONS, allowance=Allowance(model_calls=1))
    with (
        ScriptedModel({"*": {"content": "rubbish"}}).serving() as url,
        Endpoint(settings(url), WIDE) as endpoint,
    ):
        said = endpoint.ask(own)
    assert (said.answer.outcome_class, endpoint.ended) == ("budget", None)


@pytest.mark.parametrize(
    "words",
    [("--repeat", "2", "-j", "2"), ("--permute-options",), ("--max-tokens", "5"), ("--max-cost", "1")],
)
def test_options_that_would_do_nothing_are_refused(folder, words):
    ran = CliRunner().invoke(app, ["run", str(folder), *words])
    assert ran.exit_code == 2
