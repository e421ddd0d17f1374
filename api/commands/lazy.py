"""Lazy: commands whose modules are imported when they are used, so that help and version come at once."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from api.commands import exits

JSON = "planner.json"
"""Under which the context tells whether JSON was asked for."""


class LazyCommand(TyperCommand):
    """Stands in lists for a command, and imports it when it is called."""

    def __init__(self, name: str, load: Callable[[], Any], *, about: str, panel: str) -> None:
        super().__init__(name, help=about, rich_help_panel=panel)
        self._load = load

    def real(self) -> Any:
        """Return the command itself."""
        found = self._load()
        found.name = self.name
        return found

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Return the context of the command itself, which then runs in it."""
        context = self.real().make_context(info_name, args, parent=parent, **extra)
        context.meta[JSON] = bool(context.params.get("as_json"))
        return context


class BranchingCommand(LazyCommand):
    """A command whose first word may name a branch: `decisions verify` stands beside `decisions RUN`."""

    def __init__(
        self,
        name: str,
        load: Callable[[], Any],
        *,
        branches: Mapping[str, Callable[[], Any]],
        about: str,
        panel: str,
    ) -> None:
        super().__init__(name, load, about=about, panel=panel)
        self._branches = branches

    def real(self) -> Any:
        """Return the command itself, whose help tells of the branches."""
        found = super().real()
        found.epilog = f"Further: {self.name} {' | '.join(self._branches)}; each has a --help of its own."
        return found

    def branch(self, name: str) -> Any:
        """Return the command of a branch."""
        found = self._branches[name]()
        found.name = name
        return found

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Return the context of the branch that the first word names, else of the command itself."""
        if not args or args[0] not in self._branches:
            return super().make_context(info_name, args, parent=parent, **extra)
        context = self.branch(args[0]).make_context(
            f"{info_name} {args[0]}", args[1:], parent=parent, **extra
        )
        context.meta[JSON] = bool(context.params.get("as_json"))
        return context


class LazyGroup(TyperGroup):
    """The program: turns our own errors into one clear sentence and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with _Guard(ctx):
            return super().invoke(ctx)


class _Guard:
    """Tells an error of ours; the classes of errors are imported only when there is one."""

    def __init__(self, ctx: Any) -> None:
        self._ctx = ctx

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _kind: object, exc: BaseException | None, _trace: object) -> None:
        if (
            exc is None
            or isinstance(exc, (typer.Exit, typer.TyperException))
            or self._ctx.params.get("debug")
        ):
            return
        failures = importlib.import_module("api.commands.failures")
        if failures.is_ours(exc):
            raise typer.Exit(failures.report(exc, as_json=bool(self._ctx.meta.get(JSON)))) from exc


def from_function(target: str) -> Any:
    """Return the command that the function `module:name` is."""
    module, _, name = target.partition(":")
    app = typer.Typer(add_completion=False)
    app.command(help=None)(getattr(importlib.import_module(module), name))
    return get_command(app)


def from_plugin(point: Any) -> Any:
    """Return the command or group that an entry point names; one that only tells why, when it is broken."""
    try:
        found = point.load()
    except (ImportError, AttributeError, SyntaxError) as exc:
        return _broken(f"`planner {point.name}` is not available: {point.value} cannot be loaded ({exc})")
    if not isinstance(found, typer.Typer):
        return _broken(f"`planner {point.name}` is not available: {point.value} is no typer.Typer")
    return get_command(found)


def _broken(sentence: str) -> Any:
    app = typer.Typer(add_completion=False)

    @app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
    def tell() -> None:
        typer.echo(sentence, err=True)
        raise typer.Exit(exits.UNUSABLE)

    return get_command(app)
