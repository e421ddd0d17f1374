"""Auditing: whether the decision log is as it was written, where it stands, and copies for other systems."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any, Literal, TextIO

import typer

from api.commands import exits, reading
from api.commands.options import DatabaseOption, JsonOption, ProjectOption, configured
from api.commands.output import Output
from graphs import notary
from planner.clock import SystemClock
from planner.log import export as exporting
from planner.log import heads as log_heads
from planner.log.findings import Report
from planner.store import audits, exports

_HeadsOption = Annotated[
    list[Path] | None,
    typer.Option("--heads", metavar="FILE", help="Exported heads to compare with [PLANNER_HEADS__FILE]"),
]
_ToOption = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write to a file; heads are appended")
]
_KeyOption = Annotated[
    list[str] | None,
    typer.Option("--public-key", metavar="KEY", help="A key in base64 whose signatures are accepted"),
]


def verify(
    *,
    heads: _HeadsOption = None,
    public_key: _KeyOption = None,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell whether the decision log is as it was written: every byte and row, their order and their end."""
    config, output = configured(project, database), Output(as_json=as_json)
    with reading.opened(config) as store:
        report = notary.verified(store, config.heads, files=heads, public_keys=public_key or ())
    output.document(report.model_dump(mode="json"))
    _tell(report, output)
    if not report.ok:
        raise typer.Exit(exits.FAILED)


def heads(
    *,
    to: _ToOption = None,
    project: ProjectOption = None,
    database: DatabaseOption = None,
) -> None:
    """Print where each stream of the decision log ends, signed where there is a key, one JSON object each."""
    config, output = configured(project, database), Output()
    key = notary.signing_key(config.heads)
    with reading.opened(config) as store:
        found = store.read_sync(audits.heads, SystemClock().now())
    if key is None:
        output.note(f"unsigned: the secret {config.heads.key} holds no key")
    else:
        output.note(f"signed with the key {key.key_id}; its public key is {key.public}")
    text = log_heads.lines([notary.sealed(head, key) for head in found])
    if to is None:
        sys.stdout.write(text)
        return
    try:
        notary.append(to, text)
    except OSError as exc:
        raise typer.BadParameter(f"{to} cannot be written: {exc.strerror}", param_hint="--output") from exc


def export(
    *,
    how: Annotated[
        Literal["jsonl", "otlp-json"], typer.Option("--format", help="jsonl, or otlp-json for a collector")
    ] = "jsonl",
    since: Annotated[
        datetime | None,
        typer.Option("--since", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="In UTC; then or later"),
    ] = None,
    to: _ToOption = None,
    project: ProjectOption = None,
    database: DatabaseOption = None,
) -> None:
    """Write every record of the decision log with what is left of its content, one JSON object a line."""
    config = configured(project, database)
    began = None if since is None else since.replace(tzinfo=UTC)
    with reading.opened(config) as store, _out(to) as out:
        store.read_sync(_export, out, how, began)


def _tell(report: Report, output: Output) -> None:
    for line in report.lines:
        output.line(line, "red" if line in report.trouble else "bold" if line == report.verdict else "")
    for note in report.notes:
        output.note(f"note: {note}")


def _export(tx: Any, out: TextIO, how: str, since: datetime | None) -> None:
    labels = {"service.version": metadata.version("workflow-planner")}
    for row, decision in exports.records(tx, since):
        found = exporting.event(row, decision, labels=labels)
        shown = found if how == "jsonl" else exporting.otlp(found)
        # In ASCII, since a text that a service sent may hold what UTF-8 cannot.
        out.write(f"{json.dumps(shown, separators=(',', ':'))}\n")


@contextmanager
def _out(to: Path | None) -> Iterator[TextIO]:
    if to is None:
        yield sys.stdout
        return
    try:
        with to.open("w", encoding="utf-8") as out:
            yield out
    except OSError as exc:
        raise typer.BadParameter(f"{to} cannot be written: {exc.strerror}", param_hint="--output") from exc
