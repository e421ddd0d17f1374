"""Load: a client that posts one body over and over on kept connections, in a process of its own.

Run it with `python -m bench.load URL BODY --connections 50 --seconds 3`; it prints one JSON line.
"""

import argparse
import asyncio
import json
import statistics
import time
from urllib.parse import urlsplit

CONTENT_LENGTH = b"content-length: "


async def main(url: str, body: bytes, connections: int, seconds: float) -> dict[str, float]:
    """Return requests per second and latencies in milliseconds."""
    target = urlsplit(url)
    head = f"POST {target.path} HTTP/1.1\r\nHost: {target.netloc}\r\nContent-Type: application/json\r\n"
    head += f"Prefer: wait=10\r\nContent-Length: {len(body)}\r\n\r\n"
    message = head.encode() + body
    until = time.perf_counter() + seconds
    clients = [_client(target.hostname or "", target.port or 80, message, until) for _ in range(connections)]
    began = time.perf_counter()
    taken = [each for found in await asyncio.gather(*clients) for each in found]
    whole = time.perf_counter() - began
    cut = statistics.quantiles(taken, n=100)
    return {"rate": len(taken) / whole, "p50_ms": cut[49] * 1000, "p99_ms": cut[98] * 1000}


async def _client(host: str, port: int, message: bytes, until: float) -> list[float]:
    reader, writer = await asyncio.open_connection(host, port)
    taken = []
    while (sent := time.perf_counter()) < until:
        writer.write(message)
        await _answer(reader)
        taken.append(time.perf_counter() - sent)
    writer.close()
    return taken


async def _answer(reader: asyncio.StreamReader) -> None:
    """Read one answer to its end; raise RuntimeError for anything but success."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().partition(CONTENT_LENGTH)[2].partition(b"\r\n")[0]
    body = await reader.readexactly(int(length))
    if not head.startswith(b"HTTP/1.1 20"):
        raise RuntimeError(f"{head.splitlines()[0]!r}: {body!r:.300}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("body")
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=3.0)
    told = parser.parse_args()
    print(json.dumps(asyncio.run(main(told.url, told.body.encode(), told.connections, told.seconds))))
