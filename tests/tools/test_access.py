"""Services."""

import pytest
from pydantic import ValidationError

from tools.access import ApiKey, Basic, Bearer, Breaker, Service


def test_a_service_has_careful_defaults():
    service = Service(name="orders")
    assert (service.max_concurrency, service.not_processed, service.verify) == (20, (429, 503), True)
    assert service.breaker == Breaker(failures=5, open_for=service.breaker.open_for)
    assert service.breaker.open_for.total_seconds() == 30


@pytest.mark.parametrize(
    "auth", [Bearer(secret="A"), ApiKey(header="X-Key", secret="A"), Basic(user="u", secret="A")]
)
def test_the_kind_of_identification_survives_being_written(auth):
    written = Service(name="s", auth=auth).model_dump(mode="json")
    assert Service.model_validate(written).auth == auth


def test_a_service_that_takes_no_call_at_all_is_refused():
    with pytest.raises(ValidationError):
        Service(name="s", max_concurrency=0)
    with pytest.raises(ValidationError):
        Breaker(failures=0)
