import pytest

from tools import asyncapi, schemas, yaml
from tools.errors import CatalogInvalid

SHOP = """
asyncapi: 3.0.0
info: {title: Shop, version: 1.0.0}
channels:
  orders:
    address: shop/orders
    messages:
      placed: {$ref: '#/components/messages/OrderPlaced'}
      paid:
        name: shop.payment.settled
        title: A payment was settled.
        payload: {type: object, properties: {order_id: {type: string}, amount: {type: number}}}
  raw:
    messages:
      avro: {payload: {schemaFormat: 'application/vnd.apache.avro;version=1.9.0', schema: {type: record}}}
      bare: {}
operations:
  onPlaced: {action: receive, channel: {$ref: '#/channels/orders'}}
  tellPaid: {action: send, channel: {$ref: '#/channels/orders'}}
components:
  messages:
    OrderPlaced:
      summary: An order was placed.
      headers: {type: object, properties: {ce-type: {const: shop.order.placed}}}
      payload: {$ref: '#/components/schemas/Order'}
  schemas:
    Order:
      type: object
      required: [id]
      properties: {id: {type: string}, lines: {type: array, items: {$ref: '#/components/schemas/Line'}}}
    Line: {type: object, properties: {sku: {type: string}, of: {$ref: '#/components/schemas/Line'}}}
"""
STREETLIGHTS = """
asyncapi: 2.6.0
info: {title: Lights, version: 1.0.0}
channels:
  light/measured:
    publish:
      operationId: receiveMeasurement
      message: {payload: {type: object, properties: {lumens: {type: integer, minimum: 0}}}}
  light/turned:
    subscribe:
      message:
        oneOf:
          - {$ref: '#/components/messages/turnedOn'}
          - {messageId: turnedOff, payload: {type: object}}
components:
  messages:
    turnedOn:
      payload:
        type: object
        properties:
          specversion: {type: string}
          id: {type: string}
          source: {type: string}
          type: {enum: [light.on]}
          data: {type: object, properties: {by: {type: string}}}
"""


def read(text, **more):
    return asyncapi.read(yaml.load(text).data, **more)


def types(found):
    return [announcement.type for announcement in found.announcements]


def refused(text, **more):
    with pytest.raises(CatalogInvalid) as caught:
        read(text, **more)
    return [problem.path for problem in caught.value.problems]


def test_messages_of_channels_are_events_with_the_type_that_they_tell():
    found = read(SHOP)
    assert types(found) == ["shop.order.placed", "shop.payment.settled", "avro", "bare"]
    placed, paid, *_ = found.announcements
    assert (placed.summary, placed.channel) == ("An order was placed.", "shop/orders")
    assert paid.summary == "A payment was settled."


def test_the_data_of_an_event_has_the_schema_of_its_payload():
    placed = read(SHOP).announcements[0]
    assert schemas.faults(placed.data) == []
    assert schemas.valid(placed.data, {"id": "o-1", "lines": [{"sku": "a", "of": {"sku": "b"}}]})
    assert not schemas.valid(placed.data, {"lines": []})


def test_a_payload_in_another_language_is_left_open_and_told():
    found = read(SHOP)
    assert found.announcements[2].data is None
    assert found.omissions[0] == (
        "payload of avro",
        "it is written in application/vnd.apache.avro;version=1.9.0",
    )


def test_operations_are_left_out_since_no_step_sends_to_a_channel():
    told = [each.what for each in read(SHOP).omissions]
    assert told[1:] == ["operation onPlaced (receive)", "operation tellPaid (send)"]


def test_the_catalogue_may_tell_the_type_of_a_message():
    assert types(read(SHOP, types={"bare": "shop.bare"}))[-1] == "shop.bare"
    assert refused(SHOP, types={"bear": "shop.bare"}) == [""]


def test_version_2_is_read_too():
    found = read(STREETLIGHTS)
    assert types(found) == ["receiveMeasurement", "light.on", "turnedOff"]
    measured = found.announcements[0]
    assert measured.data == {"type": "object", "properties": {"lumens": {"type": "integer", "minimum": 0}}}
    assert [each.what for each in found.omissions] == [
        "operation publish light/measured",
        "operation subscribe light/turned",
    ]


def test_a_payload_that_is_a_whole_cloudevent_tells_type_and_data():
    turned = read(STREETLIGHTS).announcements[1]
    assert turned.data == {"type": "object", "properties": {"by": {"type": "string"}}}


def test_references_lead_into_files_beside_the_document(tmp_path):
    (tmp_path / "order.yaml").write_text("{type: object, properties: {id: {type: integer}}}")
    text = SHOP.replace("'#/components/schemas/Order'", "order.yaml")
    (placed, *_) = read(text, folder=tmp_path).announcements
    assert schemas.valid(placed.data, {"id": 1})
    assert not schemas.valid(placed.data, {"id": "o-1"})


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("[]", [""]),
        ("openapi: 3.1.0", [""]),
        ("asyncapi: 1.2.0", ["/asyncapi"]),
        ("asyncapi: 4.0.0", ["/asyncapi"]),
        ("{asyncapi: 3.0.0, channels: []}", ["/channels"]),
        ("{asyncapi: 3.0.0, channels: {a: 1}}", ["/channels/a"]),
        ("{asyncapi: 3.0.0, channels: {a: {$ref: '#/nowhere'}}}", ["/channels/a"]),
        (
            "{asyncapi: 3.0.0, channels: {a: {messages: {m: {payload: {$ref: '#/x'}}}}}}",
            ["/channels/a/messages/m/payload"],
        ),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(text, paths):
    assert refused(text) == paths
