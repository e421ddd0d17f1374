import pytest

from planner import documents
from planner.arazzo import drafts
from tools.errors import DocumentInvalid

pytestmark = pytest.mark.real

TEXT = """
arazzo: 1.0.1
info: {title: Pets, version: 1.0.0}
sourceDescriptions: [{name: petstore, url: ./openapi.yaml, type: openapi}]
workflows:
- workflowId: buy
  steps:
  - {stepId: stock, operationId: getInventory, outputs: {at: $url}}
  - {stepId: order, workflowId: order, parameters: [{name: petId, value: $inputs.petId}]}
- workflowId: order
  inputs: {type: object, properties: {petId: {type: integer}}}
  steps:
  - stepId: put
    operationId: placeOrder
    requestBody: {payload: {petId: $inputs.petId, quantity: many}}
  outputs: {moved: $response.header.Location}
- {workflowId: gone, steps: [{stepId: s, operationId: getNothing}]}
"""


@pytest.fixture
def read(tmp_path, petstore):
    def made(text):
        path = tmp_path / "pets.arazzo.yaml"
        path.write_text(text)
        return drafts.read(path, petstore, workflows={}, services={})

    return made


def test_each_workflow_becomes_a_file_that_is_checked(read):
    buy, order, gone = read(TEXT)
    assert buy.is_usable
    assert documents.read(buy.text).workflow == buy.workflow
    assert [(problem.code, problem.path) for problem in order.problems] == [
        ("ill-typed-argument", "/steps/put/with/quantity")
    ]
    assert not order.is_usable
    assert not gone.is_usable


def test_a_file_says_where_it_comes_from_and_what_was_left_out(read):
    _, order, gone = read(TEXT)
    assert order.text.splitlines()[:2] == [
        "# Workflow order of pets.arazzo.yaml.",
        "# Left out: output 'moved': $response.header.Location reads a header.",
    ]
    assert (gone.text, len(gone.omissions)) == ("", 1)


def test_a_text_with_line_breaks_cannot_leave_its_comment(read):
    (draft,) = read(
        TEXT.partition("workflows:")[0]
        + 'workflows: [{workflowId: "a\\nworkflow: b", steps: [{stepId: s, operationId: getInventory}]}]'
    )
    assert draft.text.splitlines()[0] == "# Workflow a workflow: b of pets.arazzo.yaml."


def test_what_is_no_arazzo_document_is_refused_with_its_file(read, tmp_path):
    with pytest.raises(DocumentInvalid) as caught:
        read("openapi: 3.1.0")
    assert caught.value.problems[0].file == str(tmp_path / "pets.arazzo.yaml")
