import json

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from tools import sources
from tools.catalog_file import ServiceEntry
from tools.errors import CatalogInvalid

DOCUMENT = {
    "openapi": "3.1.0",
    "servers": [{"url": "http://127.0.0.1:8101"}],
    "paths": {"/orders/{id}": {"get": {"operationId": "getOrder", "parameters": []}}},
}


def read(folder, document):
    path = folder / "shop.json"
    path.write_text(json.dumps(document, indent=1))
    return sources.read("openapi", path, "shop", ServiceEntry(openapi="shop.json"))


def test_a_document_offers_its_operations_and_its_address(tmp_path):
    parameter = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    DOCUMENT["paths"]["/orders/{id}"]["get"]["parameters"] = [parameter]
    offer = read(tmp_path, DOCUMENT)

    assert [operation.name for operation in offer.operations] == ["shop.getOrder"]
    assert offer.base_url == "http://127.0.0.1:8101"


def test_problems_of_a_document_bear_file_and_line(tmp_path):
    with pytest.raises(CatalogInvalid) as caught:
        read(tmp_path, {"openapi": "3.1.0", "paths": {"/a": {"get": {"parameters": [{"in": "nowhere"}]}}}})

    (problem, *_) = caught.value.problems
    assert problem.file.endswith("shop.json")
    assert problem.line > 1


@pytest.mark.parametrize("data", [None, b"openapi: 3.1.0"])
def test_a_descriptor_set_that_cannot_be_used_is_told_with_its_file(tmp_path, data):
    path = tmp_path / "shop.binpb"
    path.write_bytes(data or b"")
    with pytest.raises(CatalogInvalid) as caught:
        sources.read("grpc", path, "shop", ServiceEntry(grpc="shop.binpb"))

    assert [(each.code, each.file) for each in caught.value.problems] == [("no-descriptors", str(path))]


def test_a_descriptor_set_offers_the_methods_of_its_services(tmp_path):
    made = FileDescriptorSet()
    file = made.file.add(name="shop.proto", package="shop", syntax="proto3")
    file.message_type.add(name="Order")
    service = file.service.add(name="Orders")
    service.method.add(name="Get", input_type=".shop.Order", output_type=".shop.Order")
    path = tmp_path / "shop.binpb"
    path.write_bytes(made.SerializeToString())

    offer = sources.read("grpc", path, "shop", ServiceEntry(grpc="shop.binpb"))
    assert [operation.binding.how for operation in offer.operations] == ["gRPC /shop.Orders/Get"]
    assert offer.base_url is None
