"""The front that stands before real services in tests and demos."""

import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
import pytest

from examples.front import Front


class Echo(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.bodies.append(body)
        answer = f"{self.path} {body.decode()}".encode()
        self.send_response(201)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@pytest.fixture
def service():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.bodies = []
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def front(service):
    with Front(f"http://127.0.0.1:{service.server_address[1]}") as front:
        yield front


def post(front, path="/a?b=c", *, content="hi", timeout=5):
    return httpx.post(front.url + path, content=content, timeout=timeout, trust_env=False)


def is_a(request):
    return request.target.startswith("/a")


def test_requests_are_handed_on_and_answers_come_back_whole(front, service):
    answer = post(front, content="x" * 100_000)
    assert (answer.status_code, answer.text) == (201, "/a?b=c " + "x" * 100_000)
    assert service.bodies == [b"x" * 100_000]
    ((request, kind),) = front.requests
    assert (request.method, request.target, kind) == ("POST", "/a?b=c", "pass")


def test_a_busy_front_hands_nothing_on_and_only_where_it_was_told_to(front, service):
    front.plan(is_a, ["busy", "pass"])
    statuses = [post(front, path).status_code for path in ("/b", "/a", "/a", "/a")]
    assert statuses == [201, 503, 201, 201]
    assert len(service.bodies) == 3
    assert front.count(is_a) == 3


@pytest.mark.parametrize(("kind", "applied"), [("lost_request", 0), ("lost_answer", 1)])
def test_a_lost_call_has_no_answer_whether_it_arrived_or_not(front, service, kind, applied):
    front.plan(is_a, [kind])
    with pytest.raises(httpx.ReadTimeout):
        post(front, timeout=0.3)
    assert len(service.bodies) == applied
    assert post(front).status_code == 201


def test_a_service_that_is_gone_is_told(front, service):
    # Closing alone would leave the socket with the thread that polls it, for a moment.
    service.shutdown()
    service.server_close()
    assert post(front).status_code == 502


def test_a_taken_port_is_told_at_once(service):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"), Front("http://127.0.0.1:1", port=taken.getsockname()[1]):
            pass
