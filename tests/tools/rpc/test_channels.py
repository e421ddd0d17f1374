import asyncio

import pytest

from planner.testing import free_port
from tools.access import Service
from tools.requests import Unbuildable
from tools.rpc.channels import Channels, Unreached


def channels(**more):
    return Channels(Service(name="basket", **more), 1000)


def refused(**more):
    with pytest.raises(Unbuildable) as caught:
        asyncio.run(channels(**more).ready())
    return str(caught.value)


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("http://127.0.0.1:8204", "dns:///127.0.0.1:8204"),
        ("http://basket", "dns:///basket:80"),
        ("https://basket/", "dns:///basket:443"),
        ("http://[::1]:50051", "dns:///[::1]:50051"),
    ],
)
def test_an_address_is_a_host_and_a_port(address, target):
    assert channels(base_url=address).target == target


def test_what_cannot_be_an_address_of_grpc_is_told():
    assert "give it a `base_url`" in refused()
    assert "'/api'" in refused(base_url="http://basket/api")


def test_certificates_cannot_be_left_unchecked():
    assert "remove `verify`" in refused(base_url="https://127.0.0.1:1", verify=False)


def test_authorities_that_cannot_be_read_are_told(tmp_path):
    assert "cannot be read" in refused(base_url="https://127.0.0.1:1", verify=str(tmp_path / "none.pem"))


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_nobody_there_is_found_out_each_time_anew(scheme):
    async def main():
        found = channels(base_url=f"{scheme}://127.0.0.1:{free_port()}")
        for _ in range(3):
            with pytest.raises(Unreached):
                await found.ready()
        await found.close()

    asyncio.run(main())
