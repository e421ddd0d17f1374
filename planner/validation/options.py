"""Options: what a decision may choose, what follows, and what is taken when nobody chooses."""

from collections.abc import Iterator

from planner.definition import Call, Decide
from planner.validation.candidates import listed, meant, near
from planner.validation.sequences import Sequence, chosen
from tools.problems import Problem


def problems(everything: list[Sequence]) -> list[Problem]:
    """Return what is wrong with decisions and recoveries by themselves."""
    return [
        problem
        for sequence in everything
        for name, step in sequence.sound()
        for problem in _of_step(sequence, name, step)
    ]


def _of_step(sequence: Sequence, name: str, step: object) -> Iterator[Problem]:
    if isinstance(step, Decide):
        yield from _otherwise(sequence.at(name), name, step)
        yield from _behind(sequence.at(name), step)
    elif isinstance(step, Call):
        yield from _recovery(sequence.at(name), name, step)


def _otherwise(pointer: str, name: str, step: Decide) -> Iterator[Problem]:
    if step.otherwise is None:
        if not _always_decided(step):
            yield Problem(
                path=pointer,
                code="missing-otherwise",
                message=f"Decision '{name}' does not say what to do when nobody gives a usable answer.",
                remedy=f"Add `otherwise` with an option that has no guard: {_free(step)}.",
            )
        return
    option = step.options.get(step.otherwise)
    if option is None:
        yield Problem(
            path=f"{pointer}/otherwise",
            code="unknown-option",
            message=f"Decision '{name}' has no option '{step.otherwise}'.",
            remedy=meant(step.otherwise, list(step.options), what="options"),
        )
    elif option.when is not None:
        yield Problem(
            path=f"{pointer}/otherwise",
            code="otherwise-guarded",
            message=f"Option '{step.otherwise}' has a guard, so it may not be there as `otherwise`.",
            remedy=f"Name an option without `when`: {_free(step)}.",
        )


def _always_decided(step: Decide) -> bool:
    """Tell whether an option is taken whatever happens, without `otherwise`."""
    free = [option for option in step.options.values() if option.when is None]
    return bool(free) and (step.by == "rule" or len(step.options) == 1)


def _free(step: Decide) -> str:
    return listed(key for key, option in step.options.items() if option.when is None) or "there is none yet"


def _behind(pointer: str, step: Decide) -> Iterator[Problem]:
    """Yield the options of a rule that stand behind one that always applies."""
    if step.by != "rule":
        return
    names = list(step.options)
    first = next((name for name in names if step.options[name].when is None), None)
    dead = [] if first is None else names[names.index(first) + 1 :]
    for name in dead:
        if name != step.otherwise:
            yield Problem(
                path=f"{pointer}/options/{name}",
                code="unreachable-option",
                message=f"A rule takes the first option that applies; '{first}' before '{name}' always does.",
                remedy=f"Give '{first}' a guard, or put it last.",
            )


def _recovery(pointer: str, name: str, step: Call) -> Iterator[Problem]:
    recover = step.recover
    if recover is None:
        return
    allowed = recover.allow
    if allowed is not None and recover.otherwise not in allowed:
        told = "" if "otherwise" in recover.model_fields_set else ", which is meant unless told,"
        yield Problem(
            path=f"{pointer}/recover/otherwise" if not told else f"{pointer}/recover",
            code="otherwise-not-allowed",
            message=f"`otherwise` is '{recover.otherwise}'{told} and `allow` does not hold it.",
            remedy=f"Take one of {listed(allowed)}." if allowed else "Let `allow` name at least one action.",
        )
    wanted = {recover.otherwise, *(allowed or ())}
    if "skip" in wanted and not step.optional:
        yield Problem(
            path=f"{pointer}/recover",
            code="skip-not-optional",
            message=f"Recovery of '{name}' may skip the step, which is not optional.",
            remedy="Set `optional: true`, or take `skip` out.",
        )
    if "substitute" in wanted and not step.substitutes:
        yield Problem(
            path=f"{pointer}/recover",
            code="no-substitutes",
            message=f"Recovery of '{name}' may take a substitute, and there is none.",
            remedy="Name one in `substitutes`, or take `substitute` out.",
        )


def pointless(everything: list[Sequence], touched: set[str], suspects: set[str]) -> list[Problem]:
    """Return the decisions whose outcome changes nothing.

    Args:
        everything: the workflow's sequences.
        touched: dotted paths that expressions read.
        suspects: names that a misspelt reference may have meant.
    """
    return [
        Problem(
            path=sequence.at(name, "options"),
            code="no-consequence",
            message=f"Whatever '{name}' chooses, the flow goes to '{next(iter(chosen(sequence, name)))}',"
            f" and nothing reads '{sequence.full(name)}.choice'.",
            remedy="Let options lead to different steps, or read the choice somewhere.",
        )
        for sequence in everything
        for name, step in sequence.sound()
        if isinstance(step, Decide)
        and len(step.options) > 1
        and len(chosen(sequence, name)) == 1
        and name not in suspects
        and not _read(sequence, name, touched)
    ]


def _read(sequence: Sequence, name: str, touched: set[str]) -> bool:
    """Tell whether anything reads the choice, or a mapping around it, or meant to."""
    full = sequence.full(name)
    beside = {
        path.removeprefix(f"{full}.").partition(".")[0] for path in touched if path.startswith(f"{full}.")
    }
    whole = any(full == path or full.startswith(f"{path}.") for path in touched)
    return whole or bool(near("choice", beside))
