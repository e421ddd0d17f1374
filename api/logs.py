"""Logs: what the program says of itself on standard error, with secrets taken out."""

import importlib
import logging

_OURS = ("api", "evals", "graphs", "planner", "tools")
_QUOTING = ("mcp",)
"""Libraries that quote in their errors what servers sent; what matters of it is told by us."""
_FORMAT = "%(levelname)s %(message)s"
_DETECTORS = "planner.log.detectors"
"""Imported when the first line is written, so that a command which logs nothing starts at once."""


class MaskingFormatter(logging.Formatter):
    """Writes a line, and the trace below it, without what looks like a secret; however masking is set."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        detectors = importlib.import_module(_DETECTORS)
        return str(detectors.scrub(super().format(record), detectors.USUAL).text)


def begin(*, debug: bool = False) -> None:
    """Log errors on standard error, where nobody has arranged for logs; with `debug` all that we log.

    What libraries say below a warning stays unsaid in any case: they write out headers and bodies.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(MaskingFormatter(_FORMAT))
    logging.basicConfig(level=logging.WARNING if debug else logging.ERROR, handlers=[handler])
    for name in _QUOTING:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    for name in _OURS:
        logging.getLogger(name).setLevel(logging.DEBUG if debug else logging.NOTSET)
