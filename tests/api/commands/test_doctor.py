"""Tests of `planner doctor`."""


def test_a_sound_project_has_nothing_broken(desk):
    said = desk("doctor")

    assert said.code == 0
    assert "broken" not in said.out
    assert "ok       workflows    4 in " in said.out


def test_findings_for_machines_are_one_json_document(desk):
    said = desk("doctor", "--json")

    assert said.data["ok"] is True
    assert {each["state"] for each in said.data["findings"]} == {"ok", "warning"}
    assert any(each["says"].endswith("with FTS5") for each in said.data["findings"])
