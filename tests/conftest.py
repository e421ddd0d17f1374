"""What holds for every test: a clean environment, and no network but loopback."""

import ipaddress
import os
import socket
from pathlib import Path

import pytest

REAL = Path(__file__).resolve().parents[1].parent / "shared" / "real"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    """Drop what the caller's environment would tell the settings."""
    for name in list(os.environ):  # noqa: TID251 - the test's own cleaning
        if name.startswith(("PLANNER_", "OPENAI_")) and not name.startswith("PLANNER_TEST_"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch):
    """Refuse connections to anything but this machine."""
    connect = socket.socket.connect

    def guarded(self, address):
        if self.family in {socket.AF_INET, socket.AF_INET6} and not _is_loopback(address[0]):
            raise PermissionError(f"a test tried to reach {address[0]}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def real():
    """Return the folder of real inputs, or skip."""
    if not REAL.is_dir():
        pytest.skip("the real inputs are not beside this checkout")
    return REAL


def _is_loopback(host):
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
