"""An application of ours on a free port of loopback, with a session of a client."""

from typing import Self

import aiohttp
from aiohttp import web

from tocsin.web.server import start_listener


class Listening:
    """Listens while it is entered; ``listener`` and ``session`` are there then."""

    def __init__(self, app: web.Application) -> None:
        self._app = app

    async def __aenter__(self) -> Self:
        self.listener = await start_listener(self._app, "127.0.0.1:0")
        self.session = aiohttp.ClientSession(f"http://127.0.0.1:{self.listener.port}")
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.session.close()
        await self.listener.close()
