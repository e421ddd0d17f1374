"""Importing: ask running services what they offer, and keep it in the files that the catalogue names."""

import asyncio
from typing import Annotated

import typer

from api.commands import exits
from api.commands.options import JsonOption, ProjectOption, configured
from api.commands.output import Output
from planner import project, settings
from tools import listings
from tools.catalog_loader import Declared
from tools.errors import SecretMissing, ServiceUnknown, Unlisted
from tools.listings import Listing
from tools.routes import Reach
from tools.wording import nearest


def import_(
    services: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SERVICE]…", help="Which; all that can be asked unless told"),
    ] = None,
    *,
    check: Annotated[
        bool,
        typer.Option("--check", help="Write nothing; exit 1 where a file is not what its service offers"),
    ] = False,
    project_folder: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask services what they offer now, and write it to the files that the catalogue names.

    A service that is a program is started for it. Runs never ask: they go by the files.
    """
    config, output = configured(project_folder), Output(as_json=as_json)
    wanted = _wanted(services or [], project.declared_services(config))
    if not wanted:
        output.note("No service of this catalogue can be asked what it offers.")
        output.document({"items": []})
        raise typer.Exit(exits.NOTHING)
    found = asyncio.run(asked(wanted))
    for each in found:
        if isinstance(each, Listing) and not check:
            listings.write(each)
    _tell(found, output, is_check=check)
    failed = any(not isinstance(each, Listing) or (check and each.differs) for each in found)
    raise typer.Exit(exits.FAILED if failed else exits.OK)


def _wanted(names: list[str], declared: list[Declared]) -> list[Declared]:
    known = {each.service.name: each for each in declared}
    for name in names:
        if name not in known:
            raise ServiceUnknown(name, nearest(name, known))
    if names:
        return [known[name] for name in names]
    return [each for each in declared if listings.askable(each) is not None]


async def asked(wanted: list[Declared]) -> list[Listing | Unlisted | SecretMissing]:
    """Return what each service offers, or why it does not tell."""
    return list(await asyncio.gather(*(_one(each) for each in wanted)))


async def _one(declared: Declared) -> Listing | Unlisted | SecretMissing:
    try:
        return await listings.ask(declared, Reach(settings.secret))
    except (Unlisted, SecretMissing) as exc:
        return exc


def _tell(found: list[Listing | Unlisted | SecretMissing], output: Output, *, is_check: bool) -> None:
    told = [each for each in found if isinstance(each, Listing)]
    failed = [each for each in found if not isinstance(each, Listing)]
    errors = [{"service": each.service, "message": str(each)} for each in failed]
    output.document({"items": [_data(each) for each in told], "errors": errors})
    if told:
        rows = [_row(each) for each in told]
        output.table(
            ("service", "file", "operations", "left out", "differs in" if is_check else "changed"), rows
        )
    for listing in told:
        for omission in listing.omissions:
            output.line(f"  {listing.service}: left out: {omission.what}: {omission.why}")
    for each in failed:
        output.error(f"planner: {each}")


def _row(listing: Listing) -> tuple[str, ...]:
    counts = (str(listing.operations), str(len(listing.omissions)))
    return (listing.service, str(listing.path), *counts, _changes(listing))


def _data(listing: Listing) -> dict[str, object]:
    told = {name: value for name, value in listing._asdict().items() if name != "text"}
    omissions = [omission._asdict() for omission in listing.omissions]
    return {**told, "path": str(listing.path), "omissions": omissions}


def _changes(listing: Listing) -> str:
    kinds = (("added", listing.added), ("changed", listing.changed), ("gone", listing.gone))
    return "; ".join(f"{word} {', '.join(names)}" for word, names in kinds if names) or "nothing"
