"""Tests of `planner schema`."""

import json

import jsonschema_rs
import pytest
import yaml


def plugin(folder, group, name, value):
    """Write the metadata of a distribution that brings one entry point."""
    info = folder / "stranger-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {value}\n", encoding="utf-8")


def test_the_schema_of_workflows_takes_our_workflows_and_no_others(desk):
    schema = json.loads(desk.say("schema").out)

    for file in (desk.folder / "workflows").iterdir():
        assert jsonschema_rs.is_valid(schema, yaml.safe_load(file.read_text(encoding="utf-8")))
    assert not jsonschema_rs.is_valid(schema, {"workflow": "Bad Name", "steps": {}})


def test_the_schema_of_catalogues_takes_our_catalogue_and_no_other(desk):
    schema = json.loads(desk.say("schema", "--what", "catalog").out)

    catalog = yaml.safe_load((desk.folder / "catalog.yaml").read_text(encoding="utf-8"))
    assert jsonschema_rs.is_valid(schema, catalog)
    assert not jsonschema_rs.is_valid(schema, {"services": {"desk": {"pythons": {}}}})


def test_another_part_brings_a_schema(desk, monkeypatch):
    plugin(desk.folder, "planner.schemas", "letter", f"{desk.module}_letters:schema")
    desk.write(f"{desk.module}_letters.py", "def schema():\n    return {'title': 'Letter'}\n")
    monkeypatch.syspath_prepend(desk.folder)

    assert json.loads(desk.say("schema", "--what", "letter").out) == {"title": "Letter"}


def test_a_schema_whose_part_is_broken_exits_with_3(desk, monkeypatch):
    plugin(desk.folder, "planner.schemas", "letter", "no_such_module_at_all:schema")
    monkeypatch.syspath_prepend(desk.folder)

    said = desk.say("schema", "--what", "letter")

    assert said.code == 3
    assert "no_such_module_at_all" in said.err


@pytest.mark.parametrize("what", ["letters", ""])
def test_an_unknown_schema_is_a_usage_error(desk, what):
    said = desk.say("schema", "--what", what)

    assert said.code == 2
    assert "catalog" in said.err
