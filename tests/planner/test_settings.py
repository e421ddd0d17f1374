import re
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import SecretStr

from planner import settings
from planner.embeddings import EmbeddingSettings
from planner.errors import SettingsInvalid
from planner.log.masking import Masking
from planner.log.retention import Retention
from planner.planning.policy import Policy
from planner.settings import HeadSettings, ModelSettings, SealingSettings, Settings, load
from planner.webhooks import WebhookSettings

DOC = Path(__file__).resolve().parents[2] / "docs" / "settings.md"
GROUPS = {
    "model": ModelSettings,
    "embeddings": EmbeddingSettings,
    "masking": Masking,
    "sealing": SealingSettings,
    "retention": Retention,
    "heads": HeadSettings,
    "webhooks": WebhookSettings,
    "planning": Policy,
}
KEY = "a-key-of-more-than-sixteen"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "PLANNER_MODEL"):
        monkeypatch.delenv(name, raising=False)


def told(monkeypatch, **variables):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return load()


def test_an_empty_environment_gives_the_defaults():
    found = load()
    assert (found.host, found.port, found.api_keys) == ("127.0.0.1", 8080, ())
    assert found.database_url == "sqlite:///var/planner.db"
    assert found.catalog_file == Path("catalog.yaml")
    assert found.workflows_folder == Path("workflows")
    assert not found.model.configured
    assert found.model.endpoint == settings.DEFAULT_BASE_URL


def test_a_project_says_where_its_files_are(monkeypatch):
    found = told(monkeypatch, PLANNER_PROJECT="shop", PLANNER_CATALOG="other.yaml")
    assert found.catalog_file == Path("other.yaml")
    assert found.workflows_folder == Path("shop/workflows")


def test_overrides_go_before_the_environment(monkeypatch):
    monkeypatch.setenv("PLANNER_PORT", "9000")
    assert load().port == 9000
    assert load(port=9001).port == 9001


def test_the_model_can_be_named_in_one_word_or_in_parts(monkeypatch):
    assert told(monkeypatch, PLANNER_MODEL="m-1").model.name == "m-1"
    found = told(monkeypatch, PLANNER_MODEL__MAX_ATTEMPTS="5").model
    assert (found.name, found.max_attempts) == ("m-1", 5)
    monkeypatch.delenv("PLANNER_MODEL")
    assert told(monkeypatch, PLANNER_MODEL__NAME="m-2").model.name == "m-2"


def test_the_model_can_be_given_as_json(monkeypatch):
    found = told(monkeypatch, PLANNER_MODEL='{"name": "m-3", "temperature": 0}').model
    assert (found.name, found.temperature) == ("m-3", 0)


def test_the_usual_variables_of_openai_are_heard(monkeypatch):
    found = told(
        monkeypatch, OPENAI_API_KEY="sk-1", OPENAI_BASE_URL="http://h:1/v1/", PLANNER_MODEL="m"
    ).model
    assert found.api_key == SecretStr("sk-1")
    assert found.endpoint == "http://h:1/v1"
    assert found.configured


def test_our_own_variables_win(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    assert told(monkeypatch, PLANNER_MODEL__API_KEY="sk-2").model.api_key == SecretStr("sk-2")


def test_a_key_for_openai_is_not_sent_to_a_server_of_ours(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    found = told(monkeypatch, PLANNER_MODEL__BASE_URL="http://127.0.0.1:9/v1").model
    assert found.api_key is None
    assert found.configured


def test_empty_variables_count_as_unset(monkeypatch):
    assert not told(monkeypatch, OPENAI_API_KEY="", PLANNER_PORT="", PLANNER_MODEL="").model.configured


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "planner.example"])
def test_a_host_that_others_reach_needs_keys(host):
    with pytest.raises(SettingsInvalid, match="PLANNER_API_KEYS"):
        load(host=host)
    assert load(host=host, api_keys=[KEY]).host == host
    assert load(host=host, callers={"anna": {"key": KEY}}).host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1", "[::1]", "localhost", "LOCALHOST"])
def test_loopback_needs_no_keys(host):
    assert load(host=host).host == host


@pytest.mark.parametrize("text", [f"{KEY},{KEY}2", f" {KEY} , {KEY}2,", f'["{KEY}", "{KEY}2"]'])
def test_keys_are_a_list_or_separated_by_commas(monkeypatch, text):
    found = told(monkeypatch, PLANNER_API_KEYS=text).api_keys
    assert [key.get_secret_value() for key in found] == [KEY, f"{KEY}2"]


def test_callers_come_as_json_with_a_key_set_apart(monkeypatch):
    monkeypatch.setenv("PLANNER_CALLERS__ANNA__KEY", KEY)
    told_of = '{"anna": {"tenant": "acme", "groups": ["finance"]}, "ops": {"key": "another-key-of-sixteen"}}'

    found = told(monkeypatch, PLANNER_CALLERS=told_of).callers

    assert found["anna"].key.get_secret_value() == KEY
    assert (found["anna"].tenant, found["anna"].groups) == ("acme", ("finance",))
    assert (found["ops"].tenant, found["ops"].groups) == (None, None)


def test_two_callers_with_one_key_are_refused_without_telling_it():
    for callers in ({"a": {"key": KEY}, "b": {"key": KEY}}, {"a": {"key": KEY}}):
        with pytest.raises(SettingsInvalid, match="two callers have the same key") as caught:
            load(callers=callers, api_keys=[KEY] if len(callers) == 1 else [])
        assert KEY not in str(caught.value)


def test_services_come_as_json_or_one_by_one(monkeypatch):
    monkeypatch.setenv("PLANNER_SERVICES", '{"orders": "http://h:1/"}')
    assert told(monkeypatch, PLANNER_SERVICES__STOCK="http://h:2").services == {
        "orders": "http://h:1",
        "stock": "http://h:2",
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PLANNER_PORT", "80800"),
        ("PLANNER_PORT", "http"),
        ("PLANNER_LEASE_SECONDS", "0"),
        ("PLANNER_BODY_LIMIT_BYTES", "-1"),
        ("PLANNER_API_KEYS", "short"),
        ("PLANNER_CALLERS", "anna"),
        ("PLANNER_CALLERS", '{"anna": {"key": "short"}}'),
        ("PLANNER_CALLERS", '{"anna": {"key": "a-key-of-more-than-sixteen", "tenant": "A B"}}'),
        ("PLANNER_CALLERS", '{"an na": {"key": "a-key-of-more-than-sixteen"}}'),
        ("PLANNER_SERVICES", "orders=http://h"),
        ("PLANNER_SERVICES", '{"orders": "ftp://h"}'),
        ("PLANNER_SERVICES", '{"orders": "http://user:pw@h"}'),
        ("PLANNER_MODEL__DEADLINE_SECONDS", "0"),
        ("PLANNER_MODEL__BASE_URL", "nowhere"),
        ("PLANNER_MODEL__API_KEY", "sk-ключ"),
        ("PLANNER_MODEL__CA_FILE", "missing.pem"),
        ("PLANNER_EMBEDDINGS__BASE_URL", "nowhere"),
        ("PLANNER_EMBEDDINGS__API_KEY", "sk-ключ"),
        ("PLANNER_EMBEDDINGS__BATCH", "0"),
        ("PLANNER_MODEL__TEMPERATUR", "1"),
    ],
)
def test_a_bad_value_is_named_by_its_variable(monkeypatch, name, value):
    with pytest.raises(SettingsInvalid) as caught:
        told(monkeypatch, **{name: value})
    assert str(caught.value).startswith(name)


def test_a_bad_secret_is_not_repeated(monkeypatch):
    monkeypatch.setenv("PLANNER_API_KEYS", "sh0rt-s3cret")
    monkeypatch.setenv("PLANNER_MODEL__API_KEY", "sk-s3cret\u20ac")
    with pytest.raises(SettingsInvalid) as caught:
        load()
    assert "s3cret" not in str(caught.value)


def test_secrets_do_not_show():
    found = load(
        api_keys=[KEY], model={"api_key": "sk-planted"}, callers={"anna": {"key": "the-key-of-anna-planted"}}
    )
    assert "of-anna-planted" not in f"{found!r}{found.model_dump_json()}"
    assert KEY not in f"{found!r}{found.model_dump_json()}"
    assert "sk-planted" not in f"{found!r}{found.model_dump_json()}"


def test_settings_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        load().port = 1


def test_a_secret_is_read_by_its_name(monkeypatch):
    monkeypatch.setenv("SHOP_TOKEN", "t")
    monkeypatch.setenv("EMPTY_TOKEN", "")
    assert settings.secret("SHOP_TOKEN") == "t"
    assert settings.secret("EMPTY_TOKEN") is None
    assert settings.secret("NO_SUCH_TOKEN") is None


def test_every_setting_is_documented_and_no_other():
    names = {settings.variable(name) for name in Settings.model_fields if name not in GROUPS}
    names |= {settings.variable(group, name) for group, kind in GROUPS.items() for name in kind.model_fields}
    written = set(re.findall(r"^\| `(PLANNER_\w+)` \|", DOC.read_text(encoding="utf-8"), re.MULTILINE))
    assert written == names


def test_the_documented_defaults_are_the_real_ones():
    rows = re.findall(r"^\| `(PLANNER_\w+)` \| `([^`]*)` \|", DOC.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows
    for name, default in rows:
        place = name.removeprefix("PLANNER_").lower().split("__")
        fields = GROUPS[place[0]].model_fields if len(place) > 1 else Settings.model_fields
        assert default == str(fields[place[-1]].get_default(call_default_factory=True)), name


def test_masking_comes_in_parts(monkeypatch):
    found = told(
        monkeypatch,
        PLANNER_MASKING__RULES='[{"at": "/given/phone", "action": "keep_last4"}]',
        PLANNER_MASKING__DETECTORS='["card", "email"]',
    ).masking
    assert found.rules[0].at == "/given/phone"
    assert found.detectors == ("card", "email")
    assert found.never == Masking().never


def test_the_log_is_not_kept_shorter_than_the_floor_by_chance(monkeypatch):
    with pytest.raises(SettingsInvalid, match="below the floor of 183 days"):
        told(monkeypatch, PLANNER_RETENTION__ENVELOPE_DAYS="90")
    assert told(monkeypatch, PLANNER_RETENTION__FLOOR_DAYS="0").retention.envelope_days == 90


def test_tokens_cost_what_the_prices_say():
    priced = ModelSettings(input_usd_per_million="0.40", output_usd_per_million="1.60")

    assert priced.cost_usd(1_000, 500) == Decimal("0.0012")
    assert ModelSettings().cost_usd(1_000, 500) is None


@pytest.mark.parametrize("written", ["stated, agreement", '["stated", "agreement"]'])
def test_sources_that_gate_are_a_list_in_either_form(monkeypatch, written):
    assert told(monkeypatch, PLANNER_MODEL__GATE_ON=written).model.gate_on == ("stated", "agreement")


def test_a_source_that_does_not_exist_is_named(monkeypatch):
    with pytest.raises(SettingsInvalid, match="PLANNER_MODEL__GATE_ON"):
        told(monkeypatch, PLANNER_MODEL__GATE_ON="statd")


def test_embeddings_need_a_server_to_ask(monkeypatch):
    with pytest.raises(
        SettingsInvalid, match="no server to ask for embeddings: set PLANNER_EMBEDDINGS__BASE_URL"
    ):
        told(monkeypatch, PLANNER_EMBEDDINGS__NAME="e")
    own = {"base_url": "http://h:1/v1/", "api_key": "sk-planted"}
    assert load(embeddings={"name": "e", **own}).embeddings.base_url == "http://h:1/v1"
    assert "sk-planted" not in repr(load(embeddings={"name": "e", **own}))
    assert load(embeddings={"name": "e"}, model={"api_key": "k"}).embeddings.name == "e"


def test_empty_keys_of_embeddings_count_as_unset():
    assert load(embeddings={"api_key": ""}).embeddings.api_key is None
