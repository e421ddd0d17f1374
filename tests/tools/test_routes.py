from typing import get_args

import pytest

from tools import routes
from tools.access import Service
from tools.operations import Binding
from tools.requests import Unbuildable
from tools.routes import Reach

REACH = Reach(lambda _name: None)


def kinds():
    union, _ = get_args(Binding)
    return [binding.model_fields["kind"].default for binding in get_args(union)]


def test_every_kind_of_binding_has_a_route():
    assert set(kinds()) == set(routes._HOMES)


@pytest.mark.parametrize("kind", kinds())
def test_a_route_is_opened_without_reaching_anything(kind):
    assert callable(routes.opened(kind, Service(name="s"), REACH).prepare)


def test_a_missing_package_is_told_with_what_installs_it(monkeypatch):
    home = routes.Home("no_such_package", "Route", extra="post")
    monkeypatch.setattr(routes, "_HOMES", {"post": home})

    with pytest.raises(Unbuildable, match=r"'no_such_package'.*workflow-planner\[post\]"):
        routes.opened("post", Service(name="s"), REACH)
