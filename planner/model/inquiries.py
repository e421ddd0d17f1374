"""Inquiries: what is asked about a question, in the words of whichever endpoint is asked. Pure."""

from collections.abc import Mapping

from planner.decisions import Backend, Brief, Question, ids
from planner.model import answers, forms, probabilities, prompts, verdicts
from planner.model.answers import Choice, Envelope
from planner.model.requests import Ask

UNCOUNTABLE = "options_uncountable"
"""The anomaly of more or fewer options than a decisions endpoint takes."""


def unaskable(question: Question, backend: Backend) -> str | None:
    """Return, as an anomaly, why a question cannot be asked at all, or None where it can."""
    shown = ids(question.shown)
    if not shown:
        return "nothing_offered"
    if len(set(shown)) < len(shown):
        return "options_repeated"
    if backend == "decisions" and not verdicts.FEWEST <= len(shown) <= verdicts.MOST:
        return UNCOUNTABLE
    return None


def choosing(question: Question, backend: Backend, *, logprobs: bool = False) -> Ask:
    """Return how to ask for one of the available options."""
    if backend == "decisions":
        return _weighing(question)
    shown = ids(question.shown)
    if logprobs and len(shown) <= len(prompts.LABELS):
        return _labelled(question)
    prompt = prompts.choose(question)
    return Ask(
        "choose",
        prompt,
        prompts.choice_schema(sorted(ids(question.options)) if prompts.is_long(prompt) else shown),
        strict=True,
        read=lambda content, _: answers.read_choice(content, shown),
    )


def filling(brief: Brief) -> Ask:
    """Return how to ask for the values that a goal tells, or for a part of its plan."""
    form = forms.form(brief.schema)
    asked = forms.fields(brief.schema)
    return Ask(
        "fill",
        prompts.fill(brief._replace(schema=form.schema)),
        form.schema,
        strict=form.strict,
        read=lambda content, _: answers.read_form(content, asked),
    )


def _weighing(question: Question) -> Ask:
    prompt = prompts.weigh(question)
    asked = {
        "type": "choice",
        "name": verdicts.QUESTION,
        "instructions": prompt.instructions,
        "choices": [
            {"value": option.id, "description": prompts.one_line(option.means)}
            if option.means
            else {"value": option.id}
            for option in question.shown
        ],
    }
    shown = ids(question.shown)
    return Ask(
        "choose",
        prompt,
        asked,
        strict=True,
        read=lambda content, _: verdicts.read(content, shown),
        backend="decisions",
    )


def _labelled(question: Question) -> Ask:
    shown = ids(question.shown)
    labels = dict(zip(shown, prompts.LABELS, strict=False))
    prompt = prompts.choose(question, labelled=True)
    declared = prompts.LABELS[: len(question.options)] if prompts.is_long(prompt) else labels.values()
    return Ask(
        "choose",
        prompt,
        prompts.choice_schema(list(declared), choice_first=True),
        strict=True,
        read=lambda content, envelope: _read_label(content, envelope, labels),
        logprobs=True,
    )


def _read_label(content: str, envelope: Envelope, labels: Mapping[str, str]) -> Choice:
    named = answers.read_choice(content, tuple(labels.values()))
    choice = next(option for option, label in labels.items() if label == named.choice)
    found = probabilities.of_labels(envelope.logprobs, content, tuple(labels.values()))
    if found is None:
        return named._replace(choice=choice, anomalies=(*named.anomalies, "logprobs_unusable"))
    # The model's own word was not asked for its worth, so it need not be missed.
    odd = tuple(each for each in named.anomalies if not each.startswith("confidence_"))
    told = probabilities.by_id(labels, found)
    return Choice(choice, named.reason, float(found[named.choice]), odd, "logprobs", told)
