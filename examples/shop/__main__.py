"""The whole shop on the ports that its catalogue names: six services and the scripted model, until Ctrl-C."""

import contextlib
import signal
from pathlib import Path

from examples.shop.processes import PORTS, scripted_model, shop
from examples.shop.scripted_model import PORT

ANSWERS = Path(__file__).parent / "demo-answers.yaml"


def main() -> None:
    with scripted_model(ANSWERS, port=PORT) as model, shop(ports=PORTS) as addresses:
        for name, address in addresses.items():
            print(f"{name:<15}{address}")
        print(f"{'scripted model':<15}{model}  (no model: it answers from {ANSWERS.name})", flush=True)
        print("Ctrl-C stops all of it.", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main()
