import pytest

from tools.access import Service
from tools.credentials import NOBODY, Credentials
from tools.requests import Unbuildable
from tools.rpc.metadata import metadata


def test_headers_credentials_and_more_go_along_in_small_letters():
    service = Service(name="s", headers={"X-Tenant": "t-1"})
    told = metadata(service, Credentials([("Authorization", "Bearer x")]), [("Idempotency-Key", "k")])
    assert told == (("x-tenant", "t-1"), ("authorization", "Bearer x"), ("idempotency-key", "k"))


@pytest.mark.parametrize("headers", [{"X Tenant": "a"}, {"trace-bin": "a"}, {"x-tenant": "ä"}, {"x": "a\nb"}])
def test_what_no_metadata_may_carry_is_refused(headers):
    with pytest.raises(Unbuildable):
        metadata(Service(name="s", headers=headers), NOBODY)
