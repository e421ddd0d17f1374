import pytest

from planner.planning import signatures
from tools import catalog
from tools.operations import FunctionBinding, HttpBinding, Operation

PIECE = {
    "type": "object",
    "title": "Piece",
    "properties": {"id": {"type": "string"}, "sku": {"type": "string"}},
}


def operation(**more):
    fields = {
        "name": "shop.getOrder",
        "service": "shop",
        "effect": "read",
        "binding": HttpBinding(method="GET", path="/orders/{id}", places={"id": "path"}),
    }
    return Operation(**{**fields, **more})


def arguments(signature):
    return {item.name: item.kind for item in signature.arguments}


def kinds(signature):
    return {".".join(field.path): field.kinds for field in signature.fields}


def test_an_id_in_a_path_is_that_of_what_stands_before_it():
    signature = signatures.sign(operation(input={"type": "object", "properties": {"id": {"type": "string"}}}))
    assert arguments(signature) == {"id": "order.id"}


def test_a_field_that_ends_in_id_is_the_id_of_that_thing_however_it_is_written():
    schema = {"type": "object", "title": "Order", "properties": {"paymentId": {"type": "string"}}}
    assert kinds(signatures.sign(operation(output=schema)))["paymentId"] == ("payment.id", "order.payment_id")


def test_a_telling_word_stands_for_itself_and_a_general_one_only_for_its_own_thing():
    schema = {"type": "object", "title": "Order", "properties": {"sku": {}, "status": {}}}
    found = kinds(signatures.sign(operation(output=schema)))
    assert found["sku"] == ("order.sku", "sku")
    assert found["status"] == ("order.status",)


def test_things_inside_an_answer_and_lists_of_things_are_kinds_of_their_own():
    schema = {
        "$ref": "#/$defs/Order",
        "$defs": {
            "Order": {
                "type": "object",
                "properties": {
                    "first": {"$ref": "#/$defs/Piece"},
                    "lines": {"type": "array", "items": PIECE},
                },
                "required": ["first"],
            },
            "Piece": PIECE,
        },
    }
    signature = signatures.sign(operation(output=schema))
    found = kinds(signature)
    assert found[""] == ("order",)
    assert found["first"] == ("piece",)
    assert found["first.sku"] == ("piece.sku", "sku")
    assert found["lines"][0] == "piece[]"
    assert {".".join(field.path): field.certain for field in signature.fields}["first.sku"] is False


def test_what_a_schema_or_a_catalogue_says_of_a_kind_counts_before_any_name():
    schema = {
        "type": "object",
        "properties": {"to": {"type": "string", "x-kind": "email"}, "why": {"type": "string"}},
    }
    signature = signatures.sign(operation(input=schema, kinds={"why": "order.note"}))
    assert arguments(signature) == {"to": "email", "why": "order.note"}


def test_an_answer_can_be_given_a_kind_in_the_catalogue():
    schema = {"type": "object", "title": "Order", "properties": {"who": {"type": "string"}}}
    signature = signatures.sign(operation(output=schema, kinds={"output.who": "email"}))
    assert kinds(signature)["who"] == ("email", "order.who")


def test_a_field_that_is_told_what_it_is_is_not_what_its_name_refers_to():
    schema = {"type": "object", "title": "Order", "properties": {"payment_id": {"type": "string"}}}
    signature = signatures.sign(operation(output=schema, kinds={"output.payment_id": "order.later"}))
    assert kinds(signature)["payment_id"] == ("order.later", "order.payment_id")


def test_an_operation_without_schemas_is_about_what_its_name_says():
    function = FunctionBinding(target="a:b")
    assert signatures.sign(operation(name="shop.find_customers", binding=function)).entity == "customer"
    assert (
        signatures.sign(operation(name="invoices.list", service="invoices", binding=function)).entity
        == "invoice"
    )


def test_a_schema_that_refers_to_itself_ends():
    schema = {
        "$ref": "#/$defs/Node",
        "$defs": {"Node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}}},
    }
    assert len(signatures.sign(operation(output=schema)).fields) == signatures.DEEPEST + 1


def test_only_required_arguments_are_needed_and_every_field_is_given():
    schema = {"type": "object", "properties": {"id": {}, "page": {}}, "required": ["id"]}
    output = {"type": "object", "title": "Order", "properties": {"sku": {}}}
    producer = signatures.sign(operation(input=schema, output=output)).producer
    assert producer.needs == {"order.id"}
    assert producer.gives == {"order", "order.sku", "sku", "shop.getOrder"}


@pytest.mark.parametrize(
    ("plural", "one"),
    [
        ("orders", "order"),
        ("categories", "category"),
        ("boxes", "box"),
        ("status", "status"),
        ("addresses", "address"),
        ("series", "series"),
        ("movies", "movie"),
    ],
)
def test_words_are_taken_in_the_singular(plural, one):
    assert signatures.singular(plural) == one


def test_real_documents_are_signed_whatever_their_names_are(real, tmp_path):
    documents = ["petstore/openapi.yaml", "restbench/tmdb_oas.json", "eshop/catalog-v2.json"]
    entries = [
        f"  s{number}: {{openapi: {real / path}, base_url: 'http://127.0.0.1:1'}}"
        for number, path in enumerate(documents)
    ]
    path = tmp_path / "catalog.yaml"
    path.write_text("services:\n" + "\n".join(entries) + "\n")
    loaded = catalog.load(path)
    signed = {name: signatures.sign(item) for name, item in loaded.operations.items()}
    assert len(signed) > 60
    assert arguments(signed["s0.getPetById"]) == {"petId": "pet.id"}
    assert "pet" in signed["s0.getPetById"].producer.gives
