"""References: what `$ref` names in a service's document, in the document itself or in files beside it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from referencing import Registry, Resource
from referencing.exceptions import NoSuchResource, Unresolvable

from tools import yaml
from tools.errors import DocumentInvalid
from tools.problems import Problem

DOCUMENT_LIMITS = yaml.Limits(characters=32_000_000, depth=200, nodes=4_000_000)
_LONGEST_CHAIN = 50


class Located(NamedTuple):
    """A value of a document, with where it stands."""

    value: Any
    base: str
    """Address of the file that holds it; empty for the document itself."""
    path: str
    """JSON pointer to it in that file."""

    def child(self, *names: str | int) -> "Located":
        """Return what stands below; None as its value where there is nothing."""
        value, path = self.value, self.path
        for name in names:
            value = value.get(name) if isinstance(value, Mapping) else _item(value, name)
            path += f"/{str(name).replace('~', '~0').replace('/', '~1')}"
        return Located(value, self.base, path)


class Broken(Exception):
    """A reference that names nothing; carries its problem."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


class References:
    """Follows references; files are read only below `folder`, and nothing from the network."""

    def __init__(self, document: Mapping[str, Any], *, folder: Path | None = None) -> None:
        root = folder.resolve() if folder is not None else None
        self._base = f"{root.as_uri()}/" if root is not None else ""
        # The library's classes are made by attrs, whose arguments mypy cannot see here.
        registry: Registry[Any] = Registry(retrieve=_reader(root))  # type: ignore[call-arg]
        self._registry = registry.with_resource(self._base, Resource.opaque(document))
        self.root = Located(document, self._base, "")

    def follow(self, located: Located) -> Located:
        """Return the value behind any chain of references; raise Broken where it ends in nothing."""
        for _ in range(_LONGEST_CHAIN):
            if not isinstance(located.value, Mapping) or not isinstance(located.value.get("$ref"), str):
                return located
            located = self.target(located, located.value["$ref"])
        raise Broken(_problem(located, "The references go round in a circle."))

    def target(self, located: Located, reference: str) -> Located:
        """Return what one reference, standing in `located`, names; raise Broken where it names nothing."""
        try:
            found = self._registry.resolver(located.base).lookup(reference)
        except (Unresolvable, DocumentInvalid, OSError, LookupError, TypeError, ValueError) as exc:
            cause = exc.__cause__ or exc
            detail = f" ({cause})" if isinstance(cause, (DocumentInvalid, OSError)) else ""
            raise Broken(_problem(located, f"The reference {reference!r} names nothing{detail}.")) from exc
        address, fragment = urldefrag(urljoin(located.base, reference))
        return Located(found.contents, address, unquote(fragment))


def _item(value: Any, name: str | int) -> Any:
    if isinstance(value, list) and isinstance(name, int) and name < len(value):
        return value[name]
    return None


def _problem(located: Located, message: str) -> Problem:
    return Problem(
        path=located.path,
        code="unknown-reference",
        message=message,
        remedy="Name something that the document or a file beside it holds.",
    )


def _reader(root: Path | None) -> Callable[[str], Resource[Any]]:
    def read(address: str) -> Resource[Any]:
        parts = urlsplit(address)
        path = Path(unquote(parts.path)).resolve()
        if root is None or parts.scheme != "file" or not path.is_relative_to(root):
            raise NoSuchResource(address)
        text = path.read_text(encoding="utf-8")
        return Resource.opaque(yaml.load(text, file=path.name, limits=DOCUMENT_LIMITS).data)

    return read
