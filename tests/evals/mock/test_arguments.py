"""What a request says is read back as the caller of the operation gave it."""

from pathlib import Path

import pytest

from evals import project
from evals.errors import RequestUnserved
from evals.mock import arguments
from evals.mock.exchange import Request
from tools import requests
from tools.operations import HttpBinding, Operation

ROOT = Path(__file__).resolve().parents[3]
NUMBERS = {"type": "array", "items": {"type": "integer"}}


def operation(binding, *, effect="write", **schemas):
    schema = {"type": "object", "properties": schemas, "$defs": {"size": {"type": "integer"}}}
    return Operation(name="s.op", service="s", input=schema, effect=effect, binding=binding)


def there_and_back(made, given, *, key=None):
    told = {**given, **(requests.with_key(made, made.binding, key) if key else {})}
    message = requests.build(made, made.binding, told)
    headers = {name.lower(): value for name, value in message.headers}
    request = Request(message.method, message.target, headers, message.body or b"")
    asked = arguments.route([made], request)
    assert asked is not None
    return arguments.read(asked, request)


def test_every_place_of_a_request_gives_its_argument_back():
    places = {"id": "path", "n": "query", "trace": "header", "who": "cookie", "text": "body", "size": "body"}
    made = operation(
        HttpBinding(method="POST", path="/a/{id}/b", places=places, names={"n": "page[n]"}),
        id={"type": "string"},
        n={"$ref": "#/$defs/size"},
        trace={"type": "string"},
        who={"type": "string"},
        text={"type": "string"},
        size={"type": ["object", "null"]},
    )
    given = {"id": "x/1 ü", "n": 7, "trace": "t-1", "who": "ada b", "text": "1", "size": {"w": [1, 2.5]}}

    assert there_and_back(made, given) == given
    assert there_and_back(made, {"id": "2", "size": None}) == {"id": "2", "size": None}


@pytest.mark.parametrize("style", ["comma", "space", "pipe", "repeat"])
@pytest.mark.parametrize("items", [[1], [1, 2, 3]])
def test_lists_come_back_in_every_style(style, items):
    binding = HttpBinding(method="GET", path="/a", styles={"ids": style})

    assert there_and_back(operation(binding, ids=NUMBERS), {"ids": items}) == {"ids": items}


def test_a_text_that_looks_like_a_number_stays_one_where_a_text_is_wanted():
    made = operation(
        HttpBinding(method="GET", path="/a"), code={"type": "string"}, is_new={"type": "boolean"}
    )

    assert there_and_back(made, {"code": "007", "is_new": True}) == {"code": "007", "is_new": True}


def test_a_form_and_a_whole_body_are_read():
    form = HttpBinding(method="POST", path="/f", places={"a": "form", "many": "form"})
    whole = HttpBinding(method="PUT", path="/w", places={"body": "whole_body"})

    given = {"a": "x&y", "many": [1, 2]}
    assert there_and_back(operation(form, a={"type": "string"}, many=NUMBERS), given) == given
    assert there_and_back(operation(whole, body={}), {"body": [1, {"a": None}]}) == {"body": [1, {"a": None}]}


def test_the_key_that_the_engine_adds_is_no_argument():
    binding = HttpBinding(
        method="POST", path="/a", places={"key": "header"}, names={"key": "Idempotency-Key"}
    )
    made = operation(binding, effect="keyed", key={"type": "string"})

    assert there_and_back(made, {}, key="k-1") == {}


def test_the_path_that_leaves_least_open_is_meant():
    open_, named = (
        operation(HttpBinding(method="GET", path=path), id={"type": "string"})
        for path in ("/a/{id}", "/a/me")
    )
    asked = arguments.route([open_, named], Request("GET", "/a/me", {}, b""))

    assert asked.operation is named
    assert arguments.route([open_, named], Request("POST", "/a/me", {}, b"")) is None


def test_a_part_of_the_query_that_belongs_to_the_path_is_looked_for():
    made = operation(HttpBinding(method="GET", path="/?Action=List"), n={"type": "integer"})

    assert there_and_back(made, {"n": 1}) == {"n": 1}
    assert arguments.route([made], Request("GET", "/?Action=Drop", {}, b"")) is None


def test_a_body_that_cannot_be_read_is_told():
    made = operation(HttpBinding(method="POST", path="/a", places={"a": "body"}), a={})
    request = Request("POST", "/a", {"content-type": "text/csv"}, b"a,b")

    with pytest.raises(RequestUnserved, match="neither a JSON object nor a form: text/csv"):
        arguments.read(arguments.route([made], request), request)


def test_every_operation_of_the_shop_reads_what_it_writes():
    catalog = project.load(ROOT / "examples" / "shop").catalog
    samples = {"string": "x-1", "integer": 3, "number": 2.5, "boolean": True, "array": [], "object": {}}
    count = 0
    for each in catalog.operations.values():
        if isinstance(each.binding, HttpBinding):
            given = {
                name: samples[schema["type"]]
                for name, schema in each.input.get("properties", {}).items()
                if schema.get("type") in samples
            }
            key = requests.with_key(each, each.binding, "k") if each.effect == "keyed" else {}
            wanted = {name: value for name, value in given.items() if name not in key}
            assert there_and_back(each, given) == wanted, each.name
            count += 1
    assert count > 10
