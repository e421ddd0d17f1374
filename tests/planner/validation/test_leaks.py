"""Tests of labelled values that flow where their label forbids."""

import pytest

from planner.definition import Workflow
from tests.planner.validation.conftest import TEXT, closed, operation
from tools import labels
from tools.catalog import Catalog
from tools.operations import HttpBinding

SECRET = {"type": "string", "format": "password"}
PERSONAL = {"type": "string", "x-label": "personal"}
STRANGE = {"type": "string", "x-label": "untrusted"}
PERSON = closed(name=PERSONAL, likes=TEXT)
LINK = HttpBinding(method="GET", path="/x", places={"email": "query"})


def final(made):
    return made.model_copy(update={"effect": "irreversible", "effect_source": "declared"})


@pytest.fixture
def catalog():
    found = [
        operation("vault.read", closed(), closed(token=SECRET, said=STRANGE, key_id=TEXT)),
        operation("vault.use", closed(token=TEXT), closed(id=TEXT)),
        operation("bank.pay", closed(token=SECRET), closed(id=TEXT)),
        operation("shop.note", closed(text=TEXT), closed(id=TEXT)),
        operation(
            "people.get", closed(), {"$ref": "#/$defs/P", "$defs": {"P": closed(email=PERSONAL, who=PERSON)}}
        ),
        operation("people.tell", closed(to=PERSONAL), closed(id=TEXT)),
        operation("people.find", closed(email=TEXT), closed(id=TEXT)).model_copy(update={"binding": LINK}),
        CONTRACT,
        final(operation("shop.burn", closed(text=TEXT), closed(id=TEXT))),
    ]
    return Catalog({item.name: item for item in found}, {})


CONTRACT = labels.labelled(
    operation("crm.get", closed(), closed(phone=TEXT, id=TEXT)), {"output.phone": "personal"}
)
START = "v: {call: vault.read}\np: {call: people.get}\n"


def found(check, steps, **more):
    codes = {"leaked-value", "untrusted-value"}
    return [(p.code, p.path) for p in check(START + steps, **more) if p.code in codes]


def decide(given, by="model"):
    options = "{a: {then: end}, b: {}}, otherwise: a"
    return f'd: {{decide: X?, by: {by}, given: {{g: "{given}"}}, options: {options}}}\ne: {{wait: PT1S}}'


@pytest.mark.parametrize(
    ("steps", "path"),
    [
        (decide("${v.token}"), "/steps/d/given/g"),
        (decide("${v}"), "/steps/d/given/g"),
        (decide("key ${v.token}", by="person"), "/steps/d/given/g"),
        (decide("${p.email}"), "/steps/d/given/g"),
        (decide("${p.who}"), "/steps/d/given/g"),
        ("c: {call: crm.get}\n" + decide("${c.phone}"), "/steps/d/given/g"),
        ('n: {call: shop.note, with: {text: "${v.token}"}}', "/steps/n/with/text"),
        ('n: {call: shop.note, with: {text: "to ${p.who.name}"}}', "/steps/n/with/text"),
        ('n: {call: people.find, with: {email: "${p.email}"}}', "/steps/n/with/email"),
        ('n: {fail: "No ${p.email}"}', "/steps/n/fail"),
        ('s: {set: {x: {y: "${v.token}"}}}\n' + decide("${s.x.y}"), "/steps/d/given/g"),
        ("s: {parallel: {l: {a: {call: vault.read}}}}\n" + decide("${s.l.a.token}"), "/steps/d/given/g"),
        (
            's: {foreach: "${[v.token]}", steps: {n: {call: shop.note, with: {text: "${item}"}}}}',
            "/steps/s/steps/n/with/text",
        ),
        ('n: {run: plain, with: {t: "${v.token}"}}', "/steps/n/with/t"),
        ('n: {run: labelled, with: {t: "${v.token}"}}\n' + decide("${n.back}"), "/steps/d/given/g"),
        (
            (
                "n:\n  call: vault.use\n  with: {token: x}\n"
                '  substitutes: [{call: shop.note, with: {text: "${v.token}"}}]'
            ),
            "/steps/n/substitutes/0/with/text",
        ),
    ],
)
def test_a_labelled_value_that_flows_to_who_is_not_meant_to_have_it_is_told(check, nested, steps, path):
    assert found(check, steps, workflows=nested) == [("leaked-value", path)]


@pytest.mark.parametrize(
    "steps",
    [
        decide("${v.key_id}"),
        decide("${has(v.token) ? 1 : 2}"),
        decide("${p.email}", by="person"),
        decide("${p.who.likes}"),
        'n: {call: vault.use, with: {token: "${v.token}"}}',
        'n: {call: bank.pay, with: {token: "${v.token}"}}',
        'n: {call: people.tell, with: {to: "${p.email}"}}',
        'n: {run: labelled, with: {t: "${v.token}"}}',
        's: {set: {x: "${v.token}", y: "${v.key_id}"}}\n' + decide("${s.y}"),
        decide("${v.said}"),
    ],
)
def test_what_is_not_labelled_or_goes_where_it_is_meant_to_is_right(check, nested, steps):
    assert found(check, steps, workflows=nested) == []


@pytest.fixture
def nested():
    return {
        name: Workflow.model_validate(
            {
                "workflow": name,
                "input": closed(t=schema),
                "steps": {"s": {"set": {"t": "${input.t}"}}},
                "output": {"back": "${s.t}"},
            }
        )
        for name, schema in {"plain": TEXT, "labelled": SECRET}.items()
    }


@pytest.mark.parametrize(
    ("steps", "path"),
    [
        ("n: {if: \"${v.said == 'x'}\", wait: PT1S}", "/steps/n/if"),
        ('n: {call: shop.burn, with: {text: "${v.said}"}}', "/steps/n/with/text"),
        ('n: {call: bank.pay, with: {token: "${v.said}"}}', "/steps/n/with/token"),
        (
            'n: {switch: [{when: "${size(v.said) > 2}", then: end}]}\nm: {wait: PT1S}',
            "/steps/n/switch/0/when",
        ),
    ],
)
def test_what_a_stranger_wrote_steers_nothing(check, steps, path):
    assert found(check, steps) == [("untrusted-value", path)]


def test_a_labelled_input_counts_like_an_answer_and_may_not_be_given_back(check):
    head = "input: {type: object, properties: {pin: {type: string, format: password}}}"
    head += '\noutput: {it: "${input.pin}"}'

    assert found(check, "n: {wait: PT1S}", head=head) == [("leaked-value", "/output/it")]


def test_a_loop_of_values_is_followed_once(check):
    steps = 's: {set: {n: "${has(s.n) ? s.n : v.token}"}, max_visits: 2}\n'
    steps += 't: {switch: [{when: "true", then: s}]}\n'

    assert found(check, steps + decide("${s.n}")) == [("leaked-value", "/steps/d/given/g")]
