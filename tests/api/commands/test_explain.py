"""Tests of `planner explain`."""


def test_the_story_of_a_run_is_told_again(desk):
    run = desk("run", "greet", "--input", '{"name": "Ann"}', "--json").data["run"]["id"]

    said = desk("explain", run)

    assert said.code == 0
    assert "Goal: Greet somebody by name." in said.out
    assert "the run began: greet 0.1.0" in said.out
    assert "the run ended: succeeded" in said.out
    assert 'Output: {"said": "hello Ann", "how": "cool"}' in said.out


def test_the_story_is_data_for_machines(desk):
    run = desk("run", "greet", "--input", '{"name": "Ann"}', "--json").data["run"]["id"]

    chapters = desk("explain", run, "--json").data["chapters"]

    assert [chapter["kind"] for chapter in chapters] == ["began", "answered", "decided", "ended"]


def test_the_story_comes_in_every_form(desk):
    run = desk("run", "greet", "--input", '{"name": "Ann"}', "--json").data["run"]["id"]

    page = desk("explain", run, "--format", "markdown").out
    data = desk("explain", run, "--format", "json").data

    assert page.startswith("# Run ")
    assert 'known: \\{"name": "Ann"\\}' in page
    assert data["totals"]["decisions"] == {"otherwise": 1}
    assert data["chapters"][2]["decision"]["known"] == {"name": "Ann"}


def test_an_unknown_run_exits_with_5(desk):
    desk("migrate")

    assert desk("explain", "nothing").code == 5
