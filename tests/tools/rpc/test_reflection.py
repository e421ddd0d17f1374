import grpc
import pytest

from examples.basket.serve import serve
from planner.testing import free_port
from tools.errors import CatalogInvalid
from tools.rpc import methods, reflection

pytestmark = pytest.mark.real


def asked(url, seconds=5.0):
    with grpc.insecure_channel(url.removeprefix("http://")) as channel:
        return reflection.descriptor_set(channel, seconds=seconds)


def refused(url, seconds=5.0):
    with pytest.raises(CatalogInvalid) as caught:
        asked(url, seconds)
    return caught.value.problems[0].message


def test_a_server_tells_its_services_itself(real):
    with serve(real / "eshop" / "basket.proto") as running:
        found = methods.read(asked(running.url), service="basket")
    assert [operation.name for operation in found.operations] == [
        "basket.DeleteBasket",
        "basket.GetBasket",
        "basket.UpdateBasket",
    ]
    assert not found.omissions


def test_reflection_and_the_compiler_tell_the_same(real, compiled):
    with serve(real / "eshop" / "basket.proto") as running:
        told = methods.read(asked(running.url), service="basket")
    source = (real / "eshop" / "basket.proto").read_text(encoding="utf-8-sig")
    assert told == methods.read(compiled(basket=source), service="basket")


def test_a_server_without_reflection_is_told(real):
    with serve(real / "eshop" / "basket.proto", reflects=False) as running:
        assert "has no reflection" in refused(running.url)


def test_a_server_that_is_not_there_is_told():
    assert "UNAVAILABLE" in refused(f"http://127.0.0.1:{free_port()}")
