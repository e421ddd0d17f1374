"""Tests of `planner runs`."""


def test_runs_are_listed_newest_first(desk):
    desk("run", "failing")
    desk("run", "greet", "--input", '{"name": "Ann"}')

    said = desk("runs")

    assert said.code == 0
    head, *rows = said.out.splitlines()
    assert head.split() == ["run", "workflow", "status", "begun", "goal"]
    assert ["greet" in rows[0], "failing" in rows[1]] == [True, True]


def test_runs_are_filtered(desk):
    desk("run", "failing")
    desk("run", "greet", "--input", '{"name": "Ann"}')

    of_workflow = desk("runs", "--workflow", "greet", "--json").data["items"]
    of_status = desk("runs", "--status", "succeeded", "--json").data["items"]

    assert [run["workflow"]["name"] for run in of_workflow] == ["greet"]
    assert [run["workflow"]["name"] for run in of_status] == ["greet"]


def test_a_longer_list_says_that_there_is_more(desk):
    desk("run", "failing")
    desk("run", "failing")

    said = desk("runs", "--limit", "1")

    assert "There are more; see them with --limit 2" in said.out


def test_no_runs_are_no_error(desk):
    desk("migrate")

    said = desk("runs")

    assert said.code == 0
    assert said.out == "No runs.\n"


def test_a_run_is_shown_with_what_it_waits_for(desk):
    run = desk.asked()["run"]["id"]

    said = desk("runs", run)

    assert said.code == 0
    assert "Status:      waiting" in said.out
    assert "Waits for a person at approve" in said.out


def test_an_unknown_run_exits_with_5(desk):
    desk("migrate")

    assert desk("runs", "nothing").code == 5


def test_a_status_that_is_none_is_a_usage_error(desk):
    said = desk("runs", "--status", "done")

    assert said.code == 2
    assert "'done' is none of queued" in said.err


def test_a_database_that_is_not_there_is_not_made(desk):
    said = desk("runs")

    assert said.code == 3
    assert "there is no database" in said.err
    assert not (desk.folder / "runs.db").exists()


def test_a_run_is_a_tenant_s_and_lists_can_be_too(desk):
    begun = desk("run", "greet", "--input", '{"name": "Ann"}', "--tenant", "acme", "--json").data["run"]
    desk("run", "failing")

    assert begun["tenant"] == "acme"
    assert [run["id"] for run in desk("runs", "--tenant", "acme", "--json").data["items"]] == [begun["id"]]
    assert "Tenant:      acme" in desk("runs", begun["id"]).out
    assert "Tenant: acme" in desk("explain", begun["id"]).out
    decided = desk("decisions", "--tenant", "acme", "--json").data["items"]
    assert [each["tenant"] for each in decided] == ["acme"]
    assert desk("decisions", "--tenant", "default", "--json").data["items"] == []
    assert desk("decisions", begun["id"], "--tenant", "default", "--json").data["items"] == []
