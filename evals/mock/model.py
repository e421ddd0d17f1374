"""The model of a served case: an OpenAI-compatible endpoint that answers decision by decision."""

from typing import Any

from evals.answers import ModelAnswer, Reply
from evals.errors import RequestUnserved, ScriptUnmatched
from evals.mock.exchange import Request, Told
from evals.model import Exchange, fault_of, written
from evals.scripts import Script
from planner import scripts
from planner.model import prompts
from tools.wording import show

ASKED, MODELS = ("/chat/completions", "/decisions"), "/models"
NAMED = "metadata"
"""Member of a request whose `point` names the decision point, where the prompt does not."""


class ServedModel:
    """Answers requests in the order of the case's script."""

    def __init__(self, script: Script[ModelAnswer] | None) -> None:
        """Take in the answers; None where the case has no model."""
        self._script = script
        self._open: dict[str, tuple[Any, Exchange]] = {}
        """The latest answer of each decision point whose decision may not be over, with what it answers."""

    def point(self, request: Request) -> str:
        """Return the path of the decision point that a request asks about; empty where it names none."""
        body = request.json if isinstance(request.json, dict) else {}
        named = body.get(NAMED)
        told = prompts.point_asked(body) or (named.get("point") if isinstance(named, dict) else None)
        return str(told or "").rpartition("/")[2]

    def answer(self, request: Request) -> Told:
        """Return what the endpoint sends back.

        Raises:
            RequestUnserved: it is no request that such an endpoint takes.
            ScriptUnmatched: the case has no answer to it.
        """
        if request.method == "GET" and request.path == MODELS:
            return _told(scripts.models())
        if request.method != "POST" or request.path not in ASKED:
            raise RequestUnserved(
                f"a model's endpoint has no {request.method} {request.path}; it has GET {MODELS}, "
                f"POST {' and POST '.join(ASKED)}"
            )
        reply = self._reply(request)
        if reply.fault is None:
            return _told(written(reply, request.body))
        fault = fault_of(reply.fault)
        if fault.reach != "here":
            raise RequestUnserved(f"the fault {reply.fault!r} cannot be served: it ends before the request")
        return Told(
            delay=reply.delay.total_seconds(), raw=lambda _, wire: fault.serve(request.faulted(), wire)
        )

    def _reply(self, request: Request) -> Reply:
        body = request.json
        if not isinstance(body, dict):
            raise RequestUnserved("the body is no JSON object")
        if body.get("stream"):
            raise RequestUnserved("answers are not streamed here; leave `stream` out")
        path = self.point(request)
        if self._script is None:
            raise ScriptUnmatched("the case has no model: it says `model: absent`")
        if not path:
            raise ScriptUnmatched(
                f"the request names no decision point; begin a message with {prompts.POINT_LINE!r} and its "
                f"path, or send it as `{NAMED}: {{point: …}}`. The case has {show(self._script.names)}"
            )
        given = prompts.given_asked(body)
        return self._next(self._script, path, body if given is None else given)

    def _next(self, script: Script[ModelAnswer], path: str, shown: Any) -> Reply:
        """Return the next reply; the last one of an answer stays until it is a choice, as for a decision."""
        asked, exchange = self._open.pop(path, (None, None))
        if exchange is None or asked != shown:
            exchange = Exchange(path, script.take(path, shown))
        reply = exchange.next()
        is_over = exchange.requests >= len(exchange.answer.replies) and reply.choose and not reply.undeclared
        if not is_over:
            self._open[path] = (shown, exchange)
        return reply


def _told(sent: scripts.Sent) -> Told:
    return Told(sent.status, sent.headers, sent.body, sent.delay)
