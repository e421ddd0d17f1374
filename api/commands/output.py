"""Output: what a command prints; in colour on a terminal, plain elsewhere, or as one JSON document."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text


class Output:
    """Where one command prints to."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self._out, self._err = Console(soft_wrap=True), Console(stderr=True, soft_wrap=True)

    @property
    def is_terminal(self) -> bool:
        """Tell whether a person watches what is printed."""
        return self._out.is_terminal and not self.as_json

    def line(self, text: str = "", style: str = "") -> None:
        """Print one line for people; nothing where JSON was asked for."""
        if self.as_json:
            return
        if self._out.is_terminal:
            self._out.print(Text(shown(text), style=style))
        else:
            sys.stdout.write(f"{shown(text)}\n")
            sys.stdout.flush()

    def raw(self, text: str) -> None:
        """Print a text that is itself the result, such as a graph."""
        sys.stdout.write(text if text.endswith("\n") else f"{text}\n")

    def note(self, text: str) -> None:
        """Print a line beside the result, on the error stream."""
        self._beside(text, "dim")

    def error(self, text: str) -> None:
        """Print what went wrong, on the error stream."""
        self._beside(text, "red")

    def _beside(self, text: str, style: str) -> None:
        if self._err.is_terminal:
            self._err.print(Text(shown(text), style=style))
        else:
            sys.stderr.write(f"{shown(text)}\n")

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print rows under their columns, the first never broken; nothing where JSON was asked for."""
        if self.as_json:
            return
        if not self._out.is_terminal:
            for line in aligned([columns, *rows]):
                self.line(line)
            return
        table = Table(box=None, header_style="bold", pad_edge=False)
        for place, column in enumerate(columns):
            table.add_column(column, overflow="fold", no_wrap=place == 0)
        for row in rows:
            table.add_row(*(Text(shown(cell)) for cell in row))
        self._out.print(table, soft_wrap=False)

    def document(self, data: Any) -> None:
        """Print the one JSON document; nothing where it was not asked for."""
        if self.as_json:
            self.raw(as_text(data))

    @contextmanager
    def working(self, text: str) -> Iterator["Working"]:
        """Show on a terminal that something goes on, below what is printed meanwhile."""
        if not self.is_terminal:
            yield Working(None)
            return
        with self._out.status(Text(text, style="dim")) as status:
            yield Working(status)


class Working:
    """The line that says what goes on."""

    def __init__(self, status: Any) -> None:
        self._status = status

    def say(self, text: str) -> None:
        """Change the line."""
        if self._status is not None:
            self._status.update(Text(shown(text), style="dim"))


def as_text(data: Any) -> str:
    """Return data as indented JSON."""
    return orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS, default=str).decode()


def brief(data: Any, longest: int = 400) -> str:
    """Return data as JSON on one line, cut where it is long."""
    text = orjson.dumps(data, option=orjson.OPT_NON_STR_KEYS, default=str).decode()
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def shown(text: str) -> str:
    """Return the text with characters that steer a terminal written out."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in "\n\t" else _escaped(char) for char in text)


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines whose columns stand below each other."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _escaped(char: str) -> str:
    return char.encode("unicode_escape", "backslashreplace").decode()
