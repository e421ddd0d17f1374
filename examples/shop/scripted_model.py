"""A scripted model endpoint: no model at all, but the answers of a file over OpenAI's wire.

`python -m examples.shop.scripted_model --port 8200 --script examples/shop/demo-answers.yaml`

So the real client, wire and parser are at work where no model is at hand. Every answer says what it is: the
model is named `scripted-demo` and the fingerprint is `scripted`.
"""

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field

from examples.shop.service import HOST, serve
from planner.model.prompts import FILL_POINT, point_of
from tools import yaml
from tools.records import Record

NAME = "scripted-demo"
FINGERPRINT = "scripted"
PORT = 8200
DATA = "=====BEGIN DATA"
"""How a prompt marks where its data begins."""
CHARACTERS_PER_TOKEN = 4
"""Good enough for numbers that nobody pays for."""

Json = dict[str, Any]


class Choice(Record):
    """What to answer at a decision point."""

    when: str = ""
    """Only where the data in the prompt holds this text."""
    choose: Annotated[tuple[str, ...], Field(min_length=1)]
    """Options in order of liking: the first one that is offered is chosen."""
    reason: str
    confidence: Annotated[float, Field(ge=0, le=1)] = 0.9


class Values(Record):
    """What to fill a form with."""

    when: str = ""
    """Only where the data in the prompt holds this text."""
    values: Json = Field(default_factory=dict)
    find: dict[str, str] = Field(default_factory=dict)
    """Regular expressions by field, for values that stand in the data."""

    def read(self, data: str) -> Json:
        """Return the values of the script, and those that the data tells."""
        found = {name: re.search(pattern, data) for name, pattern in self.find.items()}
        return self.values | {name: match.group() for name, match in found.items() if match}


class Script(Record):
    """Every answer of the endpoint; the first that fits is given, as often as it is asked for."""

    choices: dict[str, tuple[Choice, ...]]
    """By decision point, as `workflow/step`."""
    fill: tuple[Values, ...] = ()
    frame: tuple[Values, ...] = ()
    """What goals want and know."""
    sketch: tuple[Values, ...] = ()
    """Sketches of workflows."""
    repair: tuple[Values, ...] = ()
    """Better ones."""


FORMS: Mapping[str, Callable[[Script], tuple[Values, ...]]] = {
    FILL_POINT: lambda script: script.fill,
    "goal/frame": lambda script: script.frame,
    "goal/sketch": lambda script: script.sketch,
    "goal/repair": lambda script: script.repair,
}
"""The answers to forms by their decision point."""


class Unscripted(Exception):
    """The script holds no answer to this."""


class Wanted(BaseModel):
    """What a request asks for; the wire has more fields, which a script has no use for."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    messages: Annotated[list[Json], Field(min_length=1)]
    response_format: Json = {}
    stream: Literal[False] = False

    @property
    def text(self) -> str:
        return "\n".join(str(message.get("content", "")) for message in self.messages)

    @property
    def data(self) -> str:
        """What the prompt quotes as data; all of it where it marks none."""
        head, marked, tail = self.text.partition(DATA)
        return tail if marked else head

    @property
    def properties(self) -> Json:
        """The fields that the answer must have, by name."""
        schema = self.response_format.get("json_schema", {}).get("schema", {})
        found: Json = schema.get("properties", {})
        return found


def answer(script: Script, wanted: Wanted) -> Json:
    """Return what the script answers; raise Unscripted where it answers nothing."""
    point = point_of(wanted.messages)
    if point in FORMS:
        return _filled(FORMS[point](script), wanted)
    for rule in script.choices.get(point or "", ()):
        offered = wanted.properties.get("choice", {}).get("enum", rule.choose)
        chosen = next((option for option in rule.choose if option in offered), None)
        if rule.when in wanted.data and chosen is not None:
            return {"reason": rule.reason, "choice": chosen, "confidence": rule.confidence}
    raise Unscripted(f"the script holds no answer that is offered at the decision point {point!r}")


def _filled(rules: Sequence[Values], wanted: Wanted) -> Json:
    for rule in rules:
        values = rule.read(wanted.data)
        if rule.when in wanted.data and values.keys() >= rule.find.keys():
            return {name: values.get(name) for name in wanted.properties or values}
    raise Unscripted("the script holds no values for this form")


def completion(wanted: Wanted, content: Json, number: int) -> Json:
    """Return the answer in the envelope of a chat completion."""
    text = orjson.dumps(content).decode()
    tokens = [len(each) // CHARACTERS_PER_TOKEN for each in (wanted.text, text)]
    return {
        "id": f"scripted-{number}",
        "object": "chat.completion",
        "created": 0,
        "model": NAME,
        "system_fingerprint": FINGERPRINT,
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {
            "prompt_tokens": tokens[0],
            "completion_tokens": tokens[1],
            "total_tokens": sum(tokens),
        },
    }


def create(script: Script) -> FastAPI:
    """Return the endpoint's application."""
    app = FastAPI(title="scripted model", docs_url=None, redoc_url=None)
    app.state.answered = 0

    @app.get("/v1/models")
    async def models() -> Json:
        return {"object": "list", "data": [{"id": NAME, "object": "model", "owned_by": FINGERPRINT}]}

    @app.post("/v1/chat/completions")
    async def complete(wanted: Wanted) -> Json:
        content = answer(script, wanted)
        app.state.answered += 1
        return completion(wanted, content, app.state.answered)

    @app.exception_handler(Unscripted)
    async def unscripted(_request: Request, exc: Unscripted) -> Response:
        return _refusal(str(exc), "unscripted")

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, exc: RequestValidationError) -> Response:
        return _refusal(str(exc.errors()[0]["msg"]), "invalid_request")

    return app


def _refusal(message: str, code: str) -> Response:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return Response(orjson.dumps({"error": error}), 400, media_type="application/json")


def read(file: Path) -> Script:
    """Return the script that a file holds."""
    return Script.model_validate(yaml.load(file.read_text(encoding="utf-8"), file=str(file)).data)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m examples.shop.scripted_model")
    parser.add_argument("--port", type=int, default=PORT, help=f"port on {HOST}; 0 takes any free one")
    parser.add_argument("--script", type=Path, required=True, help="YAML file of the answers")
    parser.add_argument("--with-parent", action="store_true", help="stop when standard input closes")
    given = parser.parse_args(arguments)
    script = read(given.script)
    print(f"This is no model: it answers from the script {given.script.name}.", flush=True)
    serve(create(script), "scripted-model", given.port, with_parent=given.with_parent)


if __name__ == "__main__":
    main()
