import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from tools.errors import CatalogInvalid
from tools.rpc import descriptors

ORDERS = """
syntax = "proto3";
package shop.v1;
import "money.proto";
import "google/protobuf/timestamp.proto";
message Outer {
  message Line { string sku = 1; Colour colour = 2; }
  enum Colour { RED = 0; BLUE = 1; }
  string never_asked = 1;
  Unused unused = 2;
}
message Unused { string text = 1; }
message Order {
  string id = 1;
  repeated Outer.Line lines = 2;
  money.Amount total = 3;
  google.protobuf.Timestamp placed = 4;
  map<string, Order> parts = 5;
}
service Orders { rpc Get(Order) returns (Order); }
"""
MONEY = """
syntax = "proto3";
package money;
message Amount { int64 units = 1; string currency = 2; }
message Rate { double value = 1; }
"""


def refused(data):
    with pytest.raises(CatalogInvalid) as caught:
        descriptors.read(data)
    return caught.value.problems[0]


def test_a_set_tells_its_methods_and_messages(compiled):
    types = descriptors.read(compiled(orders=ORDERS, money=MONEY))
    assert [method.full_name for method in types.methods()] == ["shop.v1.Orders.Get"]
    assert types.new("money.Amount").DESCRIPTOR.full_name == "money.Amount"


def test_what_is_packed_for_a_message_is_all_that_it_holds_and_nothing_else(compiled):
    types = descriptors.read(compiled(orders=ORDERS, money=MONEY))
    kept = descriptors.unpacked(descriptors.packed(types, ["shop.v1.Order"]))
    order = kept.new("shop.v1.Order")
    order.lines.add(sku="s-1", colour=1)
    order.total.units = 7
    order.placed.FromSeconds(3)
    order.parts["a"].id = "o-2"
    assert type(order).FromString(order.SerializeToString()) == order
    assert not kept.message("shop.v1.Outer").fields
    for name in ("shop.v1.Unused", "money.Rate"):
        with pytest.raises(KeyError):
            kept.message(name)
    assert not list(kept.methods())


def test_the_same_messages_are_packed_the_same(compiled):
    types = descriptors.read(compiled(orders=ORDERS, money=MONEY))
    names = ("shop.v1.Order", "money.Amount")
    assert descriptors.packed(types, names) == descriptors.packed(types, reversed(names))


def test_proto2_and_editions_keep_their_ways(compiled):
    old = 'syntax = "proto2"; message A { required string id = 1; optional int32 n = 2 [default = 5]; }'
    new = 'edition = "2023"; option features.field_presence = IMPLICIT; message B { string id = 1; }'
    types = descriptors.read(compiled(old=old, new=new))
    kept = descriptors.unpacked(descriptors.packed(types, ["A", "B"]))
    assert kept.message("A").fields_by_name["id"].is_required
    assert kept.new("A").n == 5
    assert not kept.message("B").fields_by_name["id"].has_presence


def test_files_may_stand_in_any_order(compiled):
    found = FileDescriptorSet.FromString(compiled(orders=ORDERS, money=MONEY))
    turned = FileDescriptorSet(file=list(found.file)[::-1])
    assert descriptors.read(turned.SerializeToString()).message("shop.v1.Order")


def test_what_protobuf_itself_brings_may_be_omissions(compiled):
    found = FileDescriptorSet.FromString(compiled(orders=ORDERS, money=MONEY))
    kept = [file for file in found.file if not file.name.startswith("google/")]
    assert descriptors.read(FileDescriptorSet(file=kept).SerializeToString()).message("shop.v1.Order")


def test_a_set_without_its_imports_says_which_file_is_missing(compiled):
    problem = refused(
        compiled(imports=False, orders=ORDERS, money=MONEY).replace(b"money.proto", b"cents.proto", 1)
    )
    assert "'money.proto'" in problem.message or "'cents.proto'" in problem.message
    assert "--include_imports" in problem.remedy


@pytest.mark.parametrize("data", [b"", b"openapi: 3.1.0", b"\x0a\xff"])
def test_what_is_no_descriptor_set_is_refused(data):
    assert refused(data).code == "no-descriptors"


def test_files_that_need_each_other_are_refused():
    found = FileDescriptorSet()
    found.file.add(name="a.proto", dependency=["b.proto"])
    found.file.add(name="b.proto", dependency=["a.proto"])
    assert "needs itself" in refused(found.SerializeToString()).message


def test_a_type_that_nobody_defines_is_refused():
    found = FileDescriptorSet()
    message = found.file.add(name="a.proto", syntax="proto3").message_type.add(name="A")
    message.field.add(name="b", number=1, type=11, label=1, type_name=".Nowhere")
    assert "'a.proto'" in refused(found.SerializeToString()).message
