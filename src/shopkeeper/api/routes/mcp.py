"""The Model Context Protocol over HTTP ("Streamable HTTP", without streams and sessions): one message in, its answer out.

Whoever may call it has a key: a secret one, or a publishable one made for the origin that the agent names itself by.
"""

from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from shopkeeper.api.views import JSON
from shopkeeper.mcp.offered import Offered
from shopkeeper.mcp.protocol import PARSE_ERROR, Server, failure

router = APIRouter(tags=["agents (MCP)"])


_MESSAGE: dict[str, Any] = {"content": {JSON: {"schema": {"type": "object"}}}}


@router.post(
    "/mcp",
    responses={
        200: _MESSAGE,
        202: {"description": "Taken note of"},
        400: _MESSAGE | {"description": "No message of the protocol"},
        404: _MESSAGE | {"description": "There is no such method"},
    },
    openapi_extra={"requestBody": _MESSAGE | {"required": True}},
)
async def answer(request: Request) -> Response:
    """Answer a JSON-RPC message of the Model Context Protocol."""
    shop = request.app.state.shop
    server = Server(Offered(shop), name=shop.settings.shop_name)
    try:
        message: Any = orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        found = failure(PARSE_ERROR, f"not JSON: {error}")
    else:
        found = await run_in_threadpool(server.answer, message, headers=dict(request.headers))
    if found.body is None:
        return Response(status_code=found.status)
    return Response(orjson.dumps(found.body), found.status, media_type=JSON)
