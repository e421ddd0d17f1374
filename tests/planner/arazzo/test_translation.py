import pytest

from planner import documents
from planner.arazzo import translation
from planner.definition import Call, Fail, RunWorkflow, Switch

pytestmark = pytest.mark.real

BUY = """
workflows:
- workflowId: buyAvailablePet
  summary: Buy a pet that is available.
  inputs: {$ref: '#/components/inputs/buyer'}
  parameters: [{reference: $components.parameters.available}]
  steps:
  - stepId: find-pet
    operationId: findPetsByStatus
    successCriteria:
    - condition: $statusCode == 200
    - {context: '$response.body#/0/status', type: regex, condition: '^avail'}
    - {context: $response.body, type: jsonpath, condition: '$[?(@.id > 0)]'}
    onFailure: [{name: again, type: retry, retryAfter: 0.5, retryLimit: 3}]
    outputs: {petId: '$response.body#/0/id', expires: $response.header.X-Expires-After}
  - stepId: order
    workflowId: placeOrder
    parameters:
    - {name: petId, value: $steps.find-pet.outputs.petId}
    - {name: quantity, value: $inputs.quantity}
    outputs: {orderId: $outputs.id}
  outputs: {orderId: $steps.order.outputs.orderId}
- workflowId: placeOrder
  summary: Order a pet.
  inputs: {type: object, properties: {petId: {type: integer}, quantity: {type: integer}}}
  steps:
  - stepId: order
    operationId: placeOrder
    requestBody:
      contentType: application/json
      payload: {petId: $inputs.petId, quantity: $inputs.quantity, status: placed, complete: false}
    outputs: {id: '$response.body#/id'}
  outputs: {id: $steps.order.outputs.id}
components:
  inputs:
    buyer: {type: object, required: [quantity], properties: {quantity: {type: integer, minimum: 1}}}
  parameters:
    available: {name: status, in: query, value: available}
"""
LOOP = """
workflows:
- workflowId: waitForDelivery
  inputs: {type: object, properties: {orderId: {type: integer}}}
  steps:
  - stepId: look
    operationId: getOrderById
    parameters: [{name: orderId, in: path, value: $inputs.orderId}]
    successCriteria: [{condition: $statusCode == 200}]
    onSuccess:
    - {name: done, type: end, criteria: [{condition: "$response.body#/status == 'delivered'"}]}
    - {name: missing, type: goto, stepId: drop, criteria: [{condition: '$response.body#/quantity == 0'}]}
    - {name: again, type: goto, stepId: look}
  - stepId: drop
    operationId: deleteOrder
    parameters: [{name: orderId, in: path, value: $inputs.orderId}]
"""


@pytest.fixture
def translated(arazzo, petstore):
    def made(text, **services):
        return translation.translate(arazzo(text), petstore, services)

    return made


@pytest.fixture
def one(translated):
    """Return the workflow of a document with one step, and what was left out."""

    def made(step, more=""):
        (found,) = translated(f"workflows:\n- workflowId: w\n  steps:\n  - stepId: s\n    {step}\n{more}")
        return found

    return made


def why(found):
    assert found.workflow is None
    (omission,) = found.omissions
    return omission.why


def test_the_workflows_of_a_document_fit_the_catalogue_and_each_other(translated, petstore):
    found = [each.workflow for each in translated(BUY)]
    known = {workflow.workflow: workflow for workflow in found}
    assert list(known) == ["buy-available-pet", "place-order"]
    for workflow in found:
        assert documents.check(documents.dump(workflow), catalog=petstore, workflows=known).problems == ()


def test_steps_call_operations_and_run_workflows(translated):
    buy, place = translated(BUY)
    steps = buy.workflow.steps
    assert list(steps) == ["find_pet", "find_pet_wrong", "order"]
    assert isinstance(steps["find_pet"], Call)
    assert (steps["find_pet"].call, steps["find_pet"].with_) == (
        "petstore.findPetsByStatus",
        {"status": "available"},
    )
    assert isinstance(steps["order"], RunWorkflow)
    assert steps["order"].with_ == {"petId": "${find_pet[0].id}", "quantity": "${input.quantity}"}
    assert place.workflow.steps["order"].with_ == {
        "petId": "${input.petId}",
        "quantity": "${input.quantity}",
        "status": "placed",
        "complete": False,
    }


def test_what_is_read_of_the_input_is_required(translated):
    buy, place = translated(BUY)
    assert buy.workflow.input["required"] == ["quantity"]
    assert place.workflow.input["required"] == ["petId", "quantity"]
    assert buy.workflow.input["properties"]["quantity"] == {"type": "integer", "minimum": 1}


def test_an_answer_that_does_not_fulfil_its_criteria_fails_the_run(translated):
    wrong = translated(BUY)[0].workflow.steps["find_pet_wrong"]
    assert isinstance(wrong, Fail)
    assert wrong.if_ == "!(string(find_pet[0].status).matches('^avail'))"


def test_criteria_in_other_languages_are_left_out_and_told(translated):
    omissions = translated(BUY)[0].omissions
    assert [(each.what, each.why) for each in omissions] == [
        (
            "find-pet, a criterion of success",
            "$[?(@.id > 0)]: conditions of type 'jsonpath' are not known here",
        )
    ]


def test_a_retry_becomes_the_retry_of_the_call(translated):
    retry = translated(BUY)[0].workflow.steps["find_pet"].retry
    assert (retry.attempts, retry.initial.total_seconds()) == (4, 0.5)


def test_results_and_the_version_are_those_of_the_document(translated):
    buy = translated(BUY)[0].workflow
    assert (buy.version, buy.goal) == ("2.1.0", "Buy a pet that is available.")
    assert buy.output == {"orderId": "${order.id}"}
    assert buy.on_failure == "keep"


def test_going_to_other_steps_is_a_switch_and_going_back_is_bounded(translated, petstore):
    (found,) = translated(LOOP)
    steps = found.workflow.steps
    assert list(steps) == ["look", "look_next", "drop"]
    assert isinstance(steps["look_next"], Switch)
    assert [(case.when, case.then) for case in steps["look_next"].switch] == [
        ("(look.status == 'delivered')", "end"),
        ("(look.quantity == 0)", "drop"),
    ]
    assert steps["look_next"].otherwise == "look"
    assert steps["look"].max_visits == translation.MOST_VISITS
    assert documents.check(documents.dump(found.workflow), catalog=petstore).problems == ()


def test_an_action_without_criteria_is_where_the_step_goes(one):
    found = one("operationId: getInventory\n    onSuccess: [{name: n, type: end}]")
    assert found.workflow.steps["s"].then == "end"


def test_a_credential_in_a_header_is_left_to_the_catalogue(one):
    found = one("operationId: getInventory\n    parameters: [{name: Authorization, in: header, value: abc}]")
    assert found.workflow.steps["s"].with_ == {}
    assert "`auth`" in found.omissions[0].why


def test_a_body_may_be_a_text_of_json_an_expression_or_have_parts_replaced(one):
    text = """operationId: placeOrder
    requestBody: {payload: '{"petId": 3, "status": "{$inputs.status}"}'}"""
    assert one(text).workflow.steps["s"].with_ == {"petId": 3, "status": "${input.status}"}

    whole = (
        one("operationId: placeOrder\n    requestBody: {payload: $inputs.order}").workflow.steps["s"].with_
    )
    assert whole["petId"] == "${input.order.petId}"

    parts = """operationId: placeOrder
    requestBody: {payload: {petId: 1}, replacements: [{target: /petId, value: $inputs.pet}]}"""
    assert one(parts).workflow.steps["s"].with_ == {"petId": "${input.pet}"}


def test_an_operation_may_be_named_by_its_path(one):
    step = "operationPath: '{$sourceDescriptions.petstore.url}#/paths/~1store~1inventory/get'"
    assert one(step).workflow.steps["s"].call == "petstore.getInventory"


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("operationId: getNothing", "'getNothing' is in none of 'petstore'"),
        ("operationId: $sourceDescriptions.other.getInventory", "--source other=SERVICE"),
        ("operationId: $sourceDescriptions.petstore.getNothing", "has no operation 'getNothing'"),
        ("operationPath: '{$sourceDescriptions.petstore.url}#/paths/~1nowhere/get'", "has not one operation"),
        ("description: nothing", "names no operation and no workflow"),
        ("operationId: getInventory\n    parameters: [{name: page, in: query, value: 1}]", "takes no 'page'"),
        ("operationId: getInventory\n    parameters: [{reference: $components.parameters.p}]", "there is no"),
        ("operationId: placeOrder\n    requestBody: {payload: {colour: red}}", "no field 'colour'"),
        ("operationId: placeOrder\n    requestBody: {payload: [1]}", "is no object"),
        ("operationId: placeOrder\n    requestBody: {payload: '{no json'}", "no JSON"),
        ("operationId: placeOrder\n    requestBody: {replacements: [{target: /b/c, value: 1}]}", "'b'"),
        (
            "operationId: getInventory\n    onSuccess: [{name: n, type: goto, workflowId: w}]",
            "another workflow",
        ),
        (
            "operationId: getInventory\n    onSuccess: [{name: n, type: goto, stepId: t}]",
            "no step that is there",
        ),
        (
            "operationId: deletePet\n    onSuccess: [{name: n, type: end, criteria: [&gone]}]".replace(
                "&gone", "{condition: $statusCode == 204}"
            ),
            "is not kept",
        ),
    ],
)
def test_a_workflow_that_would_mean_something_else_is_left_out_and_says_why(one, step, said):
    assert said in why(one(step))


def test_a_workflow_that_depends_on_others_is_left_out(one):
    assert "depends on other" in why(one("operationId: getInventory", "  dependsOn: [other]"))


def test_outputs_that_nobody_keeps_are_left_out_and_told(one):
    found = one("operationId: getInventory", "  outputs: {url: $url, all: $inputs.all}")
    assert found.workflow.output == {"all": "${input.all}"}
    assert found.omissions[0].what == "output 'url'"


def test_what_follows_a_failure_is_told_where_it_is_no_retry(one):
    found = one(
        "operationId: getInventory\n    onFailure:"
        " [{name: r, type: retry, criteria: [{condition: $statusCode == 503}]},"
        " {name: g, type: goto, stepId: s}]"
    )
    assert found.workflow.steps["s"].retry.attempts == 2
    assert [each.what for each in found.omissions] == [
        "s, action 'r' after a failure",
        "s, action 'g' after a failure",
    ]


def test_a_source_is_a_service_by_name_by_option_or_by_what_it_can_do(arazzo, petstore):
    head = "arazzo: 1.0.0\ninfo: {title: T, version: '1'}\nsourceDescriptions: [{name: pets, url: x.yaml}]\n"
    text = "workflows: [{workflowId: w, steps: [{stepId: s, operationId: OPERATION}]}]"

    def call(operation, **services):
        found = translation.translate(arazzo(text.replace("OPERATION", operation), head), petstore, services)
        return found[0].workflow and found[0].workflow.steps["s"].call

    assert call("getInventory") == "petstore.getInventory"
    assert call("getNothing") is None
    assert call("$sourceDescriptions.pets.getInventory", pets="petstore") == "petstore.getInventory"


def test_names_are_made_to_fit_and_kept_apart(translated):
    text = """
workflows:
- workflowId: Find_Pet2
  steps: [{stepId: input, operationId: getInventory}, {stepId: 1st, operationId: getInventory}]
- {workflowId: find-pet-2, steps: [{stepId: a, operationId: getInventory}]}
"""
    first, second = translated(text)
    assert (first.workflow.workflow, second.workflow.workflow) == ("find-pet-2", "find-pet-22")
    assert list(first.workflow.steps) == ["input_step", "w_1_st"]
