import pytest

from tools import schemas
from tools.rpc import methods

SOURCE = """
syntax = "proto3";
package shop;
import "google/protobuf/empty.proto";
import "google/protobuf/struct.proto";
message Order { string id = 1; }
service Orders {
  // Returns an order.
  // By its id.
  rpc Get(Order) returns (Order) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Put(Order) returns (Order) { option idempotency_level = IDEMPOTENT; }
  rpc Ship(Order) returns (google.protobuf.Empty);
  rpc Import(google.protobuf.Struct) returns (google.protobuf.Empty);
  rpc Watch(Order) returns (stream Order);
  rpc Upload(stream Order) returns (Order);
  rpc Talk(stream Order) returns (stream Order);
}
service Archive { rpc Ship(Order) returns (Order); }
"""


@pytest.fixture
def found(compiled):
    return methods.read(compiled(shop=SOURCE), service="orders")


def by_name(found):
    return {operation.name: operation for operation in found.operations}


def test_every_method_with_one_answer_is_an_operation(found):
    assert list(by_name(found)) == [
        "orders.Get",
        "orders.Import",
        "orders.Put",
        "orders.archiveShip",
        "orders.ordersShip",
    ]
    assert by_name(found)["orders.Get"].binding.path == "/shop.Orders/Get"


def test_methods_that_stream_are_omissions_and_say_why(found):
    assert [(each.what, each.why.partition(";")[0]) for each in found.omissions] == [
        ("shop.Orders.Watch", "streams its answers"),
        ("shop.Orders.Upload", "streams its requests"),
        ("shop.Orders.Talk", "streams its requests and answers"),
    ]


def test_the_effect_is_what_the_method_says_and_else_unknown(found):
    told = {name: (each.effect, each.effect_source) for name, each in by_name(found).items()}
    assert told["orders.Get"] == ("read", "guessed")
    assert told["orders.Put"] == ("idempotent", "guessed")
    assert told["orders.ordersShip"] == ("write", "default")


def test_the_summary_is_the_first_line_of_the_comment(found):
    assert by_name(found)["orders.Get"].summary == "Returns an order."
    assert by_name(found)["orders.Put"].summary == "Orders Put"


def test_a_request_without_fields_of_its_own_is_one_argument(found):
    operation = by_name(found)["orders.Import"]
    assert operation.binding.argument == "body"
    assert schemas.valid(operation.input, {"body": {"any": ["thing"]}})
    assert not schemas.valid(operation.input, {})


def test_services_of_grpc_itself_are_omissions(compiled):
    source = (
        'syntax = "proto3"; package grpc.health.v1; message A {} service Health { rpc Check(A) returns (A); }'
    )
    found = methods.read(compiled(health=source), service="health")
    assert (found.operations, [each.why for each in found.omissions]) == ([], ["belongs to gRPC itself"])


@pytest.mark.real
def test_the_basket_of_a_real_shop_is_read(real, compiled):
    source = (real / "eshop" / "basket.proto").read_text(encoding="utf-8-sig")
    found = methods.read(compiled(basket=source), service="basket")
    assert list(by_name(found)) == ["basket.DeleteBasket", "basket.GetBasket", "basket.UpdateBasket"]
    assert not found.omissions
    update = by_name(found)["basket.UpdateBasket"]
    assert schemas.valid(update.input, {"items": [{"productId": 1, "quantity": 2}]})
    assert not schemas.valid(update.input, {"items": [{"product_id": 1}]})
    assert update.output["required"] == ["items"]
