"""Running the application under uvicorn, inside the program that holds the shop."""

import logging
import socket
from collections.abc import Callable

import uvicorn

from shopkeeper.api.app import create_app
from shopkeeper.face import Shop

log = logging.getLogger(__name__)


class _Server(uvicorn.Server):
    """uvicorn's server, which says when it answers."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, then say so."""
        await super().startup(sockets)
        if self.started:
            self._on_ready()


def run_server(
    shop: Shop,
    listener: socket.socket,
    *,
    on_ready: Callable[[], None],
    trusted_proxy: str = "",
    grace_s: int = 1,
) -> None:
    """Serve the shop on this socket until told to stop by SIGINT or SIGTERM.

    grace_s: seconds that requests under way may still take then. trusted_proxy: the address of a proxy that is
    believed about who asks; headers that claim it are ignored from anybody else.
    """
    config = uvicorn.Config(
        create_app(shop),
        log_config=None,
        access_log=False,  # the application writes its own, without addresses
        server_header=False,
        ws="none",
        proxy_headers=bool(trusted_proxy),
        forwarded_allow_ips=trusted_proxy or None,
        timeout_graceful_shutdown=grace_s,
    )
    _Server(config, on_ready).run(sockets=[listener])
