"""Documents that others publish, imported through a catalogue file, and every request they can make."""

import json
import sys
import time
from collections import Counter

import pytest

from tools import catalog, requests, responses, schemas

pytestmark = pytest.mark.real

DOCUMENTS = {
    "carts": "sock-shop/carts.json",
    "catalogue": "sock-shop/catalogue.json",
    "orders": "sock-shop/orders.json",
    "payment": "sock-shop/payment.json",
    "user": "sock-shop/user.json",
    "petstore": "petstore/openapi.yaml",
    "eshop_v1": "eshop/catalog-v1.json",
    "eshop_v2": "eshop/catalog-v2.json",
    "tmdb": "restbench/tmdb_oas.json",
}
EFFECTS = {
    "carts": {"read": 1, "idempotent": 2, "write": 2},
    "catalogue": {"read": 4},
    "orders": {"read": 1, "write": 1},
    "payment": {"read": 1, "write": 1},
    "user": {"read": 9, "idempotent": 3, "write": 3},
    "petstore": {"read": 8, "idempotent": 5, "write": 6},
    "eshop_v1": {"read": 10, "idempotent": 2, "write": 1},
    "eshop_v2": {"read": 7, "idempotent": 2, "write": 1},
    "tmdb": {"read": 54},
}
MATCHING = {"^tt[0-9]{7}": "tt0111161"}
"""A text for each pattern that the documents have."""
DEEP = 4
"""Below this depth a sample holds only what is required, since schemas may be recursive."""


@pytest.fixture(scope="module")
def loaded(real, tmp_path_factory):
    """Return the catalogue over every document; how long each took goes to the captured output."""
    folder = tmp_path_factory.mktemp("real")
    found = {}
    for name, path in {**DOCUMENTS, "": ""}.items():
        wanted = {name: path} if name else DOCUMENTS
        entries = {each: {"openapi": str(real / file), "base_url": f"http://127.0.0.1/{each}"}
                   for each, file in wanted.items()}  # fmt: skip
        (folder / "catalog.yaml").write_text(json.dumps({"services": entries}))
        began = time.perf_counter()
        found[name] = catalog.load(folder / "catalog.yaml")
        took = (time.perf_counter() - began) * 1000
        told = f"{name or 'all together'}: {len(found[name].operations)} operations in {took:.1f} ms\n"
        sys.stdout.write(told)
    return found[""]


def of(loaded, service):
    return [operation for operation in loaded.operations.values() if operation.service == service]


def sample(schema, definitions, *, full, depth=0):
    """Return a value of the schema: every field of it, or only what is required."""
    if schema is True:
        return "anything"
    if "$ref" in schema:
        named = definitions[schema["$ref"].removeprefix("#/$defs/")]
        return sample(named, definitions, full=full, depth=depth + 1)
    fixed = [*schema.get("enum", ()), *([schema["const"]] if "const" in schema else ())]
    if fixed:
        return fixed[0]
    branches = schema.get("anyOf") or schema.get("oneOf")
    if branches:
        return sample(branches[0], definitions, full=full, depth=depth)
    parts = [sample(part, definitions, full=full, depth=depth) for part in schema.get("allOf", ())]
    own = plain(schema, definitions, full=full and depth < DEEP, depth=depth)
    return {name: value for part in [*parts, own] for name, value in part.items()} if parts else own


def plain(schema, definitions, *, full, depth):
    kinds = schema.get("type", "object" if {"properties", "allOf"} & set(schema) else "string")
    kind = kinds if isinstance(kinds, str) else min(set(kinds) - {"null"})
    if kind == "object":
        properties, required = schema.get("properties", {}), schema.get("required", [])
        wanted = {**properties, **{name: properties.get(name, True) for name in required}}
        return {
            name: sample(part, definitions, full=full, depth=depth + 1)
            for name, part in wanted.items()
            if full or name in required
        }
    if kind == "array":
        count = max(schema.get("minItems", 0), int(full))
        return [sample(schema.get("items", True), definitions, full=full, depth=depth + 1)] * count
    lowest = schema.get("minimum", 1)
    values = {"integer": lowest, "number": lowest, "boolean": True, "null": None}
    return values[kind] if kind in values else text(schema)


def text(schema):
    shaped = {
        "date-time": "2026-01-05T09:00:00Z",
        "date": "2026-01-05",
        "uuid": "0" * 8 + "-0000-0000-0000-" + "0" * 12,
    }
    if "pattern" in schema:
        return MATCHING[schema["pattern"]]
    return shaped.get(schema.get("format"), "x" * max(1, schema.get("minLength", 1)))


def test_every_document_gives_its_operations_with_guessed_effects(loaded):
    assert len(loaded.operations) == 124
    assert {name: dict(Counter(each.effect for each in of(loaded, name))) for name in DOCUMENTS} == EFFECTS
    assert len(loaded.guessed()) == 124
    told = {(warning.file.rpartition("/")[2], warning.code) for warning in loaded.warnings}
    assert told == {("tmdb_oas.json", "wrong-type")}
    assert len(loaded.warnings) == 2


@pytest.mark.parametrize(
    ("name", "method", "path"),
    [
        ("carts.addAnItemToTheCart", "POST", "/carts/{customerId}/items"),
        ("catalogue.getAnItem", "GET", "/catalogue/{id}"),
        ("payment.paymentAuthPost", "POST", "/paymentAuth"),
        ("petstore.placeOrder", "POST", "/store/order"),
        ("eshop_v1.CreateItem", "POST", "/api/catalog/items"),
        ("eshop_v2.updateItemV2", "PUT", "/api/catalog/items/{id}"),
        ("tmdb.getTvTvIdSeasonSeasonNumberCredits", "GET", "/tv/{tv_id}/season/{season_number}/credits"),
    ],
)
def test_operations_keep_method_and_path_under_names_that_expressions_can_bear(loaded, name, method, path):
    binding = loaded.operation(name).binding
    assert (binding.method, binding.path) == (method, path)
    assert name.rpartition(".")[2].isidentifier()


def test_some_schemas_are_what_their_documents_say(loaded):
    place = loaded.operation("petstore.placeOrder")
    assert schemas.at(place.input, ["status"]).schema["enum"] == ["placed", "approved", "delivered"]
    item = loaded.operation("eshop_v1.GetItem").output
    assert "null" in schemas.at(item, ["description"]).schema["type"]
    assert schemas.at(item, ["catalogBrand", "brand"]).state == "found"
    movie = loaded.operation("tmdb.getSearchMovie")
    assert movie.input["required"] == ["query"]
    assert schemas.at(movie.output, ["total_pages"]).schema == {"type": "integer"}
    by_value = schemas.at(loaded.operation("tmdb.getDiscoverTv").input, ["with_status"]).schema
    assert schemas.valid(by_value, 3)


@pytest.mark.parametrize("full", [False, True], ids=["required", "full"])
@pytest.mark.parametrize("service", DOCUMENTS)
def test_a_sample_of_its_schema_makes_the_request_of_every_operation(loaded, service, full):
    for operation in of(loaded, service):
        given = sample(operation.input, operation.input.get("$defs", {}), full=full)
        assert schemas.problems(operation.input, given) == [], operation.name
        message = requests.build(operation, operation.binding, given)
        assert message.target.startswith("/"), operation.name
        assert not set("{}") & set(message.target), operation.name
        assert message.body or not carried(operation, given), operation.name
        if message.body and requests.is_json(operation.binding.content_type or ""):
            json.loads(message.body)


def carried(operation, given):
    """Return the arguments that travel in the body."""
    return [name for name in given if operation.binding.places[name] in {"body", "form", "whole_body"}]


@pytest.mark.parametrize("service", DOCUMENTS)
def test_a_sample_of_its_schema_is_a_right_answer_of_every_operation(loaded, service):
    for operation in of(loaded, service):
        if operation.output is not None:
            answer = sample(operation.output, operation.output.get("$defs", {}), full=True)
            outcome = responses.judge(operation, answer, {})
            assert outcome.kind == "applied", outcome.error
