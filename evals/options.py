"""Options: what several verbs are told in the same words."""

from pathlib import Path
from typing import Annotated

import typer

EXITS = (
    "Exit codes: 0 all passed, 1 some did not, 2 wrong usage or file, 3 the harness broke, 5 nothing to run."
)
PathsArgument = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[PATHS]...", help="Case files and folders; this folder unless told"),
]
ProjectOption = Annotated[
    Path | None,
    typer.Option(
        "--project", metavar="DIR", help="Folder with catalog.yaml; the nearest above each file unless told"
    ),
]
HomeOption = Annotated[
    Path, typer.Option("--project", metavar="DIR", help="Folder with catalog.yaml; this one unless told")
]
ExpressionOption = Annotated[
    str,
    typer.Option(
        "-k", metavar="EXPR", help="Only cases whose name, title or tags fit, such as 'refund and not late'"
    ),
]
TagOption = Annotated[
    list[str] | None, typer.Option("-t", "--tag", metavar="TAG", help="Only cases with this tag")
]
CaseOption = Annotated[
    list[str] | None, typer.Option("--case", metavar="ID", help="Only the case with this id")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else")]
