import json

import pytest

from planner import scripts
from planner.decisions import Offered, Question
from planner.errors import ScriptInvalid
from planner.model import prompts
from planner.scripts import Script


def body(point, **more):
    question = Question(point=point, question="?", options=(Offered(id="a"), Offered(id="b")))
    return json.dumps({"model": "m", "messages": prompts.choose(question).messages, **more}).encode()


def said(sent):
    return json.loads(sent.body)["choices"][0]["message"]["content"]


def test_answers_of_a_point_come_in_order():
    script = Script({"w/s": ["a", {"choose": "b", "reason": "why", "confidence": 0.4}]})
    assert json.loads(said(script.take(body("w/s")))) == {
        "reason": "as scripted",
        "choice": "a",
        "confidence": 0.9,
    }
    assert json.loads(said(script.take(body("w/s")))) == {"reason": "why", "choice": "b", "confidence": 0.4}


def test_every_answer_says_that_it_is_scripted():
    completion = json.loads(Script({"*": "a"}).take(body("w/s")).body)
    assert completion["system_fingerprint"] == "scripted"
    assert completion["model"] == "m"
    assert completion["usage"]["prompt_tokens"] > 0
    assert "scripted" in json.loads(scripts.models().body)["data"][0]["id"]


def test_a_star_answers_the_points_without_answers_of_their_own():
    script = Script({"w/s": ["a"], "*": ["b"]})
    assert '"b"' in said(script.take(body("w/other")))
    assert '"a"' in said(script.take(body("w/s")))


def test_a_point_that_is_used_up_is_refused_and_noted():
    script = Script({"w/s": ["a"]})
    script.take(body("w/s"))
    refused = script.take(body("w/s"))
    assert refused.status == 400
    assert "'w/s'" in json.loads(refused.body)["error"]["message"]
    assert script.unmatched == ["w/s"]


def test_a_looping_script_begins_again():
    script = Script({"w/s": ["a", "b"]}, loop=True)
    assert ['"a"' in said(script.take(body("w/s"))) for _ in range(4)] == [True, False, True, False]


def test_what_was_never_asked_for_is_told():
    script = Script({"w/s": ["a", "b"], "w/t": ["a"], "w/u": []})
    script.take(body("w/s"))
    assert script.unused == {"w/s": 1, "w/t": 1}


@pytest.mark.parametrize("rubbish", [b"", b"[]", b"{", b'{"messages": 5}'])
def test_a_request_without_a_point_is_refused(rubbish):
    sent = Script({"*": []}).take(rubbish)
    assert sent.status == 400
    assert "names no decision point" in sent.body.decode()


def test_an_answer_may_be_anything_at_all():
    script = Script(
        {
            "*": [
                {"content": ["odd"]},
                {"message": {"refusal": "no"}},
                {"fill": {"x": None}},
                {"choose": "a", "finish_reason": "length"},
                {
                    "http": {"status": 503, "headers": {"retry-after": "1"}, "json": {"error": "x"}},
                    "delay": 0.5,
                },
                {"http": {"text": "<html>"}},
            ]
        }
    )
    sent = [script.take(body("w/s")) for _ in range(6)]
    assert said(sent[0]) == ["odd"]
    assert json.loads(sent[1].body)["choices"][0]["message"]["refusal"] == "no"
    assert said(sent[2]) == '{"x": null}'
    assert json.loads(sent[3].body)["choices"][0]["finish_reason"] == "length"
    assert (sent[4].status, sent[4].headers["retry-after"], sent[4].delay) == (503, "1", 0.5)
    assert (sent[5].status, sent[5].body) == (200, b"<html>")


@pytest.mark.parametrize("bad", [{"chose": "a"}, 5, {"http": {"status": 9}}, {"delay": -1}])
def test_a_script_with_a_mistake_is_refused_at_once(bad):
    with pytest.raises(ScriptInvalid, match="'w/s'"):
        Script({"w/s": [bad]})


def test_a_script_can_be_kept_in_a_file(tmp_path):
    file = tmp_path / "script.json"
    file.write_text('{"w/s": ["a"]}')
    assert Script.from_json(file).take(body("w/s")).status == 200
    for text in ("{", "[]"):
        file.write_text(text)
        with pytest.raises(ScriptInvalid, match=r"script\.json"):
            Script.from_json(file)
    with pytest.raises(ScriptInvalid):
        Script.from_json(tmp_path / "missing.json")


def test_a_decisions_endpoint_is_answered_from_the_same_script():
    question = {
        "instructions": "Decision point: w/s\nQuestion: ?",
        "choices": [{"value": "a"}, {"value": "b"}],
    }
    asked = json.dumps({"model": "m", "input": [], "questions": [question]}).encode()
    script = Script({"w/s": [{"choose": "b", "confidence": 0.7}, {"message": {"refusal": "no"}}]})
    answer = json.loads(script.take(asked).body)["answers"][0]
    assert (answer["type"], answer["choice"]) == ("choice", "b")
    assert [round(each["probability"], 6) for each in answer["probabilities"]] == [0.3, 0.7]
    assert json.loads(script.take(asked).body)["answers"][0]["type"] == "refusal"
