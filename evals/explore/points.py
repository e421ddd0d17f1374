"""Points: where a path could go on in more than one way, and which way it took."""

from typing import Any, Literal, NamedTuple

Kind = Literal["call", "ask", "person", "event", "turn", "crash", "cancel"]


class Option(NamedTuple):
    """One way to go on; the first option of a point is benign."""

    name: str
    faults: int = 0
    """What it takes from the bound; 0 where nothing goes wrong."""
    value: Any = None
    """What it means to the one who asked."""
    lasts: bool = False
    """Whether the fault may go on at no further cost, as an outage does."""


class Point(NamedTuple):
    """Something that the run does not decide."""

    kind: Kind
    label: str
    """Who is asked: an operation, a decision point, a person."""
    options: tuple[Option, ...]

    @property
    def shown(self) -> str:
        """The point in words."""
        return f"{self.kind} {self.label} ({', '.join(option.name for option in self.options)})"

    def named(self, name: str) -> int:
        """Return the place of an option.

        Raises:
            KeyError: there is none of this name.
        """
        for place, option in enumerate(self.options):
            if option.name == name:
                return place
        raise KeyError(name)


class Move(NamedTuple):
    """A point and the option that was taken."""

    kind: Kind
    label: str
    option: str
    faults: int = 0


class Crash(NamedTuple):
    """The process ends beside an entry of the journal."""

    kind: str
    path: str
    visit: int
    attempt: int
    lost: int
    """How many entries are lost with it, counted back from this one; with 0 this one is kept."""

    @property
    def label(self) -> str:
        """The place in words."""
        where = "after" if self.lost == 0 else "before"
        again = "".join(
            f" {name} {n}" for name, n in (("visit", self.visit), ("attempt", self.attempt)) if n > 1
        )
        return f"{where} the {self.kind} of {self.path}{again}"

    @property
    def move(self) -> Move:
        """The crash as a move."""
        name = "crash" if self.lost < 2 else f"crash that loses {self.lost} entries"  # noqa: PLR2004 - more than one
        return Move("crash", self.label, name, 1)


class Cancel(NamedTuple):
    """A person cancels the run once an entry of the journal is kept."""

    kind: str
    path: str
    visit: int
    attempt: int

    @property
    def label(self) -> str:
        """The place in words."""
        return (
            Crash(self.kind, self.path, self.visit, self.attempt, 0).label
            if self.path
            else "once it has begun"
        )

    @property
    def move(self) -> Move:
        """The cancelling as a move."""
        return Move("cancel", self.label, "cancelled", 1)


Beside = Crash | Cancel
"""What may happen beside an entry of the journal."""


class Halted(Exception):
    """The search has seen enough of this path."""


class Crashed(Exception):
    """The process ends here."""


class Unlike(Exception):
    """A path that is walked again comes to another point than before."""
