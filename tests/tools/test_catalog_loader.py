"""Loading catalogues from files."""

import json

import pytest

from tools import catalog_loader
from tools.catalog import Catalog
from tools.errors import CatalogInvalid


def document(**more):
    paths = {
        "/charges": {
            "get": {"operationId": "findCharges", "responses": {"200": {}}},
            "post": {"operationId": "charge", "responses": {"200": {}}},
        }
    }
    return {"openapi": "3.1.0", "info": {}, "paths": paths, **more}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "pay.json").write_text(json.dumps(document()))
    (tmp_path / "told.json").write_text(json.dumps(document(servers=[{"url": "https://pay.example/v1"}])))
    (tmp_path / "relative.json").write_text(json.dumps(document(servers=[{"url": "/v1"}])))
    return tmp_path


def load(folder, text, **base_urls):
    path = folder / "catalog.yaml"
    path.write_text(text)
    return catalog_loader.load(path, base_urls=base_urls)


def problems(folder, text, **base_urls):
    with pytest.raises(CatalogInvalid) as caught:
        load(folder, text, **base_urls)
    return caught.value.problems


PAY = "services:\n  pay:\n    openapi: pay.json\n    base_url: http://127.0.0.1:8103/\n"


def test_operations_of_a_document_and_of_functions_stand_side_by_side(folder):
    loaded = load(folder, PAY + "    python: {dump: 'json:dumps'}\n")
    assert sorted(loaded.operations) == ["pay.charge", "pay.dump", "pay.findCharges"]
    assert loaded.services["pay"].base_url == "http://127.0.0.1:8103"


def test_the_document_may_tell_the_address(folder):
    loaded = load(folder, "services: {pay: {openapi: told.json}}")
    assert loaded.services["pay"].base_url == "https://pay.example/v1"


def test_a_given_address_wins(folder):
    assert load(folder, PAY, pay="http://10.0.0.1/x").services["pay"].base_url == "http://10.0.0.1/x"


def test_functions_need_no_address(folder):
    loaded = load(folder, "services: {own: {python: {dump: 'json:dumps'}}}")
    assert loaded.services["own"].base_url is None


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{openapi: pay.json}", "Neither"),
        ("{openapi: relative.json}", "'/v1'"),
        ("{openapi: pay.json, base_url: '127.0.0.1:80'}", "'127.0.0.1:80'"),
        ("{openapi: pay.json, base_url: 'ftp://a'}", "absolute"),
        ("{openapi: pay.json, base_url: 'http://a:99999'}", "absolute"),
        ("{openapi: pay.json, base_url: 'http://u:p@a'}", "more than"),
        ("{openapi: pay.json, base_url: 'http://a/?b=1'}", "more than"),
    ],
)
def test_an_address_that_cannot_be_called_is_a_problem(folder, entry, said):
    (found,) = problems(folder, f"services:\n  pay: {entry}\n")
    assert (found.code, found.line) == ("bad-address", 2)
    assert said in found.message
    assert "http://" in found.remedy


def test_a_password_in_an_address_is_not_repeated(folder):
    (found,) = problems(folder, "services: {pay: {openapi: pay.json, base_url: 'http://u:hush@a'}}")
    assert "hush" not in str(found)


@pytest.mark.parametrize(
    ("entry", "path", "code", "said"),
    [
        ("{openapi: no.json, base_url: 'http://a'}", "/services/pay/openapi", "unknown-file", "no.json"),
        ("{base_url: 'http://a'}", "/services/pay", "no-operations", "openapi"),
        ("{python: {f: 'json:dmps'}}", "/services/pay/python/f", "unknown-function", "'dumps'"),
        (
            "{openapi: told.json, operations: {chrge: {effect: write}}}",
            "/services/pay/operations/chrge",
            "unknown-operation",
            "'charge'",
        ),
        (
            "{python: {f: 'json:dumps'}, operations: {f: {effect: keyed}}}",
            "/services/pay/operations/f",
            "no-key-argument",
            "idempotency_key",
        ),
        (
            "{openapi: told.json, python: {charge: 'json:dumps'}}",
            "/services/pay/python/charge",
            "duplicate-operation",
            "'charge'",
        ),
        (
            "{openapi: told.json, operations: {charge: {undo: {call: refund}}}}",
            "/services/pay/operations/charge/undo/call",
            "unknown-operation",
            "'pay.refund'",
        ),
    ],
)
def test_each_mistake_is_one_problem_with_its_line(folder, entry, path, code, said):
    (found,) = problems(folder, f"services:\n  pay: {entry}\n")
    assert (found.path, found.code, found.line) == (path, code, 2)
    assert said in f"{found.message} {found.remedy}"


def test_a_broken_document_is_one_problem_in_its_own_file_not_one_per_contract(folder):
    (folder / "bad.json").write_text('{\n  "openapi": "3.1.0",\n  "paths": {"/a": {"get": 3}}\n}')
    text = (
        "services: {pay: {openapi: bad.json, operations: {charge: {effect: write}, other: {effect: read}}}}"
    )
    (found,) = problems(folder, text)
    assert found.file.endswith("bad.json")
    assert (found.line, found.path) == (3, "/paths/~1a/get")


def test_a_document_that_is_no_text_of_data_is_one_problem(folder):
    (folder / "bad.yaml").write_text("openapi: 3.1.0\npaths: {\n")
    (found,) = problems(folder, "services: {pay: {openapi: bad.yaml}}")
    assert found.code == "malformed"


def test_a_service_may_be_defined_once_only_over_all_files(folder):
    (folder / "more.yaml").write_text(PAY)
    (found,) = problems(folder, f"include: [more.yaml]\n{PAY}")
    assert (found.code, found.file.endswith("more.yaml")) == ("duplicate-service", True)


def test_an_undo_may_stand_in_another_service_and_file(folder):
    (folder / "more.yaml").write_text("services: {bank: {python: {back: 'json:dumps'}}}")
    text = (
        PAY
        + "    operations: {charge: {undo: {call: bank.back, with: {obj: '${input}'}}}}\n"
        + "include: [more.yaml]\n"
    )
    assert load(folder, text).operations["pay.charge"].undo.call == "bank.back"


def test_an_address_for_no_service_is_a_problem(folder):
    (found,) = problems(folder, PAY, py="http://a")
    assert found.code == "unknown-service"
    assert "'pay'" in found.remedy


def test_all_problems_come_at_once_in_the_order_of_the_file(folder):
    text = "services:\n  a: {openapi: no.json}\n  b: {python: {f: 'json:dmps'}}\n  c: {}\n"
    assert [(found.line, found.code) for found in problems(folder, text)] == [
        (2, "unknown-file"),
        (3, "unknown-function"),
        (4, "no-operations"),
    ]


def test_what_was_read_although_it_is_wrong_is_told_with_its_line(folder):
    told = document()
    told["paths"]["/charges"]["get"]["parameters"] = [
        {"name": "n", "in": "query", "schema": {"type": "int"}},
        {"name": "m", "in": "query", "schema": {"type": "money"}},
    ]
    file, text = str(folder / "pay.json"), json.dumps(told, indent=1)
    (folder / "pay.json").write_text(text)
    loaded = load(folder, PAY)
    lines = [number for number, line in enumerate(text.splitlines(), 1) if '"type"' in line]
    assert [(each.code, each.file, each.line) for each in loaded.warnings] == [
        ("unknown-type", file, line) for line in lines
    ]
    assert len(lines) == 2
    properties = loaded.operations["pay.findCharges"].input["properties"]
    assert properties == {"n": {"type": "integer"}, "m": {}}


TOOLS = {"tools": [{"name": "add-line", "inputSchema": {"type": "object", "properties": {"key": {}}}}]}
MCP = (
    "services:\n  desk:\n"
    "    mcp: {listing: told.json, command: [serve, --fast], env: {K: {secret: S}}, folder: bin}\n"
)


@pytest.fixture
def told(folder):
    (folder / "told.json").write_text(json.dumps(TOOLS))
    return folder


def test_an_mcp_server_is_a_program_started_in_a_folder_beside_the_catalogue(told):
    loaded = load(told, MCP)
    process = loaded.services["desk"].process

    assert (process.command, process.folder) == (("serve", "--fast"), str(told / "bin"))
    assert loaded.operations["desk.addLine"].binding.tool == "add-line"


def test_an_mcp_server_without_a_command_needs_an_address(told):
    (found,) = problems(told, "services:\n  desk: {mcp: {listing: told.json}}\n")
    assert found.code == "bad-address"
    assert load(told, "services:\n  desk: {mcp: {listing: told.json}}\n", desk="http://127.0.0.1:1/mcp")


@pytest.mark.parametrize(
    "entry",
    [
        "{mcp: {listing: told.json, command: [x]}, base_url: http://127.0.0.1:1}",
        "{mcp: {listing: told.json, env: {A: b}}, base_url: http://127.0.0.1:1}",
    ],
)
def test_an_mcp_server_is_either_started_or_reached(told, entry):
    (found,) = problems(told, f"services:\n  desk: {entry}\n")
    assert "command" in found.remedy


def test_a_listing_that_was_never_imported_is_told_with_the_command_that_does(told):
    (found,) = problems(told, MCP.replace("told.json", "later.json"))
    assert found.code == "unknown-file"
    assert "planner catalog import desk" in found.remedy


def test_a_broken_listing_is_told_with_its_place(told):
    (told / "told.json").write_text('{"tools": [\n{"name": 5, "inputSchema": {}}]}')
    (found,) = problems(told, MCP)
    assert (found.file, found.line) == (str(told / "told.json"), 2)


def test_a_keyed_tool_needs_the_argument_that_carries_the_key(told):
    (found,) = problems(told, MCP + "    operations: {addLine: {effect: keyed}}\n")
    assert found.code == "no-key-argument"
    keyed = load(told, MCP + "    operations: {addLine: {effect: keyed, key_header: key}}\n")
    assert keyed.operations["desk.addLine"].input["properties"] == {}


def test_a_program_is_no_part_of_the_revision(told):
    catalogs = []
    for text in (MCP, MCP.replace("--fast", "--slow")):
        loaded = load(told, text)
        catalogs.append(Catalog(loaded.operations, loaded.services).revision)
    assert catalogs[0] == catalogs[1]


def test_services_are_declared_whatever_their_sources_hold(told):
    (told / "catalog.yaml").write_text(MCP.replace("told.json", "later.json"))
    (found,) = catalog_loader.declared(told / "catalog.yaml", base_urls={})
    assert (found.service.name, found.folder) == ("desk", told)
    (told / "catalog.yaml").write_text("services: [")
    with pytest.raises(CatalogInvalid):
        catalog_loader.declared(told / "catalog.yaml", base_urls={})


ASYNC = """
asyncapi: 3.0.0
channels:
  orders: {messages: {placed: {payload: {type: object}}, paid: {payload: {type: FIELD}}}}
operations: {tell: {action: send}}
"""


def test_events_are_announced_by_documents_and_may_be_given_their_types(folder):
    (folder / "events.yaml").write_text(ASYNC.replace("FIELD", "object"))
    loaded = load(folder, PAY + "events: [{asyncapi: events.yaml, types: {paid: shop.paid}}]\n")

    assert list(loaded.announcements) == ["placed", "shop.paid"]
    assert [omission.what for omission in loaded.omissions] == ["operation tell (send)"]


def test_a_document_of_events_that_cannot_be_used_is_told_with_its_line(folder):
    (folder / "events.yaml").write_text(ASYNC.replace("FIELD", "[]").replace("3.0.0", "9.0.0"))
    found = problems(folder, PAY + "events: [{asyncapi: events.yaml}, {asyncapi: gone.yaml}]\n")

    told = [(each.code, each.path, each.line) for each in found]
    assert told == [("unknown-file", "/events/1/asyncapi", 5), ("not-allowed", "/asyncapi", 2)]


def test_values_are_labelled_by_a_contract(folder):
    contract = "    operations: {findCharges: {labels: {output.email: personal}}}\n"
    found = load(folder, PAY + contract).operations["pay.findCharges"]
    assert found.output["properties"]["email"] == {"x-label": ["personal"]}


@pytest.mark.parametrize(
    ("labels", "code", "below"),
    [
        ("{crad: secret}", "unknown-field", "/crad"),
        ("{output.email: hidden}", "not-allowed", "/output.email"),
    ],
)
def test_a_label_that_labels_nothing_is_told_with_its_place(folder, labels, code, below):
    (found,) = problems(folder, PAY + f"    operations: {{charge: {{labels: {labels}}}}}\n")
    assert (found.code, found.path) == (code, f"/services/pay/operations/charge/labels{below}")
