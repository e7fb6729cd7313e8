"""The HTTP face as one ASGI application: JSON under /v1, the storefront at /, the console at /console."""

import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache, partial
from typing import Any
from urllib.parse import quote

import psycopg
from anyio import to_thread
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from psycopg_pool import PoolTimeout
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from shopkeeper import __version__
from shopkeeper.api import chatting, gateway
from shopkeeper.api.gateway import Desk, openai_answer, speaks_openai
from shopkeeper.api.guard import API, LOGIN, Guard, SignInNeeded
from shopkeeper.api.keys import KeyRing
from shopkeeper.api.middleware import Surroundings
from shopkeeper.api.problems import (
    MEDIA_TYPE,
    Problem,
    headers_of,
    log_if_unexpected,
    problem_of,
)
from shopkeeper.api.quick import QuickRoutes
from shopkeeper.api.routes import (
    events,
    inbox,
    learning,
    mcp,
    merchandising,
    people,
    policy,
    products,
    recommend,
    recommendations,
    search,
    support,
    system,
    teaching,
    texts,
    transfer,
    ucp,
)
from shopkeeper.api.session import Sessions
from shopkeeper.api.watching import Watcher
from shopkeeper.errors import ShopkeeperError
from shopkeeper.face import Shop
from shopkeeper.jobs import meaning, recommending
from shopkeeper.jobs.tasks import shop_tasks
from shopkeeper.pages import problem_page, static

log = logging.getLogger(__name__)

_PROBLEMS = {
    code: {"description": text, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    for code, text in (("4XX", "What was asked cannot be done"), ("5XX", "The shop cannot do it now"))
}  # fmt: skip
_DESCRIPTION = """
Everything that a shop can be asked over HTTP. Send a key as `Authorization: Bearer sk_live_…`; publishable keys
(`pk_live_…`) read the catalogue, search and post events from the pages they are bound to. Every error is
`application/problem+json` with a stable `code`. Writes with PUT and POST are idempotent: send them again when in doubt.
"""


def create_app(shop: Shop) -> FastAPI:
    """The application that serves this shop. Its lifespan starts and stops the background work."""
    app = _application(*_api(), *_pages())
    app.state.shop = shop
    static.use_fetched(shop.settings.cache_folder)
    app.state.downloads = threading.BoundedSemaphore(transfer.MAX_DOWNLOADS)
    app.state.quick = QuickRoutes((search.router, recommend.router), shop, prefix=API)
    app.state.gateway = Desk(shop)
    app.state.watcher = Watcher(partial(chatting.newest, shop))
    app.state.inbox_watcher = Watcher(lambda _: {"inbox": shop.inbox.version()})
    app.state.guard = Guard(
        KeyRing(shop.database),
        Sessions.of_folder(shop.settings.data_folder),
        demo=shop.demo,
        requests_per_second=shop.settings.requests_per_second,
    )
    for kind in (
        ShopkeeperError,
        RequestValidationError,
        HTTPException,
        psycopg.Error,
        PoolTimeout,
    ):
        app.add_exception_handler(kind, _answer_later)
    app.add_middleware(
        Surroundings,
        guard=app.state.guard,
        answer=answer,
        max_upload_bytes=shop.settings.max_upload_mb * 10**6,
        quick=app.state.quick,
    )
    return app


def openapi_schema() -> dict[str, Any]:
    """What the API can be asked, as OpenAPI 3.1; needs no shop."""
    return _application(*_api()).openapi()


def _application(*routes: BaseRoute) -> FastAPI:
    app = FastAPI(
        routes=list(routes),
        title="Shopkeeper",
        description=_DESCRIPTION,
        version=__version__,
        openapi_url=f"{API}/openapi.json",
        docs_url=None,  # FastAPI's pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
    )
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


# Routes know nothing of a shop. Applications share them, since to make out of them what a request is asked for takes
# FastAPI longer than all else about an application.
@cache
def _api() -> tuple[BaseRoute, ...]:
    """What programs ask."""
    router = APIRouter()
    router.include_router(system.health_router, responses=_PROBLEMS)  # type: ignore[arg-type]  # str is a key too
    for part in (
        products, search, recommend, recommendations, learning, merchandising, people, texts, events, support, inbox, teaching, policy, ucp, mcp, transfer, system, gateway,
    ):  # fmt: skip
        router.include_router(part.router, prefix=API, responses=_PROBLEMS)  # type: ignore[arg-type]
    # The storefront's own pages speak with customer service without a key.
    router.include_router(support.chat, prefix=support.AT_THE_STOREFRONT, include_in_schema=False)
    return tuple(router.routes)


@cache
def _pages() -> tuple[BaseRoute, ...]:
    """What people look at."""
    # Imported here, since the console's pages are built on keys and sessions of this package.
    from shopkeeper import console, pages, storefront

    router = APIRouter()
    for face in (pages, storefront, console):
        router.include_router(face.router)
    return tuple(router.routes)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    shop: Shop = app.state.shop
    # As many threads as there are connections, and some that need none: more would only wait for each other.
    to_thread.current_default_thread_limiter().total_tokens = shop.settings.pool_size + 8
    await run_in_threadpool(shop.search.start)
    await run_in_threadpool(shop.recommend.start)
    tasks = shop_tasks(shop.database, shop.settings, lambda: shop.search, lambda: shop.models)
    # With the embedded server only one program serves a data folder, so no other can be running its jobs.
    chores = [
        partial(due, shop.jobs, shop.database, shop.settings)
        for due in (recommending.train_if_due, recommending.forget_if_due)
    ]
    shop.jobs.start(tasks, alone=shop.settings.database_url is None, chores=chores)
    await run_in_threadpool(meaning.begin, shop.jobs, shop.database, shop.settings)
    yield
    await run_in_threadpool(shop.jobs.close)
    await run_in_threadpool(app.state.quick.close)


async def _answer_later(request: Request, error: Exception) -> Response:
    return answer(request, error)


def answer(request: Request, error: Exception) -> Response:
    """What is sent for an exception: JSON to programs, a page to people."""
    if isinstance(error, SignInNeeded) and request.method in ("GET", "HEAD"):
        return _to_sign_in(request)
    request_id = getattr(request.state, "request_id", "")
    log_if_unexpected(error, request_id)
    path = request.url.path
    problem = problem_of(error, path=path, request_id=request_id)
    if speaks_openai(path):
        return openai_answer(problem, headers_of(error))
    if not _wants_page(request):
        return problem.response(headers_of(error))
    return problem_page(request, problem.model_dump(), headers=headers_of(error))


def _wants_page(request: Request) -> bool:
    """True for a browser that asks for a page; programs and everything under /v1 get JSON."""
    inside_api = request.url.path == API or request.url.path.startswith(API + "/")
    return not inside_api and "text/html" in request.headers.get("accept", "")


def _to_sign_in(request: Request) -> Response:
    """Where to sign in, and to come back from. htmx follows no redirect of a part of a page, but this header."""
    target = f"{LOGIN}?next={quote(request.url.path)}"
    if "hx-request" in request.headers:
        return Response(status_code=401, headers={"hx-redirect": LOGIN})
    return RedirectResponse(target, status_code=303)


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=list(app.routes),
        )
        parts = schema["components"]
        parts["schemas"]["Problem"] = Problem.model_json_schema(
            ref_template="#/components/schemas/{model}"
        )
        parts["schemas"] |= parts["schemas"]["Problem"].pop("$defs")
        parts["securitySchemes"] = {
            "key": {"type": "http", "scheme": "bearer", "description": "sk_live_… or pk_live_…"}
        }
        for path, operations in schema["paths"].items():
            for operation in operations.values():
                operation["security"] = [{"key": []}] if path.startswith(API) else []
        app.openapi_schema = schema
    return app.openapi_schema
