"""OpenAPI: the document says how this API is spoken to, and says it rightly."""

import pytest

from tools import schemas


@pytest.fixture
def document(client):
    return client.get("/openapi.json").json()


def operations(document):
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def references(part):
    if isinstance(part, dict):
        yield from ([part["$ref"]] if isinstance(part.get("$ref"), str) else [])
        for each in part.values():
            yield from references(each)
    elif isinstance(part, list):
        for each in part:
            yield from references(each)


def test_every_reference_leads_somewhere(document):
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}

    assert set(references(document)) <= known


def test_every_operation_is_described_and_says_how_it_fails(document):
    for path, method, operation in operations(document):
        assert operation["description"], (path, method)
        assert operation["tags"], (path, method)
        problem = operation["responses"]["4XX"]["content"]["application/problem+json"]
        assert problem["schema"] == {"$ref": "#/components/schemas/ProblemDetails"}
        assert "422" not in operation["responses"]


def test_every_body_has_examples_that_fit_its_schema(document):
    shown = 0
    for path, method, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {})
        body = content.get("application/json", {})
        for name, example in body.get("examples", {}).items():
            schema = {**body["schema"], "components": document["components"]}
            assert schemas.problems(schema, example["value"]) == [], (path, method, name)
            shown += 1

    assert shown >= 4


def test_the_problem_example_fits_its_schema(document):
    problem = document["paths"]["/v1/runs"]["get"]["responses"]["4XX"]["content"]["application/problem+json"]

    schema = {**problem["schema"], "components": document["components"]}

    assert schemas.problems(schema, problem["example"]) == []


def test_the_example_workflow_can_be_registered(client, document):
    content = document["paths"]["/v1/workflows"]["post"]["requestBody"]["content"]

    assert client.register(content["application/yaml"]["example"]).status_code == 201


def test_a_real_problem_fits_the_documented_schema(client, document):
    schema = {"$ref": "#/components/schemas/ProblemDetails", "components": document["components"]}
    client.register("workflow: x\nsteps: {a: {call: no.thing}}")

    for answer in (client.get("/nix"), client.register("a: ["), client.get("/v1/runs?limit=0")):
        assert schemas.problems(schema, answer.json()) == []


def test_keys_are_documented_where_they_are_needed(document, opened):
    with opened(api_keys=("a-key-of-sixteen-1",)) as client:
        locked = client.get("/openapi.json").json()

    assert "securitySchemes" not in document["components"]
    assert set(locked["components"]["securitySchemes"]) == {"bearer", "key"}
    assert locked["security"]
