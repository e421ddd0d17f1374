"""Channels: connections to gRPC services, begun anew after one that failed."""

from pathlib import Path
from urllib.parse import urlsplit

import grpc
from grpc import ChannelConnectivity, aio

from tools.access import Service
from tools.requests import Unbuildable

_READY, _FAILED = ChannelConnectivity.READY, ChannelConnectivity.TRANSIENT_FAILURE
_CLOSED = ChannelConnectivity.SHUTDOWN


class Unreached(Exception):
    """No connection could be made."""


class Channels:
    """The way to one service: a connection, opened when first needed and replaced once it cannot be made."""

    def __init__(self, service: Service, most_bytes: int) -> None:
        self.target, self._is_safe = _target(service)
        self._verify, self._name, self._most_bytes = service.verify, service.name, most_bytes
        self._open: aio.Channel | None = None

    async def ready(self) -> aio.Channel:
        """Return a channel over which bytes can leave now; raise Unreached where none can."""
        channel = self._open = self._open or self._opened()
        state = channel.get_state(try_to_connect=True)
        while state is not _READY:
            if state in {_FAILED, _CLOSED}:
                self.forget(channel)
                raise Unreached
            await channel.wait_for_state_change(state)
            state = channel.get_state(try_to_connect=True)
        return channel

    def forget(self, channel: aio.Channel) -> None:
        """Let the next call connect anew, so that it finds out by itself whether anybody is there.

        Calls that are under way go on: a channel closes once nobody holds it.
        """
        if self._open is channel:
            self._open = None

    async def close(self) -> None:
        """Close the connection; a later call opens another."""
        channel, self._open = self._open, None
        if channel is not None:
            await channel.close()

    def _opened(self) -> aio.Channel:
        options: tuple[tuple[str, int | str], ...] = (
            ("grpc.enable_retries", 0),  # the engine alone repeats
            ("grpc.enable_http_proxy", 0),
            ("grpc.service_config_disable_resolution", 1),
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.max_receive_message_length", self._most_bytes),
            ("grpc.max_send_message_length", -1),
            ("grpc.primary_user_agent", "workflow-planner"),
        )
        if not self._is_safe:
            return aio.insecure_channel(self.target, options=options)
        return aio.secure_channel(self.target, self._trust(), options=options)

    def _trust(self) -> grpc.ChannelCredentials:
        if self._verify is False:
            raise Unbuildable(
                f"service {self._name!r}: gRPC cannot leave certificates unchecked; remove `verify`"
            )
        if self._verify is True:
            return grpc.ssl_channel_credentials()
        try:
            return grpc.ssl_channel_credentials(Path(self._verify).read_bytes())
        except OSError as exc:
            raise Unbuildable(
                f"service {self._name!r} names authorities that cannot be read: {exc}"
            ) from None


def _target(service: Service) -> tuple[str, bool]:
    """Return the host with its port, and whether TLS is spoken; raise Unbuildable where there is none."""
    if service.base_url is None:
        raise Unbuildable(f"service {service.name!r} has no address; give it a `base_url`")
    parts = urlsplit(service.base_url)
    if parts.path.strip("/"):
        raise Unbuildable(
            f"service {service.name!r}: an address of gRPC has no path, and {parts.path!r} is one"
        )
    is_safe = parts.scheme == "https"
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"dns:///{host}:{parts.port or (443 if is_safe else 80)}", is_safe
