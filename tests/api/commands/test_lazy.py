"""Tests of commands that are imported late, and of those that other packages bring."""

import subprocess
import sys

import pytest


def plugin(folder, name, value):
    """Write the metadata of a distribution that brings a command."""
    info = folder / "stranger-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[planner.commands]\n{name} = {value}\n", encoding="utf-8")


@pytest.mark.parametrize("arguments", [["--help"], ["version"]])
def test_help_and_version_import_nothing_heavy(arguments):
    program = (
        "import sys; from api.cli import main; "
        f"code = main({arguments!r}); "
        "heavy = {'langgraph', 'openai', 'fastapi', 'sqlalchemy', 'planner'} & set(sys.modules); "
        "sys.exit(code or repr(sorted(heavy)) * bool(heavy) or 0)"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_another_package_brings_a_command(desk, monkeypatch):
    plugin(desk.folder, "letters", f"{desk.module}_letters:app")
    desk.write(
        f"{desk.module}_letters.py",
        "import typer\n\napp = typer.Typer()\n\n\n"
        "@app.command()\ndef send(to: str) -> None:\n    typer.echo(f'to {to}')\n\n\n"
        "@app.command()\ndef burn() -> None:\n    raise typer.Exit(5)\n",
    )
    monkeypatch.syspath_prepend(desk.folder)

    assert desk.say("letters", "send", "Ann").out == "to Ann\n"
    assert desk.say("letters", "burn").code == 5
    assert "letters" in desk.say("--help").out


@pytest.mark.parametrize("value", ["no_such_module_at_all:app", "json:app", "json:dumps"])
def test_a_broken_command_of_another_package_says_so_and_harms_no_other(desk, monkeypatch, value):
    plugin(desk.folder, "letters", value)
    monkeypatch.syspath_prepend(desk.folder)

    said = desk.say("letters", "send", "--to", "Ann")

    assert said.code == 3
    assert "`planner letters` is not available" in said.err
    assert desk.say("version").code == 0


def test_an_error_of_ours_in_a_command_of_another_package_is_told(desk, monkeypatch):
    plugin(desk.folder, "letters", f"{desk.module}_errors:app")
    desk.write(
        f"{desk.module}_errors.py",
        "import typer\nfrom planner.errors import RunUnknown\n\napp = typer.Typer()\n\n\n"
        "@app.command()\ndef send() -> None:\n    raise RunUnknown('r-1')\n",
    )
    monkeypatch.syspath_prepend(desk.folder)

    said = desk.say("letters")

    assert (said.code, said.err) == (5, "planner: there is no run 'r-1'\n")
