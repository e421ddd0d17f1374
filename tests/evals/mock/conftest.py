"""Cases of the small project as endpoints."""

import json

import pytest

from evals.mock.exchange import Request
from evals.mock.front import Front

PAID = """
model: {how: card}
services:
  bank.look: {return: {id: l-1, amount: 1}}
  bank.charge: {return: {id: c-1, amount: 5.0}}
expect: {status: succeeded}
"""


@pytest.fixture
def front(desk):
    """Return what serves one case, told below its id and input."""

    def made(rest=PAID, **more):
        return Front(desk.jobs(desk.case(rest), **more))

    return made


@pytest.fixture
def request_to():
    """Return a request to a part of the one case."""

    def made(path, body=None, *, method="POST", **headers):
        told = {"content-type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        content = b"" if body is None else body if isinstance(body, bytes) else _json(body)
        return Request(method, f"/small/one-case{path}", told, content)

    return made


def _json(value):
    return json.dumps(value).encode()
