"""Migrating: the database brought to the schema of this program."""

import typer

from api.commands.options import DatabaseOption, JsonOption, ProjectOption, configured
from api.commands.output import Output
from planner.store import migrate as migrations
from planner.store.database import open_database


def migrate(
    *, project: ProjectOption = None, database: DatabaseOption = None, as_json: JsonOption = False
) -> None:
    """Upgrade the database, or make it, and say from which schema to which."""
    config, output = configured(project, database), Output(as_json=as_json)
    with open_database(config.database_url) as store:
        before = migrations.current(store)
        migrations.upgrade(store)
        after = migrations.current(store)
        name = store.name
    output.document({"database": name, "from": before, "to": after})
    if before == after:
        output.line(f"{name} has the schema {after}; nothing was to be done")
    else:
        output.line(f"{name}: from {before or 'nothing'} to {after}")
    raise typer.Exit
