"""Schemas against schemas."""

import pytest

from tools.schemas import accepts

TEXT, WHOLE, NUMBER, NULL = ({"type": name} for name in ("string", "integer", "number", "null"))
NAMES = {"enum": ["a", "b"]}


def an_object(properties, *required, **more):
    return {"type": "object", "properties": properties, "required": list(required), **more}


def a_list(items):
    return {"type": "array", "items": items}


def node(value, name="Node"):
    schema = an_object({"v": value, "next": {"$ref": f"#/$defs/{name}"}}, additionalProperties=False)
    return {"$ref": f"#/$defs/{name}", "$defs": {name: schema}}


@pytest.mark.parametrize(
    ("sink", "source"),
    [
        (NUMBER, WHOLE),
        (TEXT, {"type": "string", "minLength": 2, "description": "x"}),
        ({}, TEXT),
        (True, {}),
        (NAMES, {"const": "a"}),
        (TEXT, NAMES),
        ({"type": ["string", "null"]}, TEXT),
        ({"anyOf": [TEXT, NULL]}, {"type": ["null", "string"]}),
        ({"type": "string", "maxLength": 9}, {"type": "string", "maxLength": 3}),
        ({"type": "number", "minimum": 0}, {"type": "integer", "minimum": 1}),
        (a_list(NUMBER), a_list(WHOLE)),
        (an_object({"x": TEXT}, "x"), an_object({"x": TEXT, "y": TEXT}, "x")),
        (an_object({}, additionalProperties=TEXT), an_object({"a": TEXT})),
        (
            {"allOf": [an_object({"x": TEXT}, "x"), an_object({"y": TEXT}, "y")]},
            an_object({"x": TEXT, "y": TEXT}, "x", "y"),
        ),
        (node(TEXT), node(TEXT, "Other")),
        (TEXT, {"$ref": "#/$defs/A", "$defs": {"A": TEXT}}),
        (an_object({"s": {"enum": ["a", None]}}), an_object({"s": {"type": "string", "enum": ["a"]}})),
        (TEXT, False),
    ],
)
def test_what_always_fits_is_a_yes(sink, source):
    assert accepts(sink, source) == "yes"


@pytest.mark.parametrize(
    ("sink", "source"),
    [
        (WHOLE, TEXT),
        (TEXT, a_list(TEXT)),
        (TEXT, {"type": ["string", "null"]}),
        (TEXT, {"anyOf": [TEXT, NULL]}),
        (TEXT, {"enum": ["a", None]}),
        (NAMES, {"enum": ["c"]}),
        (NAMES, WHOLE),
        (a_list(TEXT), a_list(WHOLE)),
        (an_object({"x": TEXT}, "x"), an_object({"y": TEXT})),
        (an_object({"x": TEXT}, "x"), an_object({"x": WHOLE}, "x")),
        (an_object({"x": TEXT}, additionalProperties=False), an_object({"x": TEXT, "y": TEXT}, "y")),
        (an_object({}, additionalProperties=TEXT), an_object({"a": WHOLE})),
        (TEXT, node(TEXT)),
        (node(TEXT), node(WHOLE, "Other")),
        ({"type": "integer", "minimum": 5}, {"type": "integer", "maximum": 4}),
    ],
)
def test_what_collides_is_a_no(sink, source):
    assert accepts(sink, source) == "no"


@pytest.mark.parametrize(
    ("sink", "source"),
    [
        (TEXT, {}),
        (WHOLE, NUMBER),
        (TEXT, {"type": ["string", "integer"]}),
        (NAMES, TEXT),
        (NAMES, {"enum": ["a", "c"]}),
        ({"type": "string", "maxLength": 3}, TEXT),
        ({"type": "array", "minItems": 1}, a_list(TEXT)),
        (a_list(TEXT), {"type": "array"}),
        (an_object({"x": TEXT}, "x"), an_object({"x": TEXT})),
        (an_object({"x": TEXT}, "x"), {"type": "object"}),
        (an_object({"x": TEXT}, additionalProperties=False), an_object({"x": TEXT, "y": TEXT})),
        (an_object({}, minProperties=1), an_object({"x": TEXT})),
        ({"type": "string", "pattern": "^a"}, {"type": "string", "pattern": "^b"}),
        ({"type": "string", "pattern": "("}, {"type": "string", "pattern": "["}),
        ({"$ref": "#/$defs/no"}, TEXT),
    ],
)
def test_what_hangs_on_the_value_is_unknown(sink, source):
    expected = "yes" if sink == {"$ref": "#/$defs/no"} else "unknown"
    assert accepts(sink, source) == expected


def test_a_wide_recursive_schema_is_compared_in_no_time():
    fields = {f"f{number}": {"$ref": "#/$defs/N"} for number in range(30)}
    wide = {"$ref": "#/$defs/N", "$defs": {"N": an_object(fields)}}
    assert accepts(wide, {**wide, "description": "same"}) == "yes"


def test_limits_that_were_not_compared_never_give_a_yes():
    sink = an_object({"x": TEXT}, minProperties=2)
    assert accepts(sink, {**sink}) == "yes"
    assert accepts(sink, an_object({"x": TEXT})) == "unknown"
