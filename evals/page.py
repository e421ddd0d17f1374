"""The page: results as one HTML file that needs no script, no network and no other file. Pure."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from html import escape
from typing import Any

from evals import baseline, comparing, match, taken
from evals.baseline import Baseline
from evals.coverage import Share
from evals.page_style import STYLE
from evals.report import STATUSES
from evals.taken import Taken
from graphs import svg

_MARKS = {"passed": "✓", "failed": "✗", "error": "!", "unscripted": "?", "expected": "~", "pending": "~"}
_OPEN = frozenset({"failed", "error", "unscripted"})

Case = Mapping[str, Any]


def text(document: Mapping[str, Any], base: Baseline | None = None) -> str:
    """Return a document of results as a page; with a baseline, with what changed against it."""
    title = f"Evals: {', '.join(document['suites']) or 'nothing was run'}"
    body = [*_head(document, title), *_changes(document, base), *_cases(document)]
    if document["provenance"] is not None:
        body += [*_workflows(taken.taken([document])), *_origin(document["provenance"])]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"<title>{_safe(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(body)
        + "\n</main>\n</body>\n</html>\n"
    )


def _head(document: Mapping[str, Any], title: str) -> Iterator[str]:
    totals = document["totals"]
    yield f'<h1>{_safe(title)}</h1>\n<ul class="totals">'
    yield f"<li><b>{totals['cases']}</b> cases</li>"
    for status in STATUSES:
        yield f'<li class="is-{status}"><b>{totals.get(status, 0)}</b> {_MARKS[status]} {status}</li>'
    for name in ("decisions", "service_calls", "model_calls", "tokens"):
        yield f"<li><b>{totals[name]:,}</b> {name.replace('_', ' ')}</li>"
    real, virtual = totals["ms"] / 1000, totals["virtual_s"]
    yield f"<li><b>{real:.2f} s</b> real, <b>{virtual:,.0f} s</b> virtual</li></ul>"


def _changes(document: Mapping[str, Any], base: Baseline | None) -> Iterator[str]:
    if base is None:
        return
    found = comparing.compare(base, baseline.of_results(document))
    yield '<section><h2 id="changes">Changes against the baseline</h2>'
    if found.changes:
        rows = [[each.verdict, each.case, each.told] for each in found.changes]
        yield _table(("change", "case", "what"), rows)
    else:
        yield "<p>Nothing changed.</p>"
    yield "</section>"


def _cases(document: Mapping[str, Any]) -> Iterator[str]:
    yield '<section class="cases"><h2 id="cases">Cases</h2><fieldset><legend>Show</legend>'
    for name in ("all", *STATUSES):
        checked = " checked" if name == "all" else ""
        yield f'<label><input type="radio" name="show" value="{name}"{checked}> {name}</label>'
    yield "</fieldset>"
    for case in document["cases"]:
        yield from _case(case)
    yield "</section>"


def _case(case: Case) -> Iterator[str]:
    status, is_open = case["status"], " open" if case["status"] in _OPEN else ""
    yield f'<details class="case case-{status}"{is_open}><summary><h3>'
    yield f'<span class="badge is-{status}">{_MARKS[status]} {status}</span> '
    yield f"{_safe(case['suite'])}/{_safe(case['id'])}</h3> <span>{_safe(case['title'])}</span></summary>"
    if case["reason"]:
        yield f'<p class="reason">{_safe(case["reason"])}</p>'
    yield from _checks(case)
    yield from _decisions(case)
    yield from _timeline(case)
    yield "</details>"


def _checks(case: Case) -> Iterator[str]:
    rows = []
    for check in case["checks"]:
        told = check["difference"]
        shown = ("", "") if told is None else (_json(told["expected"]), _json(told["found"]))
        rows.append(["✓ holds" if check["ok"] else "✗ differs", check["name"], *shown])
    if rows:
        yield "<h4>Checks</h4>" + _table(("", "expectation", "expected", "found"), rows)


def _decisions(case: Case) -> Iterator[str]:
    for made in case["decisions"]:
        yield f"<h4>Decision at {_safe(made['path'])}: {_safe(made['choice'])}</h4>"
        sure = "" if made["confidence"] is None else f", {made['confidence']['value']:.0%} sure"
        why = f": {made['reason']}" if made["reason"] else ""
        yield f"<p>{_safe(made['question'])} <i>by {_safe(made['decided_by'])}{sure}{_safe(why)}</i></p>"
        yield _table(
            ("option", "means", "offered"), [_option(each, made["choice"]) for each in made["options"]]
        )


def _option(option: Mapping[str, Any], choice: str) -> list[str]:
    offered = "offered" if option["available"] else f"excluded: {option['excluded_by']}"
    return [option["id"], option["means"], f"● chosen, {offered}" if option["id"] == choice else offered]


def _timeline(case: Case) -> Iterator[str]:
    entries = case.get("entries", ())
    if not entries:
        return
    began = datetime.fromisoformat(entries[0]["at"])
    rows = [[_after(entry, began), entry["kind"], entry["path"], _told(entry["body"])] for entry in entries]
    yield "<h4>Timeline (virtual time)</h4>" + _table(("after", "what", "where", ""), rows)


def _after(entry: Mapping[str, Any], began: datetime) -> str:
    seconds = (datetime.fromisoformat(entry["at"]) - began).total_seconds()
    return f"+{seconds:,.3f}".rstrip("0").rstrip(".") + " s"


def _told(body: Mapping[str, Any]) -> str:
    names = ("operation", "outcome", "choice", "decided_by", "due", "status", "error")
    return ", ".join(str(body[name]) for name in names if body.get(name) is not None)


def _workflows(found: list[Taken]) -> Iterator[str]:
    yield '<section><h2 id="workflows">Workflows and coverage</h2>'
    yield "<p>Green and thick: some case came past it. Steps that none came past say <i>not covered</i>.</p>"
    for each in found:
        yield f"<h3>{_safe(each.name)} {_safe(each.version)}, {each.cases} cases</h3>"
        told = each.coverage
        yield _table(("", "covered", "missing"), [_share(name, share) for name, share in told.shares.items()])
        unreachable = f"; never offered: {', '.join(told.unreachable)}" if told.unreachable else ""
        yield f"<p>{told.pairs} different pairs of answers in a row{_safe(unreachable)}</p>"
        yield f'<div class="graph">{svg.text(each.drawing)}</div>'
    yield "</section>"


def _share(name: str, share: Share) -> list[str]:
    return [name, f"{share.covered} of {share.total} ({share.percent} %)", "; ".join(share.missing)]


def _origin(origin: Mapping[str, Any]) -> Iterator[str]:
    git = origin["git"] or {"sha": "no checkout", "dirty": False}
    rows = [
        ["evaluation", origin["id"]],
        ["at", origin["at"]],
        ["commit", git["sha"] + (" and changes" if git["dirty"] else "")],
        ["engine", origin["engine"]],
        ["prompts", ", ".join(origin["prompts"]) or "none"],
        ["models", ", ".join(origin["models"]) or "none"],
        *([f"suite {name}", f"{each['file']} {each['sha256']}"] for name, each in origin["suites"].items()),
        ["packages", ", ".join(f"{name} {version}" for name, version in origin["packages"].items())],
    ]
    yield '<section><h2 id="provenance">Where this comes from</h2>' + _table(("", ""), rows) + "</section>"


def _table(head: tuple[str, ...], rows: list[list[str]]) -> str:
    named = "".join(f'<th scope="col">{_safe(name)}</th>' for name in head) if any(head) else ""
    lines = ["".join(f"<td>{_safe(cell)}</td>" for cell in row) for row in rows]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    top = f"<thead><tr>{named}</tr></thead>" if named else ""
    return f'<div class="wide"><table>{top}<tbody>{body}</tbody></table></div>'


def _json(value: Any) -> str:
    return match.short(value)


def _safe(content: str) -> str:
    return escape(str(content))
