"""Try workflows offline: cases, faults, every path explored; also `python -m evals`."""

import typer

from evals.options import EXITS
from evals.verbs import Verbs

app = typer.Typer(
    name="eval",
    cls=Verbs,
    help="Run cases offline: scripted model, services and persons on the real engine.",
    epilog=EXITS,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def main() -> None:
    """Run cases offline: scripted model, services and persons on the real engine."""
