"""Tests of `planner usage`."""


def test_nothing_is_spent_before_anything_is_decided(desk):
    desk("run", "failing")

    said = desk("usage")

    assert (said.code, said.out) == (0, "Nothing was decided yet.\n")


def test_usage_stands_beside_the_budget(desk, monkeypatch):
    monkeypatch.setenv("PLANNER_TENANTS", '{"default": {"model_calls": 5}, "acme": {"cost_usd": 1.5}}')
    desk("run", "greet", "--input", '{"name": "Ann"}')

    rows = [line.split() for line in desk("usage").out.splitlines()]

    assert rows[1][:4] == ["acme", "0", "0", "0"]
    assert rows[2][:4] == ["default", "0", "of", "5"]
    (item,) = desk("usage", "--tenant", "default", "--json").data["items"]
    assert (item["tenant"], item["model_calls"], item["budget"]["model_calls"]) == ("default", 0, 5)
