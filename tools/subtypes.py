"""Subtypes: whether the values of one schema fit another, told without a value at hand."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import jsonschema_rs

from tools.forms import Form, forms
from tools.pointers import follow

Verdict = Literal["yes", "no", "unknown"]

_DEEPEST = 24
_ARRAY = frozenset({"items"})
_OBJECT = frozenset({"properties", "required", "additionalProperties"})
_VALUES = frozenset({"enum", "const"})


def accepts(sink: Mapping[str, Any], source: Mapping[str, Any]) -> Verdict:
    """Tell whether every value of `source` fits `sink`.

    `no` is said only where the declared types collide: another type, a null where none may stand, a field
    that is needed and that `source` does not declare. `unknown` is said of all that hangs on the value.
    """
    return _Comparison(sink, source).verdict()


class _Comparison:
    """One question, with what was already asked on the way (schemas may be recursive)."""

    def __init__(self, sink: Any, source: Any) -> None:
        self._sink, self._source = sink, source
        self._asked: dict[tuple[int, int], tuple[Verdict, Any, Any]] = {}

    def verdict(self) -> Verdict:
        """Return the answer for the two whole schemas."""
        return self._compare(self._sink, self._source, 0)

    def _compare(self, sink: Any, source: Any, depth: int) -> Verdict:
        if sink is True or sink == {}:
            return "yes"
        if depth > _DEEPEST:
            return "unknown"
        sink, source = follow(sink, self._sink), follow(source, self._source)
        key = (id(sink), id(source))
        if key not in self._asked:
            # What is still being asked counts as yes: a recursive schema fits when nothing on the way speaks
            # against it. The schemas are kept so that no other object gets their id.
            self._asked[key] = ("yes", sink, source)
            self._asked[key] = (self._decide(sink, source, depth), sink, source)
        return self._asked[key][0]

    def _decide(self, sink: Any, source: Any, depth: int) -> Verdict:
        wanted, given = forms(sink, self._sink), forms(source, self._source)
        if wanted is None or given is None:
            return "unknown"
        verdicts = [(form, self._fit(wanted, form, depth)) for form in given]
        if any(form.type == "null" and verdict == "no" for form, verdict in verdicts):
            return "no"
        return _agreed(verdict for _, verdict in verdicts)

    def _fit(self, wanted: list[Form], form: Form, depth: int) -> Verdict:
        """Return the best that any wanted form says of this one."""
        fitting = [other for other in wanted if _meet(other.type, form.type)]
        verdicts = {self._pair(other, form, depth) for other in fitting}
        if "yes" in verdicts:
            return "yes"
        return "unknown" if "unknown" in verdicts else "no"

    def _pair(self, sink: Form, source: Form, depth: int) -> Verdict:
        if not sink.keywords and (sink.type is None or sink.type in {source.type, _wider(source.type)}):
            return "yes"
        if source.type is None or sink.type is None:
            return "unknown"
        if _VALUES & (sink.keywords.keys() | source.keywords.keys()):
            return _leaf(sink, source)
        if sink.type == "array":
            return self._array(sink.keywords, source.keywords, depth)
        if sink.type == "object":
            return self._object(sink.keywords, source.keywords, depth)
        return _leaf(sink, source)

    def _array(self, sink: Mapping[str, Any], source: Mapping[str, Any], depth: int) -> Verdict:
        items = self._compare(sink.get("items", True), source.get("items", True), depth + 1)
        return _capped(items, sink, known=_ARRAY, source=source)

    def _object(self, sink: Mapping[str, Any], source: Mapping[str, Any], depth: int) -> Verdict:
        needed = (_needed(name, source) for name in sink.get("required", ()))
        fields = self._fields(sink, source, depth)
        return _capped(_worst([*needed, *fields]), sink, known=_OBJECT, source=source)

    def _fields(self, sink: Mapping[str, Any], source: Mapping[str, Any], depth: int) -> list[Verdict]:
        declared, given = sink.get("properties", {}), source.get("properties", {})
        rest = sink.get("additionalProperties", True)
        found: list[Verdict] = []
        for name, field in given.items():
            verdict = self._compare(declared.get(name, rest), field, depth + 1)
            is_extra = name not in declared and rest is False
            found.append("unknown" if is_extra and name not in source.get("required", ()) else verdict)
        if not _is_closed(source):
            found.append(self._compare(rest, source.get("additionalProperties", True), depth + 1))
            found += ["unknown"] if declared.keys() - given.keys() else []
        return found


def _needed(name: str, source: Mapping[str, Any]) -> Verdict:
    """Tell whether the source has a field that the sink requires."""
    if name in source.get("required", ()):
        return "yes"
    declared = name in source.get("properties", {})
    return "no" if _is_closed(source) and not declared else "unknown"


def _is_closed(source: Mapping[str, Any]) -> bool:
    """Tell whether the source has only what it declares; an answer that names its fields means them all."""
    rest = source.get("additionalProperties")
    return rest is False or (rest is None and bool(source.get("properties")))


def _capped(
    verdict: Verdict, sink: Mapping[str, Any], *, known: frozenset[str], source: Mapping[str, Any]
) -> Verdict:
    """Turn a yes into unknown where the sink has limits that were not compared."""
    limits = sink.keys() - known
    same = all(name in source and source[name] == sink[name] for name in limits)
    return "unknown" if verdict == "yes" and not same else verdict


def _leaf(sink: Form, source: Form) -> Verdict:
    try:
        wanted, given = _canonical(sink), _canonical(source)
        if wanted.covers(given) == jsonschema_rs.canonical.Containment.YES:
            return "yes"
        both = wanted.intersect(given).satisfiability()
    except (ValueError, jsonschema_rs.canonical.CanonicalizationError):
        return "unknown"
    return "no" if both == jsonschema_rs.canonical.Satisfiability.NO else "unknown"


def _canonical(form: Form) -> jsonschema_rs.CanonicalSchema:
    schema = {"type": form.type, **form.keywords}
    return jsonschema_rs.canonicalize(schema, draft=jsonschema_rs.Draft202012, offline=True)


def _meet(sink: str | None, source: str | None) -> bool:
    return None in {sink, source} or sink == source or {sink, source} == {"integer", "number"}


def _wider(name: str | None) -> str | None:
    return "number" if name == "integer" else name


def _worst(verdicts: Iterable[Verdict]) -> Verdict:
    found = set(verdicts)
    if "no" in found:
        return "no"
    return "unknown" if "unknown" in found else "yes"


def _agreed(verdicts: Iterable[Verdict]) -> Verdict:
    """Return what all say; where they differ it hangs on the value."""
    found = set(verdicts) or {"yes"}
    return found.pop() if len(found) == 1 else "unknown"
