"""Asking: what an MCP server says of itself now, as the text of a listing."""

import orjson

from tools.access import Service
from tools.credentials import credentials
from tools.errors import Unlisted
from tools.mcp import listing
from tools.mcp.errors import McpError
from tools.mcp.session import Session
from tools.responses import escaped
from tools.routes import Reach

_WRITING = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


async def ask(service: Service, reach: Reach) -> bytes:
    """Return the listing of a server that runs, or is started for it; raise Unlisted where it tells none."""
    seen = credentials(service, reach.secret)
    session = Session(service, reach)
    try:
        await session.opened()
        found = listing.content(await session.tools(), session.server)
    except McpError as exc:
        raise Unlisted(service.name, escaped(seen.veil_text(str(exc)))) from exc
    finally:
        await session.close()
    return orjson.dumps(seen.veil(found), option=_WRITING)
