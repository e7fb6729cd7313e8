"""Running the application under uvicorn, inside the program that holds the shop."""

import gc
import logging
import socket
import threading
from collections.abc import Callable

import uvicorn

from shopkeeper.api.app import create_app
from shopkeeper.api.protocol import Protocol
from shopkeeper.face import Shop

log = logging.getLogger(__name__)

YOUNG = 20_000  # objects made before the collector looks at the youngest


class _Server(uvicorn.Server):
    """uvicorn's server, which says when it answers, and when it begins to stop."""

    def __init__(
        self, config: uvicorn.Config, on_ready: Callable[[], None], on_stop: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._on_stop = on_stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, then say so."""
        await super().startup(sockets)
        _leave_to_stay()
        if self.started:
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Say so, then stop: what is told ends requests under way in time for an answer."""
        threading.Thread(target=self._on_stop, name="stopping").start()
        await super().shutdown(sockets)


def _leave_to_stay() -> None:
    """Keep the garbage collector from looking through the whole catalogue again and again.

    An answer over thousands of hits makes so many small objects that a full collection comes often, and each would
    visit what was loaded at the start, a tenth of a second for 50,000 products; what is there now stays anyway.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 100)


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
    app = create_app(shop)

    def on_stop() -> None:
        app.state.watcher.stop()
        shop.close_models()

    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,  # the application writes its own, without addresses
        server_header=False,
        http=Protocol,
        ws="none",
        proxy_headers=bool(trusted_proxy),
        forwarded_allow_ips=trusted_proxy or None,
        timeout_graceful_shutdown=grace_s,
    )
    _Server(config, on_ready, on_stop).run(sockets=[listener])
