"""Answers are taken in order, by what they are for, as often as they say."""

import pytest

from evals.answers import ModelAnswer
from evals.errors import ScriptUnmatched
from evals.scripts import Script, declared


def script(**answers):
    made = {name: [ModelAnswer.model_validate(each) for each in given] for name, given in answers.items()}
    return Script(made, own=made, what="decision point")


def test_answers_come_in_order():
    subject = script(a=[{"choose": "x"}, {"choose": "y"}])
    assert [subject.take("a", {}).choose, subject.take("a", {}).choose] == ["x", "y"]
    assert subject.unused() == []
    with pytest.raises(ScriptUnmatched, match="its 2 answers are used up"):
        subject.take("a", {})


def test_an_answer_for_ever_never_runs_out_but_must_be_used():
    subject = script(a=[{"choose": "x", "times": "forever"}])
    assert len(subject.unused()) == 1
    assert [subject.take("a", {}).choose for _ in range(5)] == ["x"] * 5
    assert subject.unused() == []


def test_the_exact_item_goes_before_the_declared_step():
    subject = script(**{"all.nod": [{"choose": "x"}], "all[1].nod": [{"choose": "y"}]})
    assert subject.take("all[1].nod", {}).choose == "y"
    assert subject.take("all[0].nod", {}).choose == "x"
    assert declared("all[3].nod~2.x") == "all.nod.x"


def test_the_nearest_name_is_told():
    with pytest.raises(ScriptUnmatched, match="Did you mean 'resolve'"):
        script(resolve=[{"choose": "x"}]).take("resolv", {"a": 1})


def test_the_nearest_answer_is_told():
    subject = script(a=[{"choose": "x", "when": {"order": {"id": 1}}}])
    with pytest.raises(ScriptUnmatched, match="/order/id expected 1, found 2"):
        subject.take("a", {"order": {"id": 2}})
