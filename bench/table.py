"""Table: measures as rows, each a ratio to a peer of the same run, printed and written as JSON."""

import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

Pair = tuple[float, float | None]
"""Our figure and the peer's, taken in turn."""


class Spread(NamedTuple):
    """Repeated figures."""

    low: float
    median: float
    high: float

    def __str__(self) -> str:
        """Return them as they stand in the table."""
        return " / ".join(f"{value:,.3g}" if value < 1000 else f"{value:,.0f}" for value in self)  # noqa: PLR2004


class Row(NamedTuple):
    """One measure."""

    measure: str
    unit: str
    ours: Spread
    peer: str
    theirs: Spread | None
    ratio: Spread
    target: str
    met: bool | None
    """By the median; None where there is no target."""

    def text(self) -> str:
        """Return it as a line of the table."""
        met = {True: "yes", False: "no", None: "-"}[self.met]
        cells = (
            self.measure,
            self.unit,
            self.ours,
            self.peer,
            self.theirs or "-",
            self.ratio,
            self.target,
            met,
        )
        return f"| {' | '.join(map(str, cells))} |"


HEAD = """| measure | unit | ours min / median / max | peer | peer's | ratio | target | met |
|---|---|---|---|---|---|---|---|"""


def spread(values: Sequence[float]) -> Spread:
    """Return the least, the middle and the greatest."""
    return Spread(min(values), statistics.median(values), max(values))


def row(
    measure: str,
    unit: str,
    pairs: Sequence[Pair],
    *,
    peer: str = "-",
    sense: Literal[">=", "<=", ""] = "",
    target: float | None = None,
) -> Row:
    """Return the row of figures taken pair by pair; without a peer the ratio is the figure itself."""
    ours = [mine for mine, _ in pairs]
    theirs = [other for _, other in pairs if other is not None]
    ratio = spread([mine if other is None else mine / other for mine, other in pairs])
    met = None
    if target is not None:
        met = ratio.median >= target if sense == ">=" else ratio.median <= target
    told = "-" if target is None else f"{sense} {target:g}"
    return Row(measure, unit, spread(ours), peer, spread(theirs) if theirs else None, ratio, told, met)


def write(rows: Sequence[Row], file: Path, about: dict[str, Any]) -> None:
    """Write the rows as JSON."""
    file.parent.mkdir(parents=True, exist_ok=True)
    listed = [{**each._asdict(), "ours": each.ours._asdict(), "ratio": each.ratio._asdict()} for each in rows]
    for told, each in zip(listed, rows, strict=True):
        told["theirs"] = each.theirs._asdict() if each.theirs else None
    file.write_text(json.dumps({**about, "rows": listed}, indent=2) + "\n", encoding="utf-8")
