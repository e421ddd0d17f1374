"""Stories: moves of a path, told to people. Pure."""

from evals.explore.points import Move

_CALLS = {
    "rejected": "refuses",
    "unavailable": "is down",
    "timeout": "gives no answer, and did nothing",
    "timeout, applied": "gives no answer, although it did the work",
    "wrong answer": "does the work and answers wrongly",
}
_MODEL = {
    "unavailable": "is unavailable",
    "timeout": "does not answer in time",
    "invalid": "answers nothing that can be used",
    "refused": "refuses to decide",
    "unsure": "is not sure enough",
}

_TOLD = {"turn": "{0.option} goes on.", "cancel": "A person cancels the run {0.label}."}


def line(move: Move) -> str:
    """Return a move in one sentence."""
    if move.kind == "crash":
        lost = move.option.removeprefix("crash")
        return f"The process ends {move.label}{lost and f' ({lost.strip()})'}."
    if move.kind == "ask":
        return f"At {move.label} the model {_MODEL.get(move.option, f'chooses {move.option}')}."
    if move.kind == "event":
        return f"{move.label} {move.option}."
    if move.kind in _TOLD:
        return _TOLD[move.kind].format(move)
    if move.kind == "person":
        return f"{move.option[:1].upper()}{move.option[1:]}."
    which = move.option.removeprefix("ok").strip(", ")
    told = f"answers ({which})" if which else "answers"
    again = "still " if not move.faults and move.option in _CALLS else ""
    return f"{move.label} {again}{_CALLS.get(move.option, told)}."
