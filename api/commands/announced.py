"""Announced: the events that documents of the catalogue say may happen."""

from api.commands.options import JsonOption, ProjectOption, configured
from api.commands.output import Output
from planner import project


def events(*, project_folder: ProjectOption = None, as_json: JsonOption = False) -> None:
    """List the events that documents of the catalogue announce, which workflows can wait for or begin by."""
    config, output = configured(project_folder), Output(as_json=as_json)
    found = project.load_catalog(config)
    announced = [each for _, each in sorted(found.announcements.items())]
    output.document(
        {
            "items": [each.model_dump(mode="json") for each in announced],
            "omissions": [each._asdict() for each in found.omissions],
        }
    )
    if announced:
        rows = [(each.type, each.channel, _data(each.data), each.summary[:80]) for each in announced]
        output.table(("event", "channel", "data", "what"), rows)
    else:
        output.line(f"No events; name an AsyncAPI document under `events` in {config.catalog_file}.")
    for omission in found.omissions:
        output.line(f"  left out: {omission.what}: {omission.why}")
    output.line(f"{len(announced)} types of event taken, {len(found.omissions)} things left out.")


def _data(schema: dict[str, object] | None) -> str:
    """Return in a few words what is known of an event's data."""
    if schema is None:
        return "not told"
    properties = schema.get("properties")
    return ", ".join(properties) if isinstance(properties, dict) and properties else "told"
