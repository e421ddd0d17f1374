import orjson
import pytest

from examples.shop.contracts import FOLDER, contract
from examples.shop.service import SERVICES


@pytest.mark.parametrize("name", list(SERVICES))
def test_the_saved_contract_is_the_service_s_own(name):
    saved = (FOLDER / f"{name}.json").read_bytes()
    assert saved == contract(name), "run: python -m examples.shop.contracts"


def test_every_operation_has_an_id_and_closed_schemas():
    for name in SERVICES:
        document = orjson.loads(contract(name))
        for item in document["paths"].values():
            assert all("operationId" in operation for operation in item.values())
        for schema, body in document["components"]["schemas"].items():
            assert body["additionalProperties"] is False, f"{name} {schema}"
