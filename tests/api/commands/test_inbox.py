"""Tests of `planner inbox`."""


def test_the_inbox_shows_each_question_and_how_to_answer_it(desk):
    decision = desk.asked()["waits_for"][0]["decision_id"]

    said = desk("inbox")

    assert said.code == 0
    assert "of ask" in said.out
    assert f"planner answer {decision} CHOICE" in said.out


def test_the_inbox_is_filtered_by_workflow(desk):
    desk.asked()

    assert len(desk("inbox", "--workflow", "ask", "--json").data["items"]) == 1
    assert desk("inbox", "--workflow", "greet", "--json").data["items"] == []


def test_the_inbox_is_filtered_by_tenant_and_tells_it(desk):
    given = '{"file": "' + str(desk.notes) + '"}'
    desk("run", "ask", "--input", given, "--tenant", "acme")
    desk.asked()

    said = desk("inbox", "--tenant", "acme")

    assert said.out.count("Waits for a person") == 1
    assert "of ask for acme" in said.out
    assert len(desk("inbox", "--json").data["items"]) == 2


def test_an_empty_inbox_says_so(desk):
    desk("migrate")

    assert desk("inbox").out == "Nothing waits for a person.\n"
