"""Embeddings: who turns texts into vectors, so that operations are found by what they mean. Pure."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from planner import endpoints
from tools.records import Record


class EmbeddingSettings(Record):
    """The server that embeds texts; nothing is sent to any until a model is named."""

    name: str = ""
    """Name of the model that embeds; empty: none, and operations are found by their words alone."""

    base_url: Annotated[str, AfterValidator(endpoints.address)] | None = None
    """Address of an OpenAI-compatible server with `/embeddings`; the model's own unless told."""

    api_key: Annotated[SecretStr | None, AfterValidator(endpoints.key)] = None
    """Its key; the model's own where `base_url` is not set here."""

    dimensions: Annotated[int, Field(ge=1, le=8192)] | None = None
    """Numbers that a vector has, for models that let it be chosen; not sent unless set."""

    batch: int = Field(default=32, ge=1, le=2048)
    """Texts that one request brings at most."""

    deadline_seconds: float = Field(default=10.0, gt=0)
    """The longest that one search waits for vectors; what came by then is kept, and the next goes on."""
