"""Names: those that steps may not bear, because an expression could not tell what is meant."""

from planner.definition import RESERVED
from planner.validation.sequences import Sequence
from tools.problems import Problem

# fmt: off
KEYWORDS = frozenset({
    "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop",
    "namespace", "package", "return", "var", "void", "while",
})
# fmt: on
"""Words that CEL keeps for itself."""


def problems(everything: list[Sequence]) -> list[Problem]:
    """Return a problem for each step whose name is reserved, or hides one around it."""
    found = []
    for sequence in everything:
        outer = {} if sequence.parent is None else _around(sequence.parent)
        for name in sequence.steps:
            if name in RESERVED | KEYWORDS:
                found.append(_reserved(sequence, name))
            elif name in outer:
                found.append(_hiding(sequence, name, outer[name]))
    return found


def _around(sequence: Sequence) -> dict[str, Sequence]:
    return {name: around for around in reversed(list(sequence.outward())) for name in around.steps}


def _reserved(sequence: Sequence, name: str) -> Problem:
    return Problem(
        path=sequence.at(name),
        code="reserved-name",
        message=f"A step cannot be called '{name}', which has a meaning of its own.",
        remedy=f"Call it something else, such as '{name}_step'.",
    )


def _hiding(sequence: Sequence, name: str, outer: Sequence) -> Problem:
    return Problem(
        path=sequence.at(name),
        code="hidden-name",
        message=f"Step '{sequence.full(name)}' hides '{outer.full(name)}', which stands around it.",
        remedy="Give one of them another name.",
    )
