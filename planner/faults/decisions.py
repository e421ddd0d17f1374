"""Fault cases of a decisions endpoint: what it is known to get wrong, and the class that must come of it."""

from typing import Any

from planner.decisions import OutcomeClass
from planner.faults.faulty import (
    Asked,
    Fault,
    Request,
    Serve,
    answering,
    chat,
    decision,
    error,
    fixed,
    http,
    offered,
    verdict,
)

_ABSURD = "1e-99999999999999999999"


def every(excluded: str) -> list[Fault]:
    """Return every fault; `excluded` is an option that is declared and not offered."""
    return [*_endpoints(), *_answers(), *_choices(excluded), *_probabilities()]


def _fault(name: str, outcome_class: OutcomeClass, serve: Serve, **more: Any) -> Fault:
    return Fault(f"decisions_{name}", "decisions", outcome_class, serve, **{"backend": "decisions", **more})


def _bad(name: str, /, **changes: Any) -> Fault:
    return _fault(name, "invalid", answering(lambda request: decision(request, **changes)), recovers=True)


def _endpoints() -> list[Fault]:
    def missing(name: str, status: int, outcome_class: OutcomeClass, *, backend: Asked, **more: Any) -> Fault:
        return _fault(name, outcome_class, fixed(error(status)), backend=backend, **more)

    page = http(200, "<html>log in</html>", content_type="text/html")
    return [
        # Once chat is asked in its place, a refusal of chat is final.
        missing("http_404", 404, "rejected", backend="auto", recovers=True, requests=2),
        missing("http_405", 405, "rejected", backend="auto", recovers=True, requests=2),
        missing("http_501", 501, "unavailable", backend="auto", recovers=True),
        missing("http_404_wanted", 404, "rejected", backend="decisions"),
        missing("http_401", 401, "rejected", backend="auto"),
        _fault("html_page", "unavailable", fixed(page), recovers=True),
        _fault("json_null", "unavailable", fixed(http(200, "null")), recovers=True),
        _fault("dup_keys", "unavailable", fixed(http(200, '{"answers": [], "answers": []}')), recovers=True),
        _fault(
            "error_object_200", "rate_limited", fixed(http(200, '{"error": {"code": 429}}')), recovers=True
        ),
        _fault("chat_instead", "invalid", answering(chat), recovers=True),
    ]


def _answers() -> list[Fault]:
    def two(request: Request) -> bytes:
        return decision(request, answers=[verdict(request), verdict(request)])

    return [
        _bad("answers_empty", answers=[]),
        _bad("answers_missing", answers=...),
        _bad("answers_null", answers=None),
        _bad("answer_null", answers=[None]),
        _fault("answers_two", "invalid", answering(two), recovers=True),
        _bad("answer_of_other_question", name="other"),
        _bad("type_score", type="score", score=1.0),
        _bad("type_predicate", type="predicate", probability=0.9),
        _bad("type_unknown", type="verdict"),
        _bad("type_missing", type=...),
        _fault("refusal", "refused", answering(lambda request: decision(request, type="refusal"))),
        _fault(
            "usage_missing",
            "ok",
            answering(lambda request: decision(request, usage=...)),
            anomaly="usage_missing",
        ),
        _fault("confidence_text", "ok", answering(lambda request: decision(request, confidence="high"))),
    ]


def _choices(excluded: str) -> list[Fault]:
    def elsewhere(request: Request) -> bytes:
        return decision(request, choice=offered(request)[-1])

    return [
        _bad("choice_undeclared", choice="delete_everything"),
        _bad("choice_not_offered", choice=excluded),
        _bad("choice_boolean", choice=True),
        _bad("choice_null", choice=None),
        _bad("choice_missing", choice=...),
        _fault("argmax_elsewhere", "invalid", answering(elsewhere), recovers=True),
    ]


def _probabilities() -> list[Fault]:
    def told(name: str, *numbers: Any, outcome_class: OutcomeClass = "invalid") -> Fault:
        def make(request: Request) -> bytes:
            return decision(request, probabilities=_items(offered(request), numbers))

        return _fault(name, outcome_class, answering(make), recovers=outcome_class != "ok")

    def changed(name: str, change: Any, outcome_class: OutcomeClass = "invalid") -> Fault:
        def make(request: Request) -> bytes:
            return decision(request, probabilities=change(verdict(request)["probabilities"]))

        return _fault(name, outcome_class, answering(make), recovers=outcome_class != "ok")

    def absurd(request: Request) -> bytes:
        ids = offered(request)
        told = decision(request, probabilities=_items(ids, (1.0, 0.0))).partition(b"\r\n\r\n")[2]
        return http(200, told.replace(b'"probability": 0.0', f'"probability": {_ABSURD}'.encode()))

    return [
        changed("probabilities_missing", lambda _: None),
        changed("probabilities_empty", lambda _: []),
        changed("probability_missing", lambda items: items[:1]),
        changed("probability_repeated", lambda items: [items[0], items[0]]),
        changed("probability_of_stranger", lambda items: [*items, {"value": "skip", "probability": 0.0}]),
        changed("probabilities_of_null", lambda items: [None for _ in items]),
        changed("probabilities_out_of_order", lambda items: items[::-1], "ok"),
        told("probabilities_too_little", 0.6, 0.1),
        told("probabilities_too_much", 0.9, 0.8),
        told("probability_nan", float("nan"), 0.1),
        told("probability_infinite", float("inf"), 0.1),
        told("probability_negative", 1.2, -0.2),
        told("probability_text", "0.9", "0.1"),
        told("probability_true", *(True, 0)),
        told("probability_whole", 1, 0, outcome_class="ok"),
        _fault("probability_absurdly_small", "ok", answering(absurd)),
    ]


def _items(ids: list[str], numbers: tuple[Any, ...]) -> list[dict[str, Any]]:
    """Return the first options with these numbers, and the others as impossible."""
    told = (*numbers, *(0.0 for _ in ids[len(numbers) :]))
    return [{"value": option, "probability": number} for option, number in zip(ids, told, strict=True)]
