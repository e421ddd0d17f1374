import asyncio

import httpx2
import pytest

from planner.faults.unreachable import Detour


@pytest.mark.parametrize(
    ("reach", "raised"),
    [
        ("refused", httpx2.ConnectError),
        ("nameless", httpx2.ConnectError),
        ("no_tls", httpx2.ConnectError),
        ("silent", httpx2.ConnectTimeout),
        ("pool_full", httpx2.PoolTimeout),
    ],
)
def test_a_request_that_is_led_away_fails_as_the_real_thing_does(reach, raised):
    async def main():
        async with httpx2.AsyncClient(transport=Detour(reach), timeout=0.2) as client:
            await client.get("http://127.0.0.1/")

    with pytest.raises(raised):
        asyncio.run(main())
