import pytest

from planner.arazzo import document
from tools import yaml
from tools.errors import DocumentInvalid

STEPS = "workflows: [{workflowId: a, steps: [{stepId: s, operationId: getInventory}]}]"


def refused(text):
    with pytest.raises(DocumentInvalid) as caught:
        document.read(yaml.load(text, file="a.yaml"))
    return [(problem.path, problem.line) for problem in caught.value.problems]


def test_a_document_is_read_without_its_extensions(arazzo):
    found = arazzo(STEPS.replace("stepId: s,", "stepId: s, x-owner: ann,"))
    assert [step.step_id for step in found.workflows[0].steps] == ["s"]


def test_a_parameter_may_be_one_of_the_components(arazzo):
    found = arazzo(
        STEPS.replace("getInventory", "getInventory, parameters: [{reference: $components.parameters.p}]")
    )
    (parameter,) = found.workflows[0].steps[0].parameters
    assert parameter.reference == "$components.parameters.p"


@pytest.mark.parametrize("text", ["openapi: 3.1.0", "[]", "arazzo: 2.0.0"])
def test_what_is_no_arazzo_document_is_refused(text):
    assert len(refused(text)) == 1


def test_every_problem_is_told_with_its_place():
    text = """arazzo: 1.0.0
info: {title: T}
sourceDescriptions: [{name: a, url: a.yaml, type: asyncapi}]
workflows:
- workflowId: w
  steps:
  - stepId: s
    operationID: getInventory
    onSuccess: [{name: n, type: leave}]
"""
    assert refused(text) == [
        ("/info", 2),
        ("/sourceDescriptions/0/type", 3),
        ("/workflows/0/steps/0/onSuccess/0/type", 9),
        ("/workflows/0/steps/0/operationID", 8),
    ]


def test_text_says_itself_that_it_is_arazzo():
    assert document.is_arazzo({"arazzo": "1.0.1"})
    assert not document.is_arazzo({"openapi": "3.1.0"})
