import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner import bodies
from planner.log import masking, screening
from planner.log.masking import NEVER, Masking

POLICY = Masking()
ALL = Masking(detectors=(*POLICY.detectors, "email"))
SECRETS = (
    "sk-canary0123456789abcdef",
    "rk_live_0123456789ab",
    "whsec_0123456789abcdef",
    "AKIACANARY0123456789",
    "ghs_0123456789abcdefghij",
    "github_pat_0123456789abcdefghij",
    "glpat-0123456789abcdef",
    "xoxb-0123456789ab",
    "AIza0123456789abcdefghij0123456789",
    "npm_0123456789abcdefghij0123456789",
    "pypi-0123456789abcdefghij0123456789",
    "hf_0123456789abcdefghij",
    "SG.0123456789abcdef.0123456789abcdef",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2ln",
    "-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----",
    "Bearer 0123456789abcdef",
    "basic dXNlcjpwYXNzd29yZA==",
    "user_password = hunter2",
    "PrivateKey: 42",
    "4111111111111111",
    "5555 5555-5555 4444",
    4111111111111111,
    "DE89370400440532013000",
    "GB29 NWBK 6016 1331 9268 19",
)
HARMLESS = {
    "order_id": "o-1001",
    "shipping": {"express": True, "until": "2026-11-26T20:00:00Z"},
    "items": [{"sku": "AB-77-XL", "quantity": 2, "risk_level": 0.25}],
    "reservation": "0198f2c4-7d1e-7c55-9a6e-2f3f1f9f8a51",
}

texts = st.text(max_size=30)
telling = st.sampled_from([*NEVER, "Api-Key", "PIN", "accessKey"])
around = st.one_of(texts, st.text('\n\t\x1f\x7f"\\_aZ9é', max_size=3))
names = st.one_of(texts, telling, st.builds("{}{}{}".format, around, telling, around))
leaves = st.one_of(
    texts,
    st.integers(),
    st.booleans(),
    st.none(),
    st.sampled_from(SECRETS),
    st.builds("{}{}{}".format, texts, st.sampled_from(SECRETS), texts),
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=4)),
    max_leaves=10,
)


@given(values)
def test_what_masking_would_find_is_never_cleared(value):
    if masking.mask(value, ALL).pointers:
        assert not screening.clears(bodies.encode(value), ALL)


@pytest.mark.parametrize("secret", SECRETS, ids=str)
def test_a_secret_by_shape_is_not_cleared(secret):
    assert masking.mask([secret], POLICY).pointers
    assert not screening.clears(bodies.encode({"note": secret}), POLICY)


@pytest.mark.parametrize("name", [*NEVER, "apiKey", "X-Api-Key", "user_password", "CardNumber", "PIN"])
def test_a_telling_name_is_not_cleared(name):
    assert not screening.clears(bodies.encode({name: "hunter2"}), POLICY)


def test_harmless_data_is_cleared_even_where_a_name_stands_within_another_word():
    assert screening.clears(bodies.encode(HARMLESS), POLICY)


def test_a_word_that_could_be_a_secret_is_looked_at_and_then_left_alone():
    harmless = {**HARMLESS, "monkey": "a token of thanks"}

    assert not screening.clears(bodies.encode(harmless), POLICY)
    assert masking.mask(harmless, POLICY) == (harmless, ())


def test_only_what_the_policy_names_is_sought():
    text = bodies.encode({"password": "x", "note": "sk-canary0123456789abcdef, DE89370400440532013000"})

    assert screening.clears(text, Masking(never=(), detectors=()))
    assert screening.clears(text, Masking(never=("tax number",), detectors=("jwt",)))
    assert not screening.clears(text, Masking(never=(), detectors=("iban",)))
    assert not screening.clears('{"tax number":7}', Masking(never=("taxNumber",), detectors=()))
