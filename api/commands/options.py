"""Options: those that many commands share, and the settings that they make."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import BaseModel, TypeAdapter, ValidationError

from api import errors
from planner import project as project_files
from planner import settings
from planner.errors import SettingsInvalid
from planner.settings import Settings
from planner.tenants import TenantName
from tools import yaml
from tools.errors import DocumentInvalid

M = TypeVar("M", bound=BaseModel)

_TENANT: TypeAdapter[str] = TypeAdapter(TenantName)


def _tenant_name(name: str) -> str:
    try:
        return _TENANT.validate_python(name)
    except ValidationError as exc:
        message = f"{name!r} is no name of a tenant; write lower-case letters, digits, '.', '_' and '-'"
        raise typer.BadParameter(message) from exc


ProjectOption = Annotated[
    Path | None,
    typer.Option(
        "--project", metavar="DIR", help="Folder with catalog.yaml and workflows/ [PLANNER_PROJECT]"
    ),
]
DatabaseOption = Annotated[
    str | None,
    typer.Option("--database", metavar="URL", help="Where runs are kept [PLANNER_DATABASE_URL]"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many at most")]
TenantOption = Annotated[
    str | None, typer.Option("--tenant", metavar="NAME", help="Only those of this tenant")
]
OwnerOption = Annotated[
    str,
    typer.Option("--tenant", metavar="NAME", help="Whose it is; default unless told", callback=_tenant_name),
]
NoWaitOption = Annotated[bool, typer.Option("--no-wait", help="Do not move the run in this process")]


def configured(project: Path | None = None, database: str | None = None, **more: Any) -> Settings:
    """Return the settings of the environment with these options before them.

    Modules in the project's folder can be named in its catalogue: the folder is searched last.

    Raises:
        SettingsInvalid: a value cannot be used, or the project's folder does not exist.
    """
    told = {"project": project, "database_url": database, **more}
    config = settings.load(**{name: value for name, value in told.items() if value is not None})
    if not config.project.is_dir():
        raise SettingsInvalid(
            f"there is no folder {str(config.project)!r}; name the one that holds catalog.yaml with --project"
        )
    folder = str(config.project.resolve())
    if folder not in sys.path:
        sys.path.append(folder)
    return config


def json_argument(text: str, option: str) -> Any:
    """Return the data that the text of an option holds: JSON, @FILE, or - for standard input.

    Raises:
        BadParameter: it cannot be read; every problem is told with its place.
    """
    try:
        if text == "-":
            return yaml.load(sys.stdin.read(), file="<stdin>").data
        if text.startswith("@"):
            return yaml.load(project_files.text(Path(text[1:])), file=text[1:]).data
        return yaml.load(text, file=option).data
    except DocumentInvalid as exc:
        raise typer.BadParameter("; ".join(map(str, exc.problems)), param_hint=option) from exc


def object_argument(text: str, option: str) -> dict[str, Any]:
    """Return the object that the text of an option holds.

    Raises:
        BadParameter: it cannot be read, or holds something else.
    """
    data = json_argument(text, option)
    if not isinstance(data, dict):
        what = option.lstrip("-")
        message = f'the {what} must be an object such as {{"name": "value"}}, and this is {data!r}'
        raise typer.BadParameter(message, param_hint=option)
    return data


def validated(model: type[M], told: Mapping[str, Any]) -> M:
    """Return what options and arguments tell together.

    Raises:
        BadParameter: it is no such thing; every problem is told.
    """
    try:
        return model.model_validate(told)
    except ValidationError as exc:
        problems = errors.invalid(exc).problems
        raise typer.BadParameter(" ".join(str(problem) for problem in problems)) from exc
