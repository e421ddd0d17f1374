from evals.explore import samples
from tools import schemas

NODE = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string"},
        "next": {"$ref": "#/$defs/Node"},
        "all": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
        "other": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]},
    },
}


def first(schema, like=None):
    return next(samples.samples(schema, like), None)


def test_a_sample_of_what_holds_itself_ends_where_it_would_begin_again():
    found = first({"$ref": "#/$defs/Node", "$defs": {"Node": NODE}})
    assert found == {"name": "x", "all": [], "other": None}


def test_an_argument_that_holds_itself_has_a_sample():
    schema = {
        "type": "object",
        "required": ["tree"],
        "properties": {"tree": {"$ref": "#/$defs/Node"}},
        "$defs": {"Node": NODE},
    }
    assert schemas.valid(schema, first(schema))


def test_what_must_hold_itself_has_no_sample():
    node = {"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#/$defs/Node"}}}
    assert first({"$ref": "#/$defs/Node", "$defs": {"Node": node}}) is None


def test_one_definition_may_be_used_side_by_side():
    schema = {
        "type": "object",
        "required": ["a", "b"],
        "properties": {"a": {"$ref": "#/$defs/a~1b"}, "b": {"$ref": "#/$defs/a~1b"}},
        "$defs": {"a/b": {"type": "integer", "minimum": 3}},
    }
    assert first(schema) == {"a": 3, "b": 3}


def test_what_is_given_by_name_is_taken_over():
    schema = {"type": "object", "properties": {"sku": {"type": "string"}}}
    assert first(schema, {"sku": "k-1"}) == {"sku": "k-1"}
