"""Migrating: the database brought to the schema of this program."""

from typing import Annotated

import typer

from api.commands.options import DatabaseOption, JsonOption, ProjectOption, configured
from api.commands.output import Output
from planner.store import migrate as migrations
from planner.store.database import open_database


def migrate(
    *,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    to: Annotated[
        migrations.Phase, typer.Option("--to", help="`pre`: only what processes of before bear")
    ] = "post",
    as_json: JsonOption = False,
) -> None:
    """Upgrade the database, or make it, and say from which schema to which."""
    config, output = configured(project, database), Output(as_json=as_json)
    with open_database(config.database_url) as store:
        before = migrations.current(store)
        migrations.upgrade(store, to=to)
        after = migrations.current(store)
        name, left = store.name, list(migrations.pending(store))
    output.document({"database": name, "from": before, "to": after, "pending": left})
    if before == after:
        output.line(f"{name} has the schema {after}; nothing was to be done")
    else:
        output.line(f"{name}: from {before or 'nothing'} to {after}")
    if left:
        output.line(f"{', '.join(left)} waits for `planner migrate` once no process of an older version runs")
    raise typer.Exit
