"""Settings: the one reader of the environment."""

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    FilePath,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from planner import endpoints
from planner.budgets import TenantBudget
from planner.decisions import Source
from planner.embeddings import EmbeddingSettings
from planner.errors import SettingsInvalid
from planner.log.masking import Masking
from planner.log.retention import Retention
from planner.permits import Permit
from planner.planning.policy import Policy
from planner.tenants import CallerName, CallerSettings, Key, TenantName
from planner.webhooks import WebhookSettings
from tools import addresses
from tools.records import Record

PREFIX = "PLANNER_"
NESTED = "__"
DEFAULT_BASE_URL = "https://api.openai.com/v1"
DEFAULT_MODEL = "gpt-5.4-mini"


class ModelSettings(Record):
    """The model that is asked, and how patiently."""

    name: str = Field(default=DEFAULT_MODEL, min_length=1)
    """Name of the model; `PLANNER_MODEL=name` sets it too."""

    api_key: SecretStr | None = None
    """Key of the endpoint; `OPENAI_API_KEY` is used where neither it nor `base_url` is set here."""

    base_url: str | None = None
    """Address of an OpenAI-compatible server, such as `http://127.0.0.1:8000/v1`; else `OPENAI_BASE_URL`,
    else OpenAI's own. A server that needs no key is used by setting this alone."""

    deadline_seconds: float = Field(default=30.0, gt=0)
    """The longest that one decision may take, retries included, however long its step allows."""

    max_attempts: int = Field(default=3, ge=1, le=20)
    """Requests that one decision may cost."""

    temperature: float | None = Field(default=None, ge=0, le=2)
    """Sampling temperature; not sent unless set, since some models refuse it."""

    max_output_tokens: int = Field(default=2000, ge=16)
    """Tokens that an answer may have, reasoning included; four times as many after a cut answer."""

    input_usd_per_million: Decimal | None = Field(default=None, ge=0)
    """Price of a million tokens in; with both prices set, decisions carry their cost and budgets count it."""
    output_usd_per_million: Decimal | None = Field(default=None, ge=0)
    """Price of a million tokens out."""
    proxy: str | None = None
    """Address of an HTTP proxy; the proxy variables of the environment are not read."""

    ca_file: FilePath | None = None
    """File of certificate authorities to trust, for an endpoint behind a private one."""

    backend: Literal["chat", "decisions", "auto"] = "chat"
    """`chat`: chat completions, which give a reason; `decisions`: `/decisions`, which gives probabilities;
    `auto`: decisions first, and chat once the server is found to have none."""

    logprobs: bool = False
    """Whether chat is asked for the probabilities of its tokens, to measure confidence by."""

    samples: int = Field(default=1, ge=1, le=25)
    """Times that each question is asked, every time with the options in another order; the majority is
    chosen, and its share is the confidence. Each sample is a request more than `max_attempts`."""

    gate_on: Annotated[tuple[Source, ...], NoDecode] = ("probabilities", "logprobs", "agreement")
    """Sources of confidence that may pass a `min_confidence`; a JSON list or separated by commas."""

    scripted: bool = False
    """A label: the answers come from a file and not from a model."""

    @property
    def configured(self) -> bool:
        """Tell whether there is a model to ask."""
        return self.api_key is not None or self.base_url is not None

    def cost_usd(self, tokens_in: int, tokens_out: int) -> Decimal | None:
        """Return what tokens cost in US dollars, or None where no prices are set."""
        if self.input_usd_per_million is None or self.output_usd_per_million is None:
            return None
        spent = tokens_in * self.input_usd_per_million + tokens_out * self.output_usd_per_million
        return spent / 1_000_000

    @property
    def endpoint(self) -> str:
        """The address that is asked."""
        return self.base_url or DEFAULT_BASE_URL

    @field_validator("api_key")
    @classmethod
    def _sendable(cls, value: SecretStr | None) -> SecretStr | None:
        return endpoints.key(value)

    @field_validator("gate_on", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return _list(value) if isinstance(value, str) else value

    @field_validator("base_url", "proxy")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        return value if value is None else endpoints.address(value)


class HeadSettings(Record):
    """Where the heads of the decision log are exported, and with which key they are signed."""

    file: Path | None = None
    """File to which a server appends where the log stands, as JSONL; keep it where whoever can write to the
    database cannot change it."""

    stdout: bool = False
    """Whether a server prints the same lines on its standard output, for whatever ships it away."""

    interval_seconds: float = Field(default=300.0, ge=1)
    """How often, if the log has moved."""

    key: str = Field(default="PLANNER_LOG_KEY", min_length=1)
    """Name of the secret that holds the seed of the Ed25519 key, 32 bytes in base64; heads are unsigned
    where it is missing."""

    public_keys: tuple[str, ...] = ()
    """Further public keys, in base64, whose signatures a verification accepts, such as those of before."""


class SealingSettings(Record):
    """How secrets in the values of runs are kept."""

    key: str = Field(default="PLANNER_JOURNAL_KEY", min_length=1)
    """Name of the secret that holds the keys under which they are sealed: 32 bytes each in base64, the newest
    first. Without it, a file beside an SQLite database holds one, which is made when it is first needed."""

    required: bool = False
    """Whether a server without a key is refused, instead of warned that it keeps secrets as they are."""


class Settings(BaseSettings):
    """Everything that can be configured, read once where the program starts."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=NESTED,
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
    )

    project: Path = Path()
    """Folder that holds `catalog.yaml` and `workflows/`."""

    catalog: Path | None = None
    """The catalogue's file; `catalog.yaml` in the project unless told."""

    workflows: Path | None = None
    """Folder of the workflow files; `workflows` in the project unless told."""

    database_url: str = "sqlite:///var/planner.db"
    """Where runs and decisions are kept."""

    services: dict[str, str] = Field(default_factory=dict)
    """Base addresses by service name, in place of those in the catalogue; a JSON object."""

    host: str = "127.0.0.1"
    """Address that the server binds; any but loopback needs `api_keys`."""

    port: int = Field(default=8080, ge=0, le=65535)
    """Port that the server binds; 0 takes a free one."""

    api_keys: tuple[Key, ...] = ()
    """Keys that callers may present, at least 16 characters each; a JSON list or separated by commas."""

    callers: dict[CallerName, CallerSettings] = Field(default_factory=dict)
    """Callers with a name, a tenant and groups of their own; a JSON object by name."""

    tenants: dict[TenantName, TenantBudget] = Field(default_factory=dict)
    """What tenants may spend on models, and in which time; a JSON object by name."""

    permits: dict[TenantName, Permit] = Field(default_factory=dict)
    """What tenants may do at the most; a JSON object by name. Those that are not named are not bounded."""

    body_limit_bytes: int = Field(default=1_000_000, ge=1_000)
    """Longest request body that is read."""

    most_queued: int | None = Field(default=None, ge=1)
    """Runs that may wait to be taken up in all; further ones are refused with 429."""

    most_running: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    """By workflow, how many runs of it may move at once in all processes together; a JSON object."""

    lease_seconds: float = Field(default=10.0, gt=0)
    """How long a worker owns a run without a sign of life."""

    concurrency: int = Field(default=200, ge=1)
    """Runs that one process moves at once."""

    look_seconds: float = Field(default=15.0, ge=0.5)
    """How often a process on PostgreSQL looks for runs though nobody told it to; on SQLite it does twice a
    second."""

    max_wait_seconds: float = Field(default=30.0, ge=0)
    """Longest that a request with `Prefer: wait` is held."""

    recovery_choices: int = Field(default=5, ge=1)
    """Recovery decisions that one visit of a step may take before the safest end is taken."""

    model: ModelSettings = ModelSettings()
    """The model that is asked."""

    embeddings: EmbeddingSettings = EmbeddingSettings()
    """Who turns texts into vectors, so that operations are found by what they mean."""

    masking: Masking = Masking()
    """What is masked in decisions before they are kept, and in the values of runs when they are shown."""

    sealing: SealingSettings = SealingSettings()
    """How secrets in the values of runs are kept."""

    retention: Retention = Retention()
    """How long the decision log is kept."""

    webhooks: WebhookSettings = WebhookSettings()
    """How others are told of what happens."""

    planning: Policy = Policy()
    """Which plans a person must approve before they run."""

    heads: HeadSettings = HeadSettings()
    """Where the heads of the decision log are exported."""

    @property
    def catalog_file(self) -> Path:
        """The catalogue's file."""
        return self.catalog or self.project / "catalog.yaml"

    @property
    def workflows_folder(self) -> Path:
        """The folder of the workflow files."""
        return self.workflows or self.project / "workflows"

    @property
    def has_keys(self) -> bool:
        """Tell whether callers must present a key."""
        return bool(self.api_keys or self.callers)

    @field_validator("services")
    @classmethod
    def _addresses(cls, value: dict[str, str]) -> dict[str, str]:
        return {name: endpoints.address(address) for name, address in value.items()}

    @model_validator(mode="after")
    def _closed_to_strangers(self) -> "Settings":
        if not self.has_keys and not addresses.is_loopback(self.host):
            raise ValueError(
                f"host {self.host} can be reached by others, so keys must be set: "
                f"give {PREFIX}API_KEYS or {PREFIX}CALLERS, or bind 127.0.0.1"
            )
        return self

    @model_validator(mode="after")
    def _told_apart(self) -> "Settings":
        keys = [key.get_secret_value() for key in self.api_keys]
        keys += [caller.key.get_secret_value() for caller in self.callers.values()]
        if len(set(keys)) < len(keys):
            raise ValueError(
                "two callers have the same key, so nobody could tell them apart; give each one its own"
            )
        return self

    @model_validator(mode="after")
    def _embedded_somewhere(self) -> "Settings":
        told = self.embeddings
        if told.name and not (told.base_url or told.api_key or self.model.configured):
            raise ValueError(
                f"there is no server to ask for embeddings: set {variable('embeddings', 'base_url')}, or "
                "configure a model whose server has them"
            )
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - replaced by ours
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - a file is never read unasked
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - likewise
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read what the caller gives first, then the environment, and nothing else."""
        return init_settings, _Environment(settings_cls)


class _Environment(EnvSettingsSource):
    """The environment, with the short forms that people type."""

    def prepare_field_value(
        self,
        field_name: str,
        field: FieldInfo,
        value: Any,
        value_is_complex: bool,  # noqa: FBT001 - the port of pydantic-settings
    ) -> Any:
        if isinstance(value, str) and field_name == "model" and not value.lstrip().startswith("{"):
            value = json.dumps({"name": value.strip()})
        if isinstance(value, str) and field_name == "api_keys" and not value.lstrip().startswith("["):
            value = json.dumps(_list(value))
        return super().prepare_field_value(field_name, field, value, value_is_complex)

    def __call__(self) -> dict[str, Any]:
        found = super().__call__()
        model = found.get("model") or {}
        if isinstance(model, dict):
            found["model"] = self._with_openai(model)
        return found

    def _with_openai(self, model: dict[str, Any]) -> dict[str, Any]:
        # The key of one server is never sent to another: a base_url of ours comes without OpenAI's key.
        own = "base_url" in model
        names = () if own else ("base_url", "api_key") if "api_key" not in model else ("base_url",)
        told = {name: self.env_vars.get(f"openai_{name}") for name in names}
        return {**{name: value for name, value in told.items() if value}, **model}


def load(**overrides: Any) -> Settings:
    """Return the settings of the environment, with `overrides` before them.

    Raises:
        SettingsInvalid: a value cannot be used; the message names its variable.
    """
    try:
        return Settings(**overrides)
    except ValidationError as exc:
        raise SettingsInvalid("; ".join(map(_sentence, exc.errors()))) from exc
    except SettingsError as exc:
        raise SettingsInvalid(_unreadable(str(exc))) from exc


def secret(name: str) -> str | None:
    """Return the secret that the environment holds under `name`, or None where it is missing or empty."""
    return os.environ.get(name) or None  # noqa: TID251 - the one place


def variable(*location: object) -> str:
    """Return the environment variable that sets a field, such as `PLANNER_MODEL__NAME`."""
    return PREFIX + NESTED.join(str(part).upper() for part in location if not isinstance(part, int))


def _list(value: str) -> Any:
    if value.lstrip().startswith("["):
        return json.loads(value)
    return [part.strip() for part in value.split(",") if part.strip()]


def _sentence(error: Any) -> str:
    # The value itself is left out: it may be a secret.
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"{variable(*error['loc'])}: {message}" if error["loc"] else message


def _unreadable(message: str) -> str:
    field = message.split('"')[1] if '"' in message else ""
    return f"{variable(field)}: this must be JSON, such as {_EXAMPLES.get(field, '{}')}"


_EXAMPLES = {
    "tenants": '{"acme": {"tokens": 2000000, "cost_usd": 5.0, "per": "P1D"}}',
    "permits": '{"acme": {"operations": ["orders.*"], "effects": ["read", "keyed"]}}',
    "services": '{"orders": "http://127.0.0.1:9001"}',
    "api_keys": '["sixteen-or-more-characters"]',
    "callers": '{"anna": {"key": "sixteen-or-more-characters", "tenant": "acme"}}',
}
