"""What can go wrong on the ground.

ToolError
├── CatalogInvalid      a catalogue or a service's document cannot be used
├── DocumentInvalid     a text is no YAML or JSON that can be taken
├── OperationUnknown    a name that the catalogue does not hold
├── ServiceUnknown      a name that no service of the catalogue has
├── SecretMissing       a referenced secret has no value
├── Unlisted            a service does not tell what it offers
└── ExpressionError     an expression cannot be read or evaluated
"""

from collections.abc import Sequence

from tools.problems import Problem


class ToolError(Exception):
    """Something about operations or their services is wrong."""

    code = "tool-error"


class CatalogInvalid(ToolError):
    """The catalogue cannot be used."""

    code = "catalog-invalid"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))


class DocumentInvalid(ToolError):
    """The text is no YAML or JSON that can be taken."""

    code = "document-invalid"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))


class OperationUnknown(ToolError):
    """The catalogue does not hold this operation."""

    code = "operation-unknown"

    def __init__(self, name: str, candidates: Sequence[str] = ()) -> None:
        self.name, self.candidates = name, tuple(candidates)
        hint = f"; did you mean {' or '.join(candidates)}?" if candidates else ""
        super().__init__(f"the catalogue holds no operation {name!r}{hint}")


class ServiceUnknown(ToolError):
    """No service of the catalogue has this name."""

    code = "service-unknown"

    def __init__(self, name: str, candidates: Sequence[str] = ()) -> None:
        self.name, self.candidates = name, tuple(candidates)
        hint = f"; did you mean {' or '.join(candidates)}?" if candidates else ""
        super().__init__(f"the catalogue holds no service {name!r}{hint}")


class SecretMissing(ToolError):
    """A service needs a secret that the environment does not hold."""

    code = "secret-missing"

    def __init__(self, service: str, name: str) -> None:
        self.service, self.name = service, name
        super().__init__(
            f"service {service!r} needs the secret {name!r}; set the environment variable {name}"
        )


class Unlisted(ToolError):
    """A service does not tell what it offers."""

    code = "unlisted"

    def __init__(self, service: str, why: str) -> None:
        self.service = service
        super().__init__(f"service {service!r} does not tell what it offers: {why}")


class ExpressionError(ToolError):
    """An expression cannot be read or evaluated."""

    code = "expression"

    def __init__(self, source: str, message: str) -> None:
        self.source, self.message = source, message
        super().__init__(f"{source!r}: {message}")
