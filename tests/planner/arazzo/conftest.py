"""What tests of Arazzo share: the operations of the petstore that Swagger publishes."""

import pytest

from planner.arazzo import document
from tools import catalog_file, openapi, yaml
from tools.access import Service
from tools.catalog import Catalog


@pytest.fixture(scope="session")
def petstore(real):
    found = openapi.read(catalog_file.document(real / "petstore" / "openapi.yaml").data, service="petstore")
    service = Service(name="petstore", base_url="http://127.0.0.1:1")
    return Catalog({operation.name: operation for operation in found}, {"petstore": service})


HEAD = """
arazzo: 1.0.1
info: {title: Pets, version: 2.1.0}
sourceDescriptions: [{name: petstore, url: ./openapi.yaml, type: openapi}]
"""


@pytest.fixture
def arazzo():
    """Return what reads a document's text behind the usual head."""

    def made(text, head=HEAD):
        return document.read(yaml.load(head + text))

    return made
