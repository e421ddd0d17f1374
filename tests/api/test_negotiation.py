"""Negotiation: what a client prefers."""

import pytest

from api import negotiation


@pytest.mark.parametrize(
    ("accept", "yaml"),
    [
        (None, False),
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("application/yaml", True),
        ("text/yaml;q=0.5", True),
        ("application/json, application/yaml;q=0.9", False),
        ("application/json;q=0.3, application/yaml;q=0.9", True),
        ("application/yaml, */*;q=0.1", True),
        ("application/yaml;q=0", False),
        ("application/yaml;q=nonsense", False),
    ],
)
def test_yaml_comes_to_whom_prefers_it(accept, yaml):
    assert negotiation.wants_yaml(accept) is yaml


@pytest.mark.parametrize(
    ("held", "known"),
    [('"a"', True), ('W/"a"', True), ('"b", "a"', True), ("*", True), ('"b"', False), (None, False)],
)
def test_a_tag_is_found_among_those_held(held, known):
    assert negotiation.matches(held, '"a"') is known
