"""The webhook receiver without durability: aiohttp reads the body, optionally checks its syntax, and responds 202."""

from __future__ import annotations

import sys

import msgspec
from aiohttp import web

_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])


async def take(request: web.Request) -> web.Response:
    """Read the whole body and discard it."""
    await request.read()
    return web.Response(status=202)


async def check(request: web.Request) -> web.Response:
    """Read the whole body, a JSON array, check its syntax and discard it."""
    _ARRAY.decode(await request.read())
    return web.Response(status=202)


async def ready(request: web.Request) -> web.Response:
    """Respond to readiness checks."""
    del request
    return web.Response()


def main(port: int) -> None:
    """Serve until terminated."""
    app = web.Application(client_max_size=64 << 20)
    app.router.add_post("/v1/ingest/litellm", take)
    app.router.add_post("/v1/checked", check)
    app.router.add_get("/-/ready", ready)
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


if __name__ == "__main__":
    main(int(sys.argv[1]))
