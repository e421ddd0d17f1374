"""Documents as operations."""

from pathlib import Path

import pytest

from tools import openapi, schemas, yaml
from tools.errors import CatalogInvalid
from tools.references import DOCUMENT_LIMITS

REAL = Path(__file__).resolve().parents[2].parent / "shared" / "real"
OK = {"200": {"description": "fine"}}


def document(paths, *, version="3.1.0", **more):
    head = {"swagger": "2.0"} if version == "2.0" else {"openapi": version}
    return {**head, "info": {"title": "t", "version": "1"}, "paths": paths, **more}


def read(paths, **options):
    found = openapi.read(document(paths, **options), service="shop")
    return {operation.name.removeprefix("shop."): operation for operation in found}


def problems(broken):
    with pytest.raises(CatalogInvalid) as caught:
        openapi.read(broken, service="shop")
    return caught.value.problems


def real(name):
    path = REAL / name
    if not path.is_file():
        pytest.skip("the real documents are not here")
    loaded = yaml.load(path.read_text(encoding="utf-8"), file=path.name, limits=DOCUMENT_LIMITS)
    return {operation.name: operation for operation in openapi.read(loaded.data, service="real")}


def assert_usable(operations):
    for operation in operations.values():
        assert schemas.faults(operation.input) == []
        assert operation.input["additionalProperties"] is False
        assert set(operation.input["properties"]) == set(operation.binding.places)
        assert operation.output is None or schemas.faults(operation.output) == []
        assert operation.effect_source == "guessed"
        assert operation.summary


@pytest.mark.parametrize(
    ("method", "effect"),
    [
        ("get", "read"),
        ("head", "read"),
        ("options", "read"),
        ("put", "idempotent"),
        ("delete", "idempotent"),
        ("post", "write"),
        ("patch", "write"),
    ],
)
def test_the_effect_is_a_guess_from_the_method(method, effect):
    operation = read({"/a": {method: {"operationId": "a", "responses": OK}}})["a"]
    assert (operation.effect, operation.effect_source) == (effect, "guessed")
    assert operation.binding.method == method.upper()


def test_parameters_of_the_path_are_merged_with_those_of_the_operation():
    shared = [{"name": "id", "in": "path", "schema": {"type": "string"}}, {"name": "v", "in": "query"}]
    own = [{"name": "v", "in": "query", "required": True, "schema": {"type": "integer"}}]
    operation = read({"/a/{id}": {"parameters": shared, "get": {"operationId": "a", "parameters": own}}})["a"]
    assert operation.input["required"] == ["id", "v"]
    assert operation.input["properties"]["v"] == {"type": "integer"}


def test_references_to_parameters_bodies_and_answers_are_followed():
    components = {
        "parameters": {"Id": {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}},
        "requestBodies": {
            "Order": {
                "required": True,
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}},
            }
        },
        "responses": {
            "Done": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}}
        },
        "schemas": {
            "Order": {"type": "object", "properties": {"sku": {"type": "string"}}, "required": ["sku"]}
        },
    }
    call = {
        "operationId": "put",
        "parameters": [{"$ref": "#/components/parameters/Id"}],
        "requestBody": {"$ref": "#/components/requestBodies/Order"},
        "responses": {"200": {"$ref": "#/components/responses/Done"}},
    }
    operation = read({"/a/{id}": {"put": call}}, components=components)["put"]
    assert operation.binding.places == {"id": "path", "sku": "body"}
    assert operation.input["required"] == ["id", "sku"]
    assert schemas.valid(operation.output, {"sku": "a"})
    assert not schemas.valid(operation.output, {})


def test_a_recursive_schema_works_in_requests_and_answers():
    node = {
        "type": "object",
        "properties": {"next": {"$ref": "#/components/schemas/Node"}, "v": {"type": "integer"}},
    }
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Node"}}}
    call = {"operationId": "a", "requestBody": {"required": True, "content": content}}
    call["responses"] = {"200": {"content": content}}
    operation = read({"/a": {"post": call}}, components={"schemas": {"Node": node}})["a"]
    assert schemas.valid(operation.input, {"v": 1, "next": {"next": {"v": 2}}})
    assert not schemas.valid(operation.input, {"next": {"v": "x"}})
    assert not schemas.valid(operation.output, {"next": {"next": {"v": "x"}}})
    assert schemas.at(operation.output, ["next", "next", "v"]).schema == {"type": "integer"}


def test_a_path_item_may_stand_behind_a_reference():
    operations = read({"/a": {"$ref": "#/x-items/a"}}, **{"x-items": {"a": {"get": {"operationId": "a"}}}})
    assert list(operations) == ["a"]


def test_a_slot_of_the_path_that_nobody_declared_is_an_argument():
    operation = read({"/a/{id}/b/{n}": {"get": {"operationId": "a"}}})["a"]
    assert operation.input["required"] == ["id", "n"]
    assert operation.binding.places == {"id": "path", "n": "path"}


def test_documented_statuses_of_success_are_kept():
    operation = read({"/a": {"get": {"operationId": "a", "responses": {"204": {}, 201: {}, "404": {}}}}})["a"]
    assert operation.binding.success == (201, 204)
    assert operation.binding.not_processed == (429, 503)


def test_a_body_that_may_be_missing_is_all_or_nothing():
    schema = {"type": "object", "properties": {"a": {}, "b": {}}, "required": ["a"]}
    call = {"operationId": "x", "requestBody": {"content": {"application/json": {"schema": schema}}}}
    operation = read({"/a": {"post": call}})["x"]
    assert schemas.valid(operation.input, {})
    assert schemas.valid(operation.input, {"a": 1})
    assert not schemas.valid(operation.input, {"b": 1})


def test_a_get_sends_no_body():
    call = {"operationId": "x", "requestBody": {"content": {"application/json": {"schema": {}}}}}
    assert read({"/a": {"get": call}})["x"].binding.places == {}


def test_ids_that_are_names_keep_theirs_and_others_make_way():
    paths = {
        "/a": {"get": {"operationId": "get item"}},
        "/b": {"get": {"operationId": "getItem"}},
        "/c": {"get": {"operationId": "getItem"}},
        "/d": {"post": {}},
    }
    operations = read(paths)
    assert operations["getItem"].binding.path == "/b"
    assert operations["getItem2"].binding.path == "/c"
    assert operations["getItem3"].binding.path == "/a"
    assert operations["postD"].summary == "POST /d"


def test_the_summary_is_one_line():
    call = {"operationId": "a", "description": "First line.\nSecond line."}
    assert read({"/a": {"get": call}})["a"].summary == "First line."


def test_swagger_bodies_forms_and_lists_are_read():
    paths = {
        "/a/{id}": {
            "post": {
                "operationId": "a",
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "type": "integer"},
                    {"name": "tags", "in": "query", "type": "array", "items": {"type": "string"}},
                    {"name": "x", "in": "body", "required": True, "schema": {"$ref": "#/definitions/Item"}},
                ],
                "responses": {"200": {"schema": {"$ref": "#/definitions/Item"}}},
            }
        },
        "/f": {"post": {"operationId": "f", "parameters": [{"$ref": "#/parameters/Name"}], "responses": OK}},
    }
    item = {"type": "object", "properties": {"sku": {"type": "string", "x-nullable": True}}}
    operations = read(
        paths,
        version="2.0",
        definitions={"Item": item},
        parameters={"Name": {"name": "n", "in": "formData", "type": "string", "required": True}},
        produces=["application/json"],
    )
    assert operations["a"].binding.places == {"id": "path", "tags": "query", "sku": "body"}
    assert operations["a"].binding.styles == {"tags": "comma"}
    assert schemas.valid(operations["a"].output, {"sku": None})
    assert operations["f"].binding.places == {"n": "form"}
    assert operations["f"].binding.content_type == "application/x-www-form-urlencoded"


def test_every_problem_of_a_document_is_reported_at_once():
    paths = {
        "/a": {"get": {"parameters": [{"name": "x", "in": "qury"}, {"$ref": "#/nope"}]}},
        "/b": {"post": {"requestBody": {"content": {"application/json": {"schema": {"enum": "x"}}}}}},
        "/c": {"get": {"parameters": {}}, "put": "nothing"},
        "/d": {
            "get": {"responses": {"200": {"content": {"application/json": {"schema": {"minimum": "3"}}}}}}
        },
    }
    found = {problem.path: problem.code for problem in problems(document(paths))}
    assert found == {
        "/paths/~1a/get/parameters/0/in": "not-allowed",
        "/paths/~1a/get/parameters/1": "unknown-reference",
        "/paths/~1b/post/requestBody/content/application~1json/schema/enum": "wrong-type",
        "/paths/~1c/get/parameters": "wrong-type",
        "/paths/~1c/put": "wrong-type",
        "/paths/~1d/get/responses": "broken-schema",
    }


@pytest.mark.parametrize(
    ("broken", "path"),
    [
        ([], ""),
        ({"paths": {}}, ""),
        ({"openapi": "4.0.0", "paths": {}}, "/openapi"),
        ({"swagger": "1.2"}, "/swagger"),
        ({"openapi": "3.0.0", "paths": []}, "/paths"),
    ],
)
def test_what_is_no_document_has_one_problem(broken, path):
    (found,) = problems(broken)
    assert found.path == path
    assert found.remedy


def test_files_beside_the_document_are_followed_in_its_folder_only(tmp_path):
    (tmp_path / "order.yaml").write_text("type: object\nproperties: {id: {type: string}}\n")
    schema = {"$ref": "order.yaml"}
    paths = {
        "/a": {
            "get": {
                "operationId": "a",
                "responses": {"200": {"content": {"application/json": {"schema": schema}}}},
            }
        }
    }
    (operation,) = openapi.read(document(paths), service="shop", folder=tmp_path)
    assert schemas.at(operation.output, ["id"]).schema == {"type": "string"}
    assert problems(document(paths))[0].code == "unknown-reference"


@pytest.mark.parametrize(
    ("more", "address"),
    [
        ({"servers": [{"url": "https://a.b/v1/"}, {"url": "https://c.d"}]}, "https://a.b/v1"),
        ({"servers": [{"url": "/api/v3"}]}, "/api/v3"),
        ({"servers": [{"url": "https://{r}.b", "variables": {"r": {"default": "eu"}}}]}, "https://eu.b"),
        ({"servers": [{"url": "/"}]}, None),
        ({"servers": []}, None),
        ({}, None),
    ],
)
def test_the_address_is_the_first_server(more, address):
    assert openapi.base_url(document({}, **more)) == address


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "count", "some"),
    [
        ("carts", 5, "addAnItemToTheCart"),
        ("catalogue", 4, "listCatalogue"),
        ("orders", 2, "ordersPost"),
        ("payment", 2, "healthGet"),
        ("user", 15, "setUser"),
    ],
)
def test_the_sock_shop_imports(name, count, some):
    operations = real(f"sock-shop/{name}.json")
    assert len(operations) == count
    assert f"real.{some}" in operations
    assert_usable(operations)


@pytest.mark.real
def test_a_cart_item_of_the_sock_shop_is_flattened():
    operation = real("sock-shop/carts.json")["real.addAnItemToTheCart"]
    assert operation.binding.places == {
        "customerId": "path",
        "itemId": "body",
        "quantity": "body",
        "unitPrice": "body",
    }
    assert operation.binding.success == (201,)


@pytest.mark.real
def test_the_petstore_imports():
    operations = real("petstore/openapi.yaml")
    assert len(operations) == 19
    assert_usable(operations)
    assert operations["real.addPet"].input["required"] == ["name", "photoUrls"]
    assert operations["real.uploadFile"].binding.content_type == "application/octet-stream"
    assert schemas.at(operations["real.getPetById"].output, ["category", "name"]).schema["type"] == "string"


@pytest.mark.real
@pytest.mark.parametrize(("name", "count"), [("catalog-v1.json", 13), ("catalog-v2.json", 10)])
def test_eshop_imports(name, count):
    operations = real(f"eshop/{name}")
    assert len(operations) == count
    assert_usable(operations)
    assert operations["real.GetItem"].input["required"] == ["id", "api-version"]


@pytest.mark.real
def test_the_movie_database_imports():
    operations = real("restbench/tmdb_oas.json")
    assert len(operations) == 54
    assert_usable(operations)
    assert operations["real.getSearchMovie"].input["required"] == ["query"]
    assert "null" in schemas.at(operations["real.getPersonPersonId"].output, ["birthday"]).schema["type"]


@pytest.mark.real
@pytest.mark.filterwarnings("ignore")
def test_the_document_that_httpbin_publishes_imports():
    httpbin = pytest.importorskip("httpbin")
    answer = httpbin.app.test_client().get("/spec.json")
    if answer.status_code != 200:
        pytest.skip("httpbin publishes its document only when flasgger is installed")
    operations = {found.name: found for found in openapi.read(answer.get_json(), service="httpbin")}
    assert len(operations) > 60
    assert_usable(operations)
    assert operations["httpbin.getStatusCodes"].binding.places == {"codes": "path"}


JUNK = [None, 3, "x", [], {}, [1], {"a": 1}, True, {"$ref": "#/nope"}, {"$ref": 3}, "\ud800", {"type": []}]


def every_place(value, path=()):
    yield path
    for name in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from every_place(value[name], (*path, name))


def replaced(value, path, junk):
    if not path:
        return junk
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], junk)
    return copy


SCHEMA = {
    "type": "object",
    "required": ["a"],
    "properties": {"a": {"type": "string", "enum": ["x"]}, "b": {"$ref": "#/components/schemas/B"}},
    "allOf": [{"items": {}}],
}
WHOLE = document(
    {
        "/a/{id}": {
            "parameters": [{"name": "id", "in": "path", "schema": {"type": "string"}}],
            "post": {
                "operationId": "a",
                "parameters": [{"name": "q", "in": "query", "style": "deepObject", "schema": SCHEMA}],
                "requestBody": {"required": True, "content": {"application/json": {"schema": SCHEMA}}},
                "responses": {"200": {"content": {"application/json": {"schema": SCHEMA}}}},
            },
        }
    },
    servers=[{"url": "http://{a}", "variables": {"a": {"default": "b"}}}],
    components={"schemas": {"B": {"type": "integer", "minimum": 1}}},
)
OLDER = document(
    {
        "/a": {
            "post": {
                "consumes": ["application/json"],
                "parameters": [
                    {"name": "l", "in": "query", "type": "array", "items": {"type": "string"}},
                    {"name": "f", "in": "formData", "type": "file"},
                ],
                "responses": {"200": {"schema": {"$ref": "#/definitions/B"}}},
            }
        }
    },
    version="2.0",
    schemes=["http"],
    host="a",
    produces=["application/json"],
    definitions={"B": {"type": "integer"}},
)


def told(broken):
    """Return the problems of a document, if there are any; whatever else is raised fails the test."""
    try:
        openapi.read(broken, service="shop")
        openapi.base_url(broken)
    except CatalogInvalid as exc:
        return exc.problems
    return ()


@pytest.mark.parametrize("whole", [WHOLE, OLDER], ids=["3.1", "2.0"])
def test_rubbish_at_any_place_is_imported_or_refused_with_problems_and_never_a_crash(whole):
    found = [told(replaced(whole, path, junk)) for path in every_place(whole) for junk in JUNK]
    assert sum(1 for problems in found if problems) > 100
    assert all(problem.message and problem.code for problems in found for problem in problems)
