from tools import labels, schemas
from tools.operations import HttpBinding, Operation

TEXT = {"type": "string"}
PERSON = {"type": "object", "properties": {"email": TEXT, "name": TEXT}, "additionalProperties": False}


def operation(arguments, output=None, **more):
    binding = HttpBinding(method="POST", path="/pay")
    schema = {"type": "object", "properties": arguments, "additionalProperties": False, **more}
    return Operation(name="pay.charge", service="pay", input=schema, output=output, binding=binding)


def label(schema, *fields):
    return schemas.at(schema, fields).schema.get("x-label")


def test_an_argument_and_a_field_of_the_answer_are_labelled_and_the_rest_stays():
    plain = operation({"card": TEXT, "amount": TEXT}, {"type": "object", "properties": {"holder": PERSON}})

    made = labels.labelled(plain, {"card": "secret", "output.holder.email": "personal"})

    assert label(made.input, "card") == ["secret"]
    assert label(made.output, "holder", "email") == ["personal"]
    assert (label(made.input, "amount"), label(made.output, "holder", "name")) == (None, None)
    assert labels.labelled(made, {"card": "personal"}).input["properties"]["card"]["x-label"] == [
        "secret",
        "personal",
    ]
    assert plain.input["properties"]["card"] == TEXT


def test_only_the_place_is_labelled_where_a_schema_is_shared():
    plain = operation(
        {"payer": {"$ref": "#/$defs/P"}, "payee": {"$ref": "#/$defs/P"}}, **{"$defs": {"P": PERSON}}
    )
    made = labels.labelled(plain, {"payer.email": "personal"})
    assert label(made.input, "payer", "email") == ["personal"]
    assert label(made.input, "payee", "email") is None


def test_items_of_lists_and_alternatives_are_labelled():
    people = {"type": "array", "items": PERSON}
    perhaps = {"anyOf": [{"type": "null"}, PERSON], "allOf": [{"type": ["object", "null"]}]}
    made = labels.labelled(
        operation({"people": people, "perhaps": perhaps}),
        {"people.email": "personal", "perhaps.email": "personal"},
    )
    assert made.input["properties"]["people"]["items"]["properties"]["email"]["x-label"] == ["personal"]
    assert made.input["properties"]["perhaps"]["anyOf"][1]["properties"]["email"]["x-label"] == ["personal"]


def test_an_answer_that_no_schema_describes_can_be_labelled_whole_and_in_parts():
    made = labels.labelled(operation({}), {"output": "untrusted", "output.token": "secret"})
    assert made.output == {"x-label": ["untrusted"], "properties": {"token": {"x-label": ["secret"]}}}
    assert labels.labelled(operation({}), {}).output is None


def test_places_that_are_none_are_told():
    plain = operation({"card": TEXT, "payer": PERSON}, PERSON)
    assert labels.lost(
        plain, ["card", "crad", "payer.phone", "card.number", "output.email", "output.phone"]
    ) == [
        "crad",
        "payer.phone",
        "card.number",
        "output.phone",
    ]
