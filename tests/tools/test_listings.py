import asyncio
import sys
from pathlib import Path

import pytest

from tools import catalog, catalog_loader, listings
from tools.errors import SecretMissing, Unlisted
from tools.routes import Home, Reach

SERVER = Path(__file__).with_name("mcp") / "tool_server.py"
CATALOG = """
services:
  desk:
    mcp:
      command: [{python}, {server}]
      listing: told/desk.json
      env: {env}
    operations: {{say: {{effect: read}}}}
  clock: {{python: {{now: "json:dumps"}}}}
"""


@pytest.fixture
def project(tmp_path):
    """Return what writes the catalogue and returns its services by name."""

    def written(env="{}"):
        path = tmp_path / "catalog.yaml"
        path.write_text(CATALOG.format(python=sys.executable, server=SERVER, env=env))
        return {each.service.name: each for each in catalog_loader.declared(path, base_urls={})}

    return written


def ask(declared, secret=lambda _name: None):
    return asyncio.run(listings.ask(declared, Reach(secret)))


def test_what_a_service_offers_is_written_to_the_file_that_the_catalogue_reads(project, tmp_path):
    found = ask(project()["desk"])
    listings.write(found)

    assert (found.operations, found.added) == (2, ("desk.addLine", "desk.say"))
    assert found.path == tmp_path / "told" / "desk.json"
    assert catalog.load(tmp_path / "catalog.yaml").operation("desk.addLine").binding.tool == "add-line"
    assert not ask(project()["desk"]).differs


def test_asking_changes_nothing(project, tmp_path):
    ask(project()["desk"])

    assert sorted(path.name for path in tmp_path.iterdir()) == ["catalog.yaml"]


def test_what_has_changed_since_is_told_by_operation(project):
    found = ask(project()["desk"])
    text = found.text.replace(b'"Say it."', b'"Say something else."').replace(b'"add-line"', b'"drop-line"')
    listings.write(found._replace(text=text))

    again = ask(project()["desk"])

    assert (again.added, again.changed, again.gone) == (("desk.addLine",), ("desk.say",), ("desk.dropLine",))
    assert again.differs


def test_a_file_that_cannot_be_read_is_told_as_if_it_held_nothing(project):
    found = ask(project()["desk"])
    listings.write(found._replace(text=b"{"))

    assert ask(project()["desk"]).added == ("desk.addLine", "desk.say")


def test_a_service_that_does_not_start_tells_why_without_its_secrets(project):
    services = project('{REFUSE: "1", TOKEN: {secret: DESK_TOKEN}}')

    with pytest.raises(Unlisted, match=r"'desk' .*it wrote: begun with \[secret\]"):
        ask(services["desk"], lambda _name: "hush-hush")


def test_a_missing_secret_is_told_by_name(project):
    with pytest.raises(SecretMissing, match="DESK_TOKEN"):
        ask(project("{TOKEN: {secret: DESK_TOKEN}}")["desk"])


def test_functions_cannot_be_asked(project):
    services = project()

    assert [listings.askable(services[name]) for name in ("desk", "clock")] == ["mcp", None]
    with pytest.raises(Unlisted, match="clock"):
        ask(services["clock"])


def test_a_missing_package_is_told_with_what_installs_it(project, monkeypatch):
    monkeypatch.setattr(listings, "_ASKERS", {"mcp": Home("no_such_package", "ask", extra="mcp")})

    with pytest.raises(Unlisted, match=r"workflow-planner\[mcp\]"):
        ask(project()["desk"])


def test_what_a_service_tells_must_be_a_listing(project, monkeypatch):
    async def garbage(_service, _reach):
        return b"[]"

    monkeypatch.setattr(sys.modules[__name__], "garbage", garbage, raising=False)
    monkeypatch.setattr(listings, "_ASKERS", {"mcp": Home(__name__, "garbage")})

    with pytest.raises(Unlisted, match="desk"):
        ask(project()["desk"])
