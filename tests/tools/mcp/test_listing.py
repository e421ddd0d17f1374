import pytest

from tools.catalog_file import McpEntry, ServiceEntry
from tools.errors import CatalogInvalid
from tools.mcp import listing

TEXT = {"type": "object", "properties": {"text": {"type": "string"}}}


def tool(name, **changes):
    return {"name": name, "inputSchema": TEXT, **changes}


def read(*tools, trusted=False, **entry):
    told = ServiceEntry(mcp=McpEntry(listing="x.json", command=("x",), trusted=trusted), **entry)
    return listing.read({"tools": list(tools)}, service="desk", entry=told)


def only(*tools, **how):
    (operation,) = read(*tools, **how).operations
    return operation


@pytest.mark.parametrize(
    ("wire", "short"),
    [
        ("read_graph", "read_graph"),
        ("get-sum", "getSum"),
        ("admin.tools/list", "adminToolsList"),
        ("2fa", "_2fa"),
    ],
)
def test_a_tool_is_an_operation_under_a_name_that_workflows_can_write(wire, short):
    operation = only(tool(wire))

    assert (operation.name, operation.binding.tool) == (f"desk.{short}", wire)


def test_tools_whose_names_become_the_same_are_told_apart():
    names = [operation.name for operation in read(tool("get-sum"), tool("get.sum")).operations]

    assert names == ["desk.getSum", "desk.getSum2"]


def test_an_output_schema_becomes_the_type_of_the_answer_and_none_leaves_it_open():
    assert only(tool("a", outputSchema=TEXT)).output == TEXT
    assert only(tool("a")).output is None


def test_schemas_of_older_drafts_are_read_as_what_they_mean():
    pair = {"type": "array", "items": [{"type": "string"}, {"type": "integer"}]}
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {"pair": pair, "node": {"$ref": "#/definitions/node"}},
        "definitions": {"node": {"type": "object", "properties": {"next": {"$ref": "#/definitions/node"}}}},
    }

    found = only(tool("a", inputSchema=schema)).input

    assert found["properties"]["pair"]["prefixItems"] == [{"type": "string"}, {"type": "integer"}]
    assert found["$defs"]["node"]["properties"]["next"] == {"$ref": "#/$defs/node"}
    assert "$schema" not in found


def test_a_schema_that_cannot_be_used_takes_anything_and_is_told():
    found = read(tool("a", inputSchema={"type": "object", "properties": {"x": {"minimum": "low"}}}))

    assert found.operations[0].input == {"type": "object", "properties": {}}
    (warning,) = found.warnings
    assert (warning.code, warning.path) == ("broken-schema", "/tools/0/inputSchema")


def test_hints_count_only_for_a_server_that_is_trusted():
    said = tool("a", annotations={"readOnlyHint": True})

    assert (only(said).effect, only(said, trusted=True).effect) == ("irreversible", "read")


def test_hints_that_are_no_truth_values_count_for_nothing_and_are_told():
    found = read(tool("a", annotations={"readOnlyHint": {"yes": 1}}), trusted=True)

    assert found.operations[0].effect == "irreversible"
    assert found.warnings[0].code == "hint"


def test_a_contract_that_the_server_itself_speaks_against_is_told():
    found = read(
        tool("a-b", annotations={"readOnlyHint": False, "title": "A"}), operations={"aB": {"effect": "read"}}
    )

    (warning,) = found.warnings
    assert "'aB'" in warning.message
    assert "changes something" in warning.message


def test_the_first_line_of_its_description_sums_a_tool_up():
    assert only(tool("a", description="  Adds it up.\n\nAt length.")).summary == "Adds it up."
    assert only(tool("a", title="Adding")).summary == "Adding"
    assert only(tool("a")).summary == ""


@pytest.mark.parametrize("wrong", [[], {"tools": [{"name": "a"}]}, {"tools": {"a": {}}}])
def test_what_is_no_listing_is_told(wrong):
    with pytest.raises(CatalogInvalid):
        listing.read(wrong, service="desk", entry=ServiceEntry())


def test_a_listing_keeps_tools_by_name_and_nothing_that_is_only_for_show():
    told = [
        tool("b", icons=[{"src": "x"}], _meta={"x": 1}),
        tool("a", execution={"taskSupport": "forbidden"}),
    ]

    content = listing.content(told, {"name": "n", "version": "1", "icons": []})

    assert content == {"serverInfo": {"name": "n", "version": "1"}, "tools": [tool("a"), tool("b")]}
