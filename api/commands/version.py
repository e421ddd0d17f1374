"""Version: what is installed."""

import platform
from importlib import metadata

import typer

DISTRIBUTION = "workflow-planner"


def version() -> None:
    """Print the versions of planner and Python."""
    typer.echo(f"planner {installed()}, Python {platform.python_version()}")


def installed() -> str:
    """Return the version of our distribution, or that it runs from its sources."""
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "from its sources"
