from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from planner import documents
from planner.planning import drafts, manifest, plans, signatures
from planner.planning.frame import Frame
from planner.planning.plans import Plan, Simulation
from planner.planning.policy import Policy
from tools import catalog

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
COMPLETE = Simulation(status="COMPLETE", faults=2, paths=10)
SHOP = Path(__file__).resolve().parents[3] / "examples" / "shop" / "catalog.yaml"


@pytest.fixture(scope="session")
def shop():
    return catalog.load(SHOP)


@pytest.fixture(scope="session")
def signed(shop):
    return {name: signatures.sign(operation) for name, operation in shop.operations.items()}


@pytest.fixture
def weigh(shop):
    def weighed(
        *want,
        simulation=COMPLETE,
        rules=Policy(),  # noqa: B008 - frozen
        plan_id="p-1",
        found=shop,
        goal="g",
    ):
        frame = Frame(goal=goal, want=want, have={"order_id": "o-1"})
        draft = next(drafts.composed(frame, found, name=f"plan-{plan_id}"))
        fields = {
            "id": plan_id,
            "origin": "composed",
            "status": "unusable",
            "created_at": NOW,
            "created_by": "cli",
        }
        plan = Plan(frame=frame, definition=draft.definition, asks=draft.asks, **fields)
        workflow = documents.read(orjson.dumps(draft.definition).decode()).workflow
        made = manifest.manifest(workflow, found, {}, asked=want)
        return plans.weighed(plan, workflow, made, simulation, rules, now=NOW), workflow

    return weighed
