"""Tests of `planner workflows import`."""

import json
import shutil
from pathlib import Path

import pytest

from api.cli import main
from planner import documents

DOCUMENT = """
arazzo: 1.0.1
info: {title: Greetings, version: 1.0.0}
sourceDescriptions: [{name: desk, url: ./desk.yaml, type: openapi}]
workflows:
- workflowId: sayHello
  summary: Greet.
  inputs: {type: object, properties: {name: {type: string}}}
  steps:
  - stepId: greet
    operationId: look
    parameters: [{name: name, in: query, value: $inputs.name}]
    outputs: {said: $response.body#/greeting, at: $url}
  outputs: {said: $steps.greet.outputs.said, at: $steps.greet.outputs.at}
- workflowId: sayNothing
  steps: [{stepId: s, operationId: silence}]
"""
HELLO = DOCUMENT.partition("- workflowId: sayNothing")[0]


def imported(desk, document, *more):
    return desk.say("workflows", "import", str(document), "--project", str(desk.folder), *more)


def test_workflows_are_written_checked_and_what_is_left_out_is_told(desk):
    said = imported(desk, desk.write("hello.arazzo.yaml", DOCUMENT))

    assert said.code == 1
    assert "sayHello: left out: output 'at': $url reads an address" in said.out
    assert (
        "sayNothing: left out: sayNothing: step 's': the operation 'silence' is in none of 'desk'" in said.out
    )
    assert said.out.splitlines()[-1] == "1 of 2 workflows taken, 2 things left out."
    text = (desk.folder / "workflows" / "say-hello.yaml").read_text()
    assert documents.read(text).workflow.output == {"said": "${greet.greeting}"}


def test_what_was_written_runs(desk):
    imported(desk, desk.write("hello.arazzo.yaml", HELLO))

    said = desk("run", "say-hello", "--input", '{"name": "ann"}', "--json")

    assert said.data["run"]["output"] == {"said": "hello ann"}


def test_a_file_that_says_something_else_is_written_over_only_when_asked(desk):
    document = desk.write("hello.arazzo.yaml", HELLO)

    def state(*more):
        return imported(desk, document, *more, "--json").data["items"][0]["state"]

    assert [state(), state()] == ["written", "unchanged"]
    file = desk.folder / "workflows" / "say-hello.yaml"
    file.write_text(file.read_text() + "# mine\n")
    assert state() == "another is there"
    assert file.read_text().endswith("# mine\n")
    assert state("--replace") == "written"


def test_a_source_that_is_no_pair_is_a_usage_error(desk):
    said = imported(desk, "hello.arazzo.yaml", "--source", "desk")

    assert said.code == 2
    assert "NAME=SERVICE" in said.err


def test_a_file_that_is_not_there_is_told(desk):
    said = imported(desk, "nowhere.yaml")

    assert said.code == 1
    assert "nowhere.yaml" in said.err


HTTPBIN = """
arazzo: 1.0.1
info: {title: Probe, version: 1.0.0}
sourceDescriptions: [{name: published, url: ./httpbin.json, type: openapi}]
workflows:
- workflowId: probeTwice
  inputs: {type: object, properties: {code: {type: string}}}
  steps:
  - stepId: unique
    operationPath: '{$sourceDescriptions.published.url}#/paths/~1uuid/get'
    successCriteria:
    - {context: $response.body#/uuid, type: regex, condition: '^[0-9a-f-]{36}$'}
    outputs: {id: $response.body#/uuid}
  - stepId: headers
    operationPath: '{$sourceDescriptions.published.url}#/paths/~1headers/get'
    onSuccess:
    - name: strange
      type: goto
      stepId: refused
      criteria: [{condition: "$response.body#/headers/Host == ''"}]
    - {name: well, type: end}
  - stepId: refused
    operationPath: '{$sourceDescriptions.published.url}#/paths/~1status~1{codes}/get'
    parameters: [{name: codes, in: path, value: $inputs.code}]
  outputs: {id: $steps.unique.outputs.id}
"""


@pytest.mark.real
@pytest.mark.acceptance
def test_a_document_over_what_a_real_server_publishes_runs_there(tmp_path, capsys):
    pytest.importorskip("flasgger", reason="httpbin publishes its document only where flasgger is installed")
    from examples.httpbin import serve  # noqa: PLC0415 - needs the package that may be missing

    example = Path(serve.__file__).parent
    folder = shutil.copytree(example, tmp_path / "httpbin", ignore=shutil.ignore_patterns("var"))
    (folder / "probe.arazzo.yaml").write_text(HTTPBIN)
    with serve.httpbin() as address:
        serve.save(address, folder)
        there = ["--project", str(folder)]
        code = main(
            [
                "workflows",
                "import",
                str(folder / "probe.arazzo.yaml"),
                *there,
                "--source",
                "published=httpbin",
            ]
        )
        assert (code, capsys.readouterr().out.splitlines()[-1]) == (
            0,
            "1 of 1 workflows taken, 0 things left out.",
        )
        services = json.dumps({"httpbin": address})
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("PLANNER_SERVICES", services)
            database = ["--database", f"sqlite:///{tmp_path / 'runs.db'}"]
            code = main(["run", "probe-twice", *there, *database, "--input", '{"code": "418"}', "--json"])
    told = json.loads(capsys.readouterr().out)["run"]
    assert (code, told["status"]) == (0, "succeeded")
    assert len(told["output"]["id"]) == 36
