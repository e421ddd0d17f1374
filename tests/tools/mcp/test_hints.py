import itertools

import pytest

from tools.mcp import hints
from tools.mcp.hints import Hints

ANY = (None, True, False)
EVERY = [Hints(read_only=r, destructive=d, idempotent=i) for r, d, i in itertools.product(ANY, ANY, ANY)]


@pytest.mark.parametrize("said", EVERY, ids=str)
def test_no_hint_loosens_the_contract_of_a_server_that_is_not_trusted(said):
    assert hints.effect(said, is_trusted=False) == ("irreversible", "default")


@pytest.mark.parametrize(
    ("said", "effect"),
    [
        (Hints(read_only=True), "read"),
        (Hints(read_only=True, destructive=True), "read"),
        (Hints(idempotent=True), "idempotent"),
        (Hints(idempotent=True, destructive=True), "idempotent"),
        (Hints(destructive=False), "write"),
        (Hints(destructive=True), "irreversible"),
        (Hints(open_world=False), "irreversible"),
        (Hints(), "irreversible"),
    ],
)
def test_a_trusted_server_is_believed_and_its_silence_taken_as_the_protocol_has_it(said, effect):
    assert hints.effect(said, is_trusted=True) == (effect, "guessed")


@pytest.mark.parametrize(
    ("said", "declared", "doubted"),
    [
        (Hints(read_only=False), "read", True),
        (Hints(), "read", False),
        (Hints(read_only=False, idempotent=False), "idempotent", True),
        (Hints(idempotent=False), "idempotent", False),
        (Hints(read_only=False, idempotent=True), "idempotent", False),
        (Hints(read_only=False, idempotent=False, destructive=True), "keyed", False),
        (Hints(read_only=False, idempotent=False, destructive=True), "write", False),
    ],
)
def test_what_a_server_says_outright_against_a_looser_contract_is_told(said, declared, doubted):
    assert (hints.doubt(said, declared) is not None) is doubted
