"""An MCP server over standard input and output that behaves as badly as told, with books of its calls."""

import json
import os
import sys
import time
from pathlib import Path

ENVIRONMENT = dict(os.environ)  # noqa: TID251 - what this program was started with
TEXT = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
TOOLS = [
    {"name": "say", "inputSchema": TEXT, "annotations": {"readOnlyHint": True}, "description": "Say it."},
    {"name": "add-line", "inputSchema": TEXT, "outputSchema": TEXT},
]


def result(name, arguments):
    """Return what a tool answers; some never do."""
    text = arguments.get("text", "")
    if name == "die":
        os._exit(3)
    if name == "hang":
        time.sleep(600)
    if name == "fail":
        return {"content": [{"type": "text", "text": f"no: {text}"}], "isError": True}
    if name == "add-line":
        return {"content": [], "structuredContent": {"text": text}}
    if name == "untyped":
        return {"content": [], "structuredContent": {"text": 7}}
    if name == "garble":
        return {"content": "none"}
    if name == "env":
        return {"content": [{"type": "text", "text": json.dumps(ENVIRONMENT)}]}
    return {"content": [{"type": "text", "text": f"said {text}"}]}


def page(number):
    """Return a page of the list of tools; one unless told."""
    pages = int(ENVIRONMENT.get("PAGES", 1))
    more = {"nextCursor": str(number + 1)} if number + 1 < pages else {}
    return {"tools": TOOLS if number == 0 else [], **more}


def answer(message):
    """Return the answer to one request."""
    method, params = message["method"], message.get("params", {})
    if method == "initialize":
        info = {"name": "badly", "version": "1.2.3"}
        return {
            "result": {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": info}
        }
    if method == "tools/list":
        return {"result": page(int(params.get("cursor", 0)))}
    if method == "tools/call" and params["name"] == "refuse":
        return {"error": {"code": -32602, "message": "not like that"}}
    if method == "tools/call" and params["name"] != "gone":
        return {"result": result(params["name"], params.get("arguments", {}))}
    return {"error": {"code": -32601, "message": f"there is no {method}"}}


def main():
    """Serve until the input ends, writing down each call before it is answered."""
    sys.stderr.write(f"begun with {ENVIRONMENT.get('TOKEN', 'nothing')}\n")
    sys.stderr.flush()
    if "REFUSE" in ENVIRONMENT:
        sys.exit(7)
    for line in sys.stdin:
        message = json.loads(line)
        if message["method"] == "tools/call" and "BOOKS" in ENVIRONMENT:
            with Path(ENVIRONMENT["BOOKS"]).open("a", encoding="utf-8") as books:
                books.write(json.dumps([os.getpid(), message["params"]["name"]]) + "\n")
        if "id" in message:
            told = {"jsonrpc": "2.0", "id": message["id"], **answer(message)}
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()


main()
