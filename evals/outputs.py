"""Outputs: files that results are written to; the ending of the name tells how."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from evals import brief, junit, report
from evals.baseline import Baseline
from evals.errors import EvalError
from tools.wording import either

Writer = Callable[[Mapping[str, Any], Baseline | None], str]


def _page(document: Mapping[str, Any], base: Baseline | None) -> str:
    """Return the page, which draws workflows and so takes longer to import than the rest."""
    text: str = importlib.import_module("evals.page").text(document, base)
    return text


_WRITERS: Mapping[str, Writer] = {
    ".json": lambda document, _base: report.text(document) + "\n",
    ".xml": lambda document, _base: junit.text(document),
    ".html": _page,
    ".md": brief.markdown,
}
ENDINGS = either(_WRITERS)
OutputOption = Annotated[
    list[Path] | None,
    typer.Option(
        "-o", "--output", metavar="FILE", help="Write results there; the ending tells how: " + ENDINGS
    ),
]


class EndingUnknown(EvalError):
    """A file is asked for of which the name does not tell the form."""

    code = "output-unknown"

    def __init__(self, file: Path) -> None:
        super().__init__(f"how {file} is to be written is not known; let its name end with {ENDINGS}")


def check(files: Sequence[Path]) -> None:
    """Look whether all files can be written so.

    Raises:
        EndingUnknown: the name of one does not tell how.
    """
    for file in files:
        if file.suffix not in _WRITERS:
            raise EndingUnknown(file)


def write(files: Sequence[Path], document: Mapping[str, Any], base: Baseline | None = None) -> None:
    """Write a document of results to each of the files, whole or not at all.

    Raises:
        EndingUnknown: the name of one does not tell how.
    """
    check(files)
    for file in files:
        content = _WRITERS[file.suffix](document, base)
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_name(f".{file.name}.unfinished")
        unfinished.write_text(content, encoding="utf-8")
        unfinished.replace(file)
