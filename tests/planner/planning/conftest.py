from pathlib import Path

import pytest

from planner.planning import signatures
from tools import catalog

SHOP = Path(__file__).resolve().parents[3] / "examples" / "shop" / "catalog.yaml"


@pytest.fixture(scope="session")
def shop():
    return catalog.load(SHOP)


@pytest.fixture(scope="session")
def signed(shop):
    return {name: signatures.sign(operation) for name, operation in shop.operations.items()}
