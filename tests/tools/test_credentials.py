import base64

import pytest

from tools.access import ApiKey, Basic, Bearer, Process, SecretName, Service
from tools.credentials import credentials, environment
from tools.errors import SecretMissing
from tools.requests import Unbuildable

SECRET = "s3cret-value-1"


def made(auth, value=SECRET):
    service = Service(name="shop", base_url="http://shop.invalid", auth=auth)
    return credentials(service, {"TOKEN": value}.get)


def test_each_kind_of_access_has_its_header():
    token = base64.b64encode(b"ann:s3cret-value-1").decode()
    assert made(None).headers == []
    assert made(Bearer(secret="TOKEN")).headers == [("Authorization", f"Bearer {SECRET}")]
    assert made(ApiKey(secret="TOKEN", header="X-Key")).headers == [("X-Key", SECRET)]
    assert made(Basic(secret="TOKEN", user="ann")).headers == [("Authorization", f"Basic {token}")]


@pytest.mark.parametrize("value", [None, "", "  \n"])
def test_a_secret_without_a_value_is_missing_and_named(value):
    with pytest.raises(SecretMissing, match="TOKEN"):
        made(Bearer(secret="TOKEN"), value)


def test_a_line_end_after_a_secret_is_forgiven_but_not_inside_it():
    assert made(Bearer(secret="TOKEN"), f"{SECRET}\n").headers[0][1] == f"Bearer {SECRET}"
    with pytest.raises(Unbuildable) as caught:
        made(Bearer(secret="TOKEN"), f"{SECRET}\r\nX-Admin: 1")
    assert SECRET not in str(caught.value)


def test_the_secret_shows_in_no_picture_of_it():
    assert SECRET not in repr(made(Bearer(secret="TOKEN")))


def test_what_a_service_sends_back_of_the_secret_is_masked():
    seen = made(Basic(secret="TOKEN", user="ann"))
    token = seen.headers[0][1].removeprefix("Basic ")
    assert seen.veil({"a": [f"you sent {SECRET}", 7], token: None}) == {
        "a": ["you sent [secret]", 7],
        "[secret]": None,
    }


def test_a_secret_too_short_to_be_found_safely_is_not_searched_for():
    assert made(Bearer(secret="TOKEN"), "abc").veil("abcdef") == "abcdef"


def test_a_program_gets_its_secrets_by_name_and_its_answers_do_not_show_them():
    env = {"MODE": "plain", "KEY": SecretName(secret="TOKEN")}
    service = Service(name="shop", process=Process(command=("x",), env=env, folder="/"))

    assert environment(service, {"TOKEN": SECRET}.get) == {"MODE": "plain", "KEY": SECRET}
    assert credentials(service, {"TOKEN": SECRET}.get).veil({"is": f"{SECRET} plain"}) == {
        "is": "[secret] plain"
    }
    with pytest.raises(SecretMissing, match="TOKEN"):
        credentials(service, {}.get)


def test_a_service_that_is_no_program_has_no_environment():
    assert environment(Service(name="shop"), {}.get) == {}
