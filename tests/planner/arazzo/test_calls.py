import pytest

from planner.arazzo import calls

pytestmark = pytest.mark.real

TWO = """arazzo: 1.0.0
info: {title: T, version: '1'}
sourceDescriptions: [{name: a, url: a.yaml}, {name: b, url: b.yaml}]
"""
STEPS = "workflows: [{workflowId: w, steps: [{stepId: s, operationId: $sourceDescriptions.a.getInventory}]}]"


def test_a_source_without_a_service_stays_unknown(arazzo, petstore):
    assert calls.sources(arazzo(STEPS, TWO), petstore, {}).services == {"a": "petstore"}
    assert calls.sources(arazzo(STEPS, TWO), petstore, {"b": "shop"}).services == {
        "a": "petstore",
        "b": "shop",
    }


def test_a_source_of_workflows_is_no_service(arazzo, petstore):
    head = TWO.replace("name: a, url: a.yaml", "name: a, url: a.yaml, type: arazzo")
    assert calls.sources(arazzo(STEPS, head), petstore, {}).services == {}
