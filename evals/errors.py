"""What can go wrong in evals.

EvalError
├── SuiteInvalid        case files cannot be used; holds every problem
├── ProjectMissing      no folder with a catalogue stands above a case file
├── ScriptUnmatched     the run asked for something that the case has no answer to
├── RequestUnserved     a request that no served case could ever answer
├── AnswerImpossible    a scripted answer could not come from whom it pretends to come from
├── LimitReached        a case went past one of its limits
├── ReplayDiffers       running the journal once more gave something else
├── Stuck               nothing is left that could move the run, and it has not ended
├── ExtraMissing        a verb needs an extra that is not installed
├── CaseStale           what was written down cannot tell what a case expects now
├── InvariantUnknown    the explorer knows no invariant of this name
├── AddressTaken        cases cannot be served at an address
├── LiveRefused         a model cannot be asked for real, or not within a cap
└── BudgetSpent         asking the model has cost what it may cost
"""

from collections.abc import Sequence

from tools.problems import Problem


class EvalError(Exception):
    """A case cannot be judged."""

    code = "eval-error"


class SuiteInvalid(EvalError):
    """Case files cannot be used."""

    code = "suite-invalid"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        super().__init__(f"{count} problem{'s' if count != 1 else ''}: " + "; ".join(map(str, self.problems)))


class ProjectMissing(EvalError):
    """No project stands around a case file."""

    code = "project-missing"

    def __init__(self, where: str) -> None:
        super().__init__(f"no folder at or above {where} holds a catalog.yaml; name it with --project")


class ExtraMissing(EvalError):
    """Something is needed that is installed only on demand."""

    code = "extra-missing"


class ScriptUnmatched(EvalError):
    """The run asked for something that the case has no answer to."""

    code = "script-unmatched"


class RequestUnserved(EvalError):
    """A request reached a served case that nothing of it could ever answer."""

    code = "request-unserved"


class AnswerImpossible(EvalError):
    """A scripted answer could not come from whom it pretends to come from."""

    code = "answer-impossible"


class CaseStale(EvalError):
    """What was written down cannot tell what the case expects now."""

    code = "case-stale"


class LimitReached(EvalError):
    """The case went past one of its limits."""

    code = "limit-reached"

    def __init__(self, name: str, limit: int, unit: str) -> None:
        super().__init__(f"the limit of {limit} {unit} is reached; raise `limits.{name}` if that is meant")


class ReplayDiffers(EvalError):
    """Running the journal once more gave something else."""

    code = "replay-differs"


class Stuck(EvalError):
    """Nothing is left that could move the run."""

    code = "stuck"


class InvariantUnknown(EvalError):
    """No invariant has this name."""

    code = "invariant-unknown"


class AddressTaken(EvalError):
    """An address cannot be bound."""

    code = "address-taken"


class LiveRefused(EvalError):
    """A model cannot be asked for real, or not within a cap."""

    code = "live-refused"


class BudgetSpent(EvalError):
    """Asking the model has cost what it may cost."""

    code = "budget-spent"
