"""The Web Service Challenge 2008: services, a taxonomy and a task as producers, kinds and wants."""

from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

from planner.planning.kinds import Kinds
from planner.planning.reach import Producer


class Challenge(NamedTuple):
    """One problem of the challenge."""

    producers: list[Producer]
    kinds: Kinds
    have: list[str]
    want: list[str]


def load(folder: Path) -> Challenge:
    """Read `services.xml`, `taxonomy.xml` and `problem.xml`; a value is of its concept."""
    above: dict[str, str] = {}
    concepts: dict[str, str] = {}
    for parent in _root(folder / "taxonomy.xml").iter("concept"):
        above |= {child.attrib["name"]: parent.attrib["name"] for child in parent.findall("concept")}
        concepts |= {child.attrib["name"]: parent.attrib["name"] for child in parent.findall("instance")}

    def named(element: ET.Element, tag: str) -> list[str]:
        return [concepts[item.attrib["name"]] for item in element.iterfind(f"{tag}/instance")]

    services = [
        Producer(item.attrib["name"], frozenset(named(item, "inputs")), frozenset(named(item, "outputs")))
        for item in _root(folder / "services.xml").iter("service")
    ]
    task = _root(folder / "problem.xml").find("task")
    if task is None:
        raise ValueError(f"{folder / 'problem.xml'} holds no task")
    return Challenge(services, Kinds(above), named(task, "provided"), named(task, "wanted"))


def _root(path: Path) -> ET.Element:
    return ET.parse(path).getroot()  # noqa: S314 - files of whoever runs the bench
