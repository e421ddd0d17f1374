"""Errors: the table is whole, and every error of it is answered with problem details."""

import importlib
import pkgutil
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import pytest
from fastapi import Request
from pydantic import AfterValidator, BaseModel, ValidationError

import planner
import tools
from api import errors
from api.errors import STATUS, ApiError, NotReady
from planner import errors as planning
from planner.errors import PlannerError
from planner.planning import errors as plans
from tools import errors as tooling
from tools.errors import ToolError
from tools.problems import Problem

PROBLEM = Problem(path="/a", code="c", message="m.", remedy="r.", line=3, column=4)

EXAMPLES = [
    planning.DefinitionInvalid([PROBLEM]),
    planning.WorkflowUnknown("w", "1.0.0", known=["v"]),
    planning.VersionTaken("w", "1.0.0"),
    planning.VersionClosed("w", {"1.0.0": "draining"}),
    planning.RunUnknown("r"),
    planning.RunEnded("r", "failed"),
    planning.RunMoving("r", "running"),
    planning.QueueFull("9 runs wait to be taken up already"),
    planning.RepinRefused("r", "1.1.0", [PROBLEM]),
    planning.InputInvalid("w", [PROBLEM]),
    planning.NotPermitted("w", "acme", [PROBLEM]),
    planning.RouteUnclear("unclear", [{"workflow": "w"}], "d"),
    planning.EventUnknown("e"),
    planning.WebhookUnknown("w"),
    planning.DeliveryUnknown("d"),
    planning.WebhookRefused("http://localhost/", "it is private"),
    planning.ScheduleUnknown("s"),
    planning.NameTaken("schedule", "s"),
    planning.DecisionUnknown("d"),
    planning.DecisionClosed("d", "it was answered"),
    planning.ForkRefused("d", "it has no journal"),
    planning.AnswerInvalid("d", "not offered", [PROBLEM]),
    planning.LegalHold(["r"]),
    planning.SealBroken("r", "what was sealed in it is erased"),
    planning.HeadsInvalid("no"),
    planning.KeyReused("k"),
    planning.CursorInvalid("c"),
    planning.CatalogUnknown("sha"),
    planning.ServicesMissing(["shop"]),
    planning.LeaseLost("r", 3),
    planning.StoreUnavailable("locked"),
    planning.SettingsInvalid("PLANNER_PORT: no"),
    planning.ScriptInvalid("no"),
    plans.PlanUnknown("p"),
    plans.PlanClosed("p", "waiting", "run"),
    plans.PlanVoid("p", ["the contract of a.b changed"]),
    plans.PlanUntried("p", clean=1, wanted=3, reasons=["run r ended as failed"]),
    plans.GoalUnclear(["Which order?"]),
    tooling.CatalogInvalid([PROBLEM]),
    tooling.DocumentInvalid([PROBLEM]),
    tooling.OperationUnknown("a.b", ["a.c"]),
    tooling.SecretMissing("s", "TOKEN"),
    tooling.ServiceUnknown("memry", ["memory"]),
    tooling.Unlisted("memory", "it ended"),
    tooling.ExpressionError("a.", "no"),
    errors.Unauthenticated("a key is needed"),
    errors.Forbidden("no"),
    errors.HostRefused("no"),
    errors.BodyTooLarge(5),
    errors.BodyUnreadable("no"),
    errors.MediaTypeUnsupported("", ["application/json"]),
    errors.RequestInvalid([PROBLEM]),
    errors.NotReady("not yet"),
]


def leaves(kind):
    below = kind.__subclasses__()
    return {each for one in below for each in leaves(one)} if below else {kind}


def test_every_error_has_its_status():
    for package in (planner, tools):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" not in found.name:
                importlib.import_module(found.name)

    ours = leaves(PlannerError) | leaves(ToolError) | leaves(ApiError)

    assert {kind for kind in ours if kind not in STATUS} == set()
    assert {kind for kind in STATUS if kind not in ours} == set()


def test_every_error_of_the_table_has_an_example_here():
    assert {type(example) for example in EXAMPLES} == set(STATUS)


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_every_error_is_answered_with_problem_details(client, error):
    async def fail(_request: Request):
        raise error

    client.app.add_route("/fail", fail)

    answer = client.get("/fail")

    body = answer.json()
    assert answer.status_code == body["status"] == STATUS[type(error)]
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["type"] == f"urn:planner:{error.code}"
    assert (body["code"], body["detail"], body["instance"]) == (error.code, str(error), "/fail")
    assert body["title"]
    assert not body["title"].endswith(".")
    if getattr(error, "problems", ()):
        shown = {"path": "/a", "code": "c", "message": "m.", "remedy": "r.", "line": 3, "column": 4}
        assert body["problems"] == [shown]


def test_codes_are_unique():
    codes = [kind.code for kind in STATUS]

    assert len(codes) == len(set(codes))


def test_codes_are_documented():
    text = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text(encoding="utf-8")

    assert [kind.code for kind, status in STATUS.items() if f"| `{kind.code}` | {status} |" not in text] == []


def test_an_error_that_may_pass_says_when_to_come_back(client):
    async def fail(_request: Request):
        raise planning.StoreUnavailable("locked")

    client.app.add_route("/fail", fail)

    assert int(client.get("/fail").headers["retry-after"]) > 0
    assert NotReady("no").headers["Retry-After"]


def test_what_nobody_thought_of_tells_nothing_of_the_inside(client, caplog):
    async def fail(_request: Request):
        raise ZeroDivisionError("canary inside")

    client.app.add_route("/fail", fail)

    answer = client.get("/fail")

    assert answer.status_code == 500
    assert answer.json()["code"] == "internal-error"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "canary" not in answer.text
    assert "canary inside" in caplog.text


def test_a_route_that_is_not_there(client):
    answer = client.get("/v1/nowhere")

    assert (answer.status_code, answer.json()["code"]) == (404, "route-unknown")
    assert "/v1/nowhere" in answer.json()["detail"]


def test_a_method_that_is_not_there(client):
    answer = client.request("DELETE", "/v1/catalog")

    assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")
    assert answer.headers["allow"] == "GET"


def test_a_parameter_that_is_wrong_is_told_with_its_place(client):
    answer = client.get("/v1/runs", params={"limit": "many", "status": "lost"})

    assert answer.status_code == 422
    assert [problem["path"] for problem in answer.json()["problems"]] == ["/query/status", "/query/limit"]


def test_a_cursor_that_was_not_given_out_is_refused(client):
    for path in ("/v1/runs", "/v1/workflows", "/v1/decisions", "/v1/questions"):
        answer = client.get(path, params={"cursor": "eyJub3QiOiJvdXJzIn0"})
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor-invalid"), path


def test_a_cursor_of_another_list_is_refused(client):
    run = client.run("quote", {"sku": "a"})
    client.run("quote", {"sku": "a"})
    cursor = client.get("/v1/runs", params={"limit": 1}).json()["next_cursor"]

    for path in ("/v1/workflows", "/v1/decisions", f"/v1/runs/{run['id']}/journal"):
        assert client.get(path, params={"cursor": cursor}).json()["code"] == "cursor-invalid"


def _never(number):
    raise ValueError(f"{number} is odd")


def test_what_pydantic_says_is_told_in_words_of_ours():
    class Sample(BaseModel):
        every: timedelta
        odd: Annotated[int, AfterValidator(_never)] = 0

    with pytest.raises(ValidationError) as caught:
        Sample.model_validate({"every": "1h", "odd": 3})
    duration, value = errors.invalid(caught.value).problems

    assert duration.remedy == "Write an ISO 8601 duration, such as `PT10M` or `P1D`."
    assert value.message == "3 is odd."
