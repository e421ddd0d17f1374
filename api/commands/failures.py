"""Failures: our errors as one sentence on the error stream, with every problem listed, and an exit code."""

from typing import Any

from api.commands import exits
from api.commands.output import Output
from planner import errors
from planner.errors import PlannerError
from planner.planning import errors as planning
from tools.errors import CatalogInvalid, OperationUnknown, SecretMissing, ServiceUnknown, ToolError

_CODES: dict[type[BaseException], int] = {
    errors.SettingsInvalid: exits.UNUSABLE,
    errors.StoreUnavailable: exits.UNUSABLE,
    errors.ServicesMissing: exits.UNUSABLE,
    CatalogInvalid: exits.UNUSABLE,
    SecretMissing: exits.UNUSABLE,
    errors.WorkflowUnknown: exits.NOTHING,
    errors.RunUnknown: exits.NOTHING,
    errors.DecisionUnknown: exits.NOTHING,
    errors.EventUnknown: exits.NOTHING,
    errors.WebhookUnknown: exits.NOTHING,
    planning.PlanUnknown: exits.NOTHING,
    errors.DeliveryUnknown: exits.NOTHING,
    errors.ScheduleUnknown: exits.NOTHING,
    OperationUnknown: exits.NOTHING,
    ServiceUnknown: exits.NOTHING,
}
"""The exit code of each error; FAILED for every other."""


def is_ours(exc: BaseException) -> bool:
    """Tell whether the error is written for people."""
    return isinstance(exc, (PlannerError, ToolError))


def report(exc: BaseException, *, as_json: bool) -> int:
    """Tell the error and return the exit code; for machines as the one JSON document, too."""
    output = Output(as_json=as_json)
    output.error(headline(exc))
    for problem in getattr(exc, "problems", ()):
        output.error(f"  {problem}")
    for candidate in getattr(exc, "candidates", ()):
        output.error(f"  {_candidate(candidate)}")
    if as_json:
        output.document({"error": described(exc)})
    return _CODES.get(type(exc), exits.FAILED)


def headline(exc: BaseException) -> str:
    """Return the sentence; where problems are listed one by one, without them."""
    problems = getattr(exc, "problems", ())
    if not problems:
        return f"planner: {exc}"
    count = f"{len(problems)} problem{'s' if len(problems) != 1 else ''}"
    what: dict[type[BaseException], str] = {
        errors.DefinitionInvalid: f"the workflow cannot be used: {count}",
        CatalogInvalid: f"the catalogue cannot be used: {count}",
    }
    if isinstance(exc, errors.InputInvalid):
        return f"planner: the input of {exc.workflow!r} is not right: {count}"
    if isinstance(exc, errors.NotPermitted):
        return f"planner: tenant {exc.tenant!r} may not run {exc.workflow!r}: {count}"
    if isinstance(exc, errors.AnswerInvalid):
        return f"planner: the answer to decision {exc.decision_id} is not right: {count}"
    return f"planner: {what.get(type(exc), count)}"


def described(exc: BaseException) -> dict[str, Any]:
    """Return the error as data."""
    found: dict[str, Any] = {"code": getattr(exc, "code", "error"), "message": str(exc)}
    if problems := getattr(exc, "problems", ()):
        found |= {"message": headline(exc).removeprefix("planner: ")}
        found["problems"] = [problem.model_dump(mode="json") for problem in problems]
    if candidates := getattr(exc, "candidates", ()):
        found["candidates"] = list(candidates)
    if decision_id := getattr(exc, "decision_id", None):
        found["decision_id"] = decision_id
    return found


def _candidate(candidate: Any) -> str:
    if not isinstance(candidate, dict):
        return str(candidate)
    needs = ", ".join(map(str, candidate.get("required", ()))) or "no input"
    return f"{candidate.get('workflow', candidate.get('name'))}: {candidate.get('goal', '')} (needs {needs})"
