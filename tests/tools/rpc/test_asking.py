import asyncio
import itertools
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse

from examples.basket.serve import serve
from planner.testing import free_port
from tools.access import Bearer, Service
from tools.errors import SecretMissing, Unlisted
from tools.routes import Reach
from tools.rpc import asking, methods


def ask(url, **more):
    return asyncio.run(asking.ask(Service(name="basket", base_url=url, **more), Reach(lambda _name: None)))


def refused(url, **more):
    with pytest.raises(Unlisted) as caught:
        ask(url, **more)
    return str(caught.value)


class Strange:
    """A server that answers each question of reflection as told."""

    def __init__(self, *answers, version="v1alpha"):
        self._answers, self._version = iter(answers), version

    def __enter__(self):
        handler = grpc.stream_stream_rpc_method_handler(
            self._talk,
            request_deserializer=ServerReflectionRequest.FromString,
            response_serializer=ServerReflectionResponse.SerializeToString,
        )
        name = f"grpc.reflection.{self._version}.ServerReflection"
        self._server = grpc.server(ThreadPoolExecutor(2))
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": handler}),)
        )
        port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()
        return f"http://127.0.0.1:{port}"

    def __exit__(self, *_):
        self._server.stop(grace=0).wait()

    def _talk(self, questions, _context):
        for _ in questions:
            yield from itertools.islice(self._answers, 1)


LISTED = ServerReflectionResponse()
LISTED.list_services_response.service.add(name="shop.Orders")
OWN = ServerReflectionResponse()
OWN.list_services_response.service.add(name="grpc.health.v1.Health")
LACKING = ServerReflectionResponse()
LACKING.file_descriptor_response.file_descriptor_proto.append(
    FileDescriptorProto(name="shop.proto", dependency=["money.proto"]).SerializeToString()
)
BROKEN = ServerReflectionResponse()
BROKEN.file_descriptor_response.file_descriptor_proto.append(b"\xff")
SECRET = ServerReflectionResponse()
SECRET.error_response.error_message = "not for\nyou"


@pytest.mark.real
def test_a_server_tells_its_services_itself_and_the_compiler_says_the_same(real, compiled):
    with serve(real / "eshop" / "basket.proto") as running:
        told = methods.read(ask(running.url), service="basket")
    source = (real / "eshop" / "basket.proto").read_text(encoding="utf-8-sig")
    assert [operation.name for operation in told.operations] == [
        "basket.DeleteBasket",
        "basket.GetBasket",
        "basket.UpdateBasket",
    ]
    assert told == methods.read(compiled(basket=source), service="basket")


@pytest.mark.real
def test_a_server_without_reflection_is_told(real):
    with serve(real / "eshop" / "basket.proto", reflects=False) as running:
        assert "it has no reflection" in refused(running.url)


def test_nobody_there_is_told():
    url = f"http://127.0.0.1:{free_port()}"
    assert f"nothing speaks gRPC at {url}" in refused(url)


def test_a_server_that_never_answers_is_not_waited_for_long(loopback, monkeypatch):
    monkeypatch.setattr(asking, "SECONDS", 0.2)

    async def silent(peer, _request):
        await peer.reader.read()

    async def main():
        async with loopback(silent, raw=True) as other:
            return await asking.ask(Service(name="s", base_url=other.url), Reach(lambda _name: None))

    with pytest.raises(Unlisted, match=r"no answer within 0\.2 s"):
        asyncio.run(main())


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([LISTED], "it ended its answers early"),
        ([OWN], "it has no services"),
        ([LISTED, SECRET], "it refuses to tell: not for\\nyou"),
        ([LISTED, LACKING, LACKING], "it does not tell its file 'money.proto'"),
        ([LISTED, BROKEN], "basket"),
    ],
)
@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_a_server_that_tells_nothing_of_use_is_told(answers, said, version):
    with Strange(*answers, version=version) as url:
        assert said in refused(url)


def test_more_files_than_any_server_has_are_not_taken(monkeypatch):
    monkeypatch.setattr(asking, "MOST_FILES", 0)
    with Strange(LISTED, LACKING) as url:
        assert "more than 0 files" in refused(url)


def test_a_secret_without_a_value_is_told_before_anything_is_sent():
    with pytest.raises(SecretMissing):
        ask("http://127.0.0.1:1", auth=Bearer(secret="TOKEN"))


def test_an_address_that_cannot_be_one_of_grpc_is_told():
    assert "has no path" in refused("http://127.0.0.1:1/api")
