"""JUnit: results as the XML that servers of continuous integration read. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

_KINDS = {
    "failed": "failure",
    "error": "error",
    "unscripted": "error",
    "expected": "skipped",
    "pending": "skipped",
}
"""Elements that tell why a case did not pass, by status."""

_TYPES = {"failed": "expectation", "unscripted": "unscripted", "expected": "xfail", "pending": "xfail"}
"""Kinds of trouble, by status."""


def text(document: Mapping[str, Any]) -> str:
    """Return a document of results as JUnit XML: a suite for each suite, a test for each case."""
    root = Element("testsuites", {"name": "evals", **_counts(document["cases"])})
    for name in document["suites"]:
        cases = [case for case in document["cases"] if case["suite"] == name]
        suite = SubElement(root, "testsuite", {"name": name, **_counts(cases), **_began(document)})
        for case in cases:
            _case(suite, case)
    indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{tostring(root, encoding="unicode")}\n'


def _counts(cases: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    kinds = [_kind(case) for case in cases]
    return {
        "tests": str(len(cases)),
        "failures": str(kinds.count("failure")),
        "errors": str(kinds.count("error")),
        "skipped": str(kinds.count("skipped")),
        "time": _seconds(sum(case["ms"] for case in cases)),
    }


def _began(document: Mapping[str, Any]) -> dict[str, str]:
    origin = document["provenance"]
    return {} if origin is None else {"timestamp": str(origin["at"]), "id": str(origin["id"])}


def _case(suite: Element, case: Mapping[str, Any]) -> None:
    told = SubElement(
        suite,
        "testcase",
        classname=_plain(case["file"]),
        name=_plain(case["id"]),
        time=_seconds(case["ms"]),
    )
    properties = SubElement(told, "properties")
    for name, value in _properties(case):
        SubElement(properties, "property", name=name, value=_plain(value))
    kind = _kind(case)
    if kind is not None:
        why = SubElement(told, kind, message=_plain(case["reason"]), type=_type(case))
        why.text = _plain("\n".join([case["title"], *_differences(case)]).strip())


def _kind(case: Mapping[str, Any]) -> str | None:
    """Return the element that tells why a case did not pass; what counts for nothing is no trouble."""
    return "skipped" if case.get("is_aside") else _KINDS.get(case["status"])


def _properties(case: Mapping[str, Any]) -> list[tuple[str, str]]:
    run = case["run"] or {}
    told = [("workflow", case["workflow"]), ("definition", case["definition"]), ("engine", case["engine"])]
    told += [
        (name, str(run[name])) for name in ("status", "virtual_s", "model_calls", "tokens") if name in run
    ]
    return [*told, *(("tag", tag) for tag in case["tags"])]


def _type(case: Mapping[str, Any]) -> str:
    """Return the kind of trouble; `xfail` is pytest's word for a case that is known to fail."""
    return _TYPES.get(case["status"]) or case["code"] or "error"


def _differences(case: Mapping[str, Any]) -> list[str]:
    broken = [check["difference"] for check in case["checks"] if check["difference"] is not None]
    return [
        f"{told['pointer']}: expected {told['expected']!r}, found "
        f"{'nothing' if told['absent'] else repr(told['found'])}"
        for told in broken
    ]


def _seconds(ms: float) -> str:
    return f"{ms / 1000:.3f}"


def _plain(value: str) -> str:
    """Return text without what XML cannot hold."""
    return "".join(sign if sign.isprintable() or sign in "\n\t" else " " for sign in value)
