"""The published contracts, saved beside the catalogue: `python -m examples.shop.contracts`."""

from pathlib import Path

import orjson

from examples.shop.service import SERVICES
from examples.shop.services.ledger import Ledger
from examples.shop.services.web import create

FOLDER = Path(__file__).parent / "openapi"


def contract(name: str) -> bytes:
    """Return a service's OpenAPI document as it is saved."""
    document = create(SERVICES[name], Ledger()).openapi()
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def main() -> None:
    for name in SERVICES:
        (FOLDER / f"{name}.json").write_bytes(contract(name))
        print(f"wrote the contract of {name}")


if __name__ == "__main__":
    main()
