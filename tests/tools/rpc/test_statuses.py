import grpc
import pytest

from tools.rpc.statuses import STATUSES


def test_every_code_but_ok_has_a_meaning():
    assert set(STATUSES) == {code.name for code in grpc.StatusCode} - {"OK"}


@pytest.mark.parametrize(
    "name", ["UNAVAILABLE", "CANCELLED", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "UNKNOWN"]
)
def test_what_the_library_may_say_itself_of_a_call_that_was_sent_is_no_sure_no(name):
    assert STATUSES[name].kind == "unknown"


def test_a_thing_that_is_not_there_has_the_status_that_look_ups_wait_for():
    assert STATUSES["NOT_FOUND"] == ("rejected", 404)
