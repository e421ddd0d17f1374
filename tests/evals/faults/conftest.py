"""A project with a workflow that goes around a call, and runs another one."""

import shutil

import pytest

from evals.explore.subject import of_folder

AROUND = """
workflow: around
input: {type: object, required: [order], properties: {order: {type: string}}}
steps:
  held:
    call: bank.hold
    with: {order: "${input.order}"}
    substitutes: [{call: bank.look, with: {order: "${input.order}"}}]
    recover: {by: rule, allow: [substitute, fail], otherwise: fail}
  inner: {run: asked, with: {order: "${input.order}"}}
"""
ASKED = """
workflow: asked
input: {type: object, required: [order], properties: {order: {type: string}}}
steps:
  which: {decide: Which way, options: {this: {then: refund}, that: {then: end}}, otherwise: that}
  refund:
    call: bank.refund
    with: {charge: "${input.order}"}
    optional: true
    recover: {decide: What now, allow: [skip, fail], otherwise: skip}
  never: {call: bank.look, with: {order: "${input.order}"}, if: "false"}
"""


@pytest.fixture
def subject(folder, tmp_path):
    """Return the workflow `around` as a subject."""
    own = tmp_path / "project"
    shutil.copytree(folder, own)
    for name, text in {"around": AROUND, "asked": ASKED}.items():
        (own / "workflows" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return of_folder(own, "around")
