"""Every kind of run becomes a case that comes to the same, and replays as the same."""

import textwrap

import pytest
import yaml

from evals import jobs, load, project
from evals.jobs import Loaded
from evals.recorded import importing, replaying
from evals.recorded.importing import Wanted
from planner.log.masking import Masking

LOOK = "bank.look: {return: {id: l-1, amount: 1}}"
CHARGED = "return: {id: c-1, amount: 5.0}"

PAY, EACH = ("pay", "{order: o-1, amount: 5.0}"), ("each", "{orders: [a, b]}")
SETTLE_ONE, BESIDE_THREE = ("settle", "{order: o-1}"), ("beside", "{orders: [a, b, c]}")

KINDS = {
    "failed with nothing to take back": (
        PAY,
        f"""
        model: {{how: card, charge: fail}}
        services: {{{LOOK}, bank.charge: {{status: 422, body: {{detail: no money}}}}}}
        """,
        "undone",
        {},
    ),
    "a timer passes": (
        PAY,
        f"""
        model: {{how: card}}
        services: {{{LOOK}, bank.charge: {{{CHARGED}}}}}
        """,
        "succeeded",
        {},
    ),
    "a model that fails once": (
        PAY,
        f"""
        model: {{how: {{attempts: [{{fault: unavailable}}, {{choose: later}}]}}}}
        services: {{{LOOK}}}
        """,
        "succeeded",
        {},
    ),
    "cancelled while a person is asked": (
        PAY,
        f"""
        model: {{how: ask}}
        person: {{clerk: never}}
        services: {{{LOOK}}}
        """,
        "cancelled",
        {"cancel_after": 60},
    ),
    "cancelled while it pauses": (
        PAY,
        f"""
        model: {{how: card}}
        services: {{{LOOK}, bank.charge: {{{CHARGED}}}, bank.refund: {{{CHARGED}}}}}
        """,
        "cancelled",
        {"cancel_after": 60},
    ),
    "cancelled while a call is under way": (
        PAY,
        f"""
        model: {{how: card}}
        services: {{{LOOK}, bank.charge: {{{CHARGED}, delay: PT1S}}, bank.refund: {{{CHARGED}}}}}
        """,
        "cancelled",
        {"cancel_after": 0.5},
    ),
    "cancelled while the model thinks": (
        PAY,
        f"""
        model: {{how: {{choose: card, delay: PT2S}}}}
        services: {{{LOOK}}}
        """,
        "cancelled",
        {"cancel_after": 1},
    ),
    "its process was killed while a call was under way": (
        PAY,
        f"""
        model: {{how: card, charge: reconcile}}
        services:
          {LOOK}
          bank.charge: {{{CHARGED}, delay: PT1S}}
          bank.find: {{return: {{items: [{{id: c-1, amount: 5.0}}]}}}}
        """,
        "succeeded",
        {"killed_after": 0.5},
    ),
    "its process was killed and the call had not arrived": (
        PAY,
        f"""
        model: {{how: card, charge: reconcile}}
        services:
          {LOOK}
          bank.charge: [{{{CHARGED}, delay: PT1S}}, {{{CHARGED}}}]
          bank.find: {{return: {{items: []}}}}
        """,
        "succeeded",
        {"killed_after": 0.5},
    ),
    "one after the other, and another workflow": (
        EACH,
        """
        model: {"all[0].nod": go, "all[1].nod": {fault: refused}}
        services:
          bank.hold: [{return: {id: h-1, amount: 1}}, {return: {id: h-2, amount: 1}}]
          clerk.stamp: {return: stamped}
        """,
        "succeeded",
        {},
    ),
    "an event is received": (
        SETTLE_ONE,
        """
        events: [{type: bank.settled, after: PT3H, subject: o-1, data: {order: o-1}, extensions: {trace: t1}}]
        services: {bank.hold: [{return: {id: h-1, amount: 1}}, {return: {id: h-2, amount: 1}}]}
        """,
        "succeeded",
        {},
    ),
    "an event that does not come": (
        SETTLE_ONE,
        """
        services: {bank.hold: {return: {id: h-1, amount: 1}}}
        """,
        "failed",
        {},
    ),
    "cancelled while an event is waited for": (
        SETTLE_ONE,
        """
        services: {bank.hold: {return: {id: h-1, amount: 1}}}
        """,
        "cancelled",
        {"cancel_after": 60},
    ),
    "side by side, the first one slow": (
        BESIDE_THREE,
        """
        services:
          bank.hold:
          - {when: {order: a}, return: {id: h-a, amount: 1}, delay: PT0.9S}
          - {when: {order: b}, fault: timeout, applied: true}
          - {when: {order: c}, return: {id: h-c, amount: 1}, delay: PT0.1S}
          - {when: {order: b}, return: {id: h-b, amount: 1}, applied: true}
        """,
        "succeeded",
        {},
    ),
    "another run's failures left the service in peace": (
        PAY,
        """
        services: {}
        """,
        "undone",
        {"left_in_peace": "bank"},
    ),
    "cancelled while calls are side by side": (
        BESIDE_THREE,
        """
        services:
          bank.hold:
          - {when: {order: a}, return: {id: h-a, amount: 1}, delay: PT0.9S}
          - {when: {order: b}, return: {id: h-b, amount: 1}, delay: PT0.2S}
        """,
        "cancelled",
        {"cancel_after": 0.1},
    ),
}

SETTLE = """
workflow: settle
on_failure: undo
input: {type: object, required: [order], properties: {order: {type: string}}}
steps:
  first: {call: bank.hold, with: {order: "${input.order}"}}
  settled:
    receive: bank.settled
    when: "${event.data.order == input.order}"
    within: P1D
  second: {call: bank.hold, with: {order: "${settled.trace}"}}
output: {at: "${settled.subject}"}
"""
BESIDE = """
workflow: beside
input: {type: object, properties: {orders: {type: array, items: {type: string}}}}
steps:
  all:
    foreach: "${input.orders}"
    concurrency: 2
    steps:
      held: {call: bank.hold, with: {order: "${item}"}}
      kept: {set: {id: "${held.id}"}}
output: {all: "${all}"}
"""


@pytest.fixture(scope="module")
def wide(folder):
    """Return the small project with two workflows more."""
    for name, text in {"settle": SETTLE, "beside": BESIDE}.items():
        (folder / "workflows" / f"{name}.yaml").write_text(text, encoding="utf-8")
    yield project.load(folder)
    for name in ("settle", "beside"):
        (folder / "workflows" / f"{name}.yaml").unlink()


def job(flow, text, known, where):
    body = textwrap.indent(textwrap.dedent(text).strip(), "  ")
    head = f"schema: evals/1\nsuite: kinds\ncases:\n- id: one\n  workflow: {flow[0]}\n  input: {flow[1]}\n"
    file = where / "kind.eval.yaml"
    file.write_text(f"{head}{body}\n  expect: {{status: any}}\n")
    found = load.read(file)
    assert found.suite is not None, found.problems
    return jobs.listed([Loaded(str(file), found.suite, known)])[0]


def case_of(production, run_id, known):
    found = importing.take(production.database, [Wanted(run_id)], known)
    assert found.refused == {}
    text = importing.suite("kinds", found.cases)
    (production.folder / "kinds.eval.yaml").write_text(text)
    assert load.check(production.folder / "kinds.eval.yaml", known).problems == ()
    return yaml.safe_load(text)["cases"][0], importing.play(text, "", known)[0], text


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_run_comes_to_the_same(kind, production, wide, tmp_path):
    flow, text, status, outside = KINDS[kind]
    run_id = production.run(job(flow, text, wide, tmp_path), **outside)
    assert production.get(run_id).status == status, production.get(run_id).error
    _, result, written = case_of(production, run_id, wide)
    assert (result.status, result.reason, result.drift) == ("passed", "", ()), written
    assert replaying.replay(production.database, run_id, wide, Masking()).status == "same"
