"""Routes that are asked many times a second, answered without FastAPI.

FastAPI takes longer to find such a route and solve its parameters one by one than many a search takes. It still has
the route, to describe it in the OpenAPI document; its function takes the shop, the caller and one pydantic model of
all query parameters, so that it can be called without it too, with the query read at once:

    @router.get("/search")
    def search(shop: ShopOf, caller: CallerOf, asked: Annotated[Asked, Query()]) -> Response: ...

`Surroundings` lets a request in as any other, then asks here. What is wrong is answered as on every other route, each
error with the name of its parameter. Each route has a few threads more than there are processors: many would only
take turns, which costs a third of the answers, and routes do not wait for each other.
"""

import asyncio
import inspect
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from fastapi import APIRouter
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from shopkeeper.api.problems import validation_error
from shopkeeper.face import Shop

THREADS = (
    os.cpu_count() or 1
) + 4  # more than processors: the first suggestions wait until they are made

Function = Callable[..., Response]
Reader = Callable[[QueryParams], BaseModel]


@dataclass(frozen=True, slots=True)
class _Quick:
    """A route, what reads its query, and the threads that answer it."""

    route: APIRoute
    function: Function
    read: Reader
    threads: ThreadPoolExecutor


class QuickRoutes:
    """The routes of some routers by path. prefix: what their paths begin with."""

    def __init__(self, routers: Iterable[APIRouter], shop: Shop, *, prefix: str) -> None:
        """Raises TypeError for a route that cannot be answered here, also one within another router: it would be
        answered all the same, and slowly."""
        self._shop = shop
        self._routes: dict[str, _Quick] = {}
        for route in (route for router in routers for route in router.routes):
            if not isinstance(route, APIRoute) or route.methods != {"GET"}:
                raise TypeError(f"{route} is no route of its own that is asked by GET alone")
            threads = ThreadPoolExecutor(THREADS, thread_name_prefix=f"quick {route.path}")
            read = reader_of(route.endpoint)
            self._routes[prefix + route.path] = _Quick(route, route.endpoint, read, threads)

    def has(self, request: Request) -> bool:
        """True if a request can be answered here."""
        return request.method == "GET" and request.scope["path"] in self._routes

    async def answer(self, request: Request) -> Response:
        """The answer to a request that was let in. Raises what is wrong with it."""
        quick = self._routes[request.scope["path"]]
        request.scope["route"] = quick.route  # for the log
        asked = quick.read(request.query_params)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            quick.threads, quick.function, self._shop, request.state.caller, asked
        )

    def close(self) -> None:
        """End the threads."""
        for quick in self._routes.values():
            quick.threads.shutdown()


def reader_of(function: Function) -> Reader:
    """What makes the `asked` of a route's function of a query. It raises RequestValidationError."""
    parameters = inspect.signature(function, eval_str=True).parameters
    if list(parameters) != ["shop", "caller", "asked"]:
        raise TypeError(f"{function.__name__} must take shop, caller and asked, in this order")
    model: type[BaseModel] = get_args(parameters["asked"].annotation)[0]
    fields: Mapping[str, Any] = model.model_fields
    lists = [name for name, field in fields.items() if get_origin(field.annotation) is list]

    def read(query: QueryParams) -> BaseModel:
        values: dict[str, Any] = dict(query)  # of what is there more than once, the last
        values.update({name: query.getlist(name) for name in lists if name in values})
        try:
            return model.model_validate(values)
        except ValidationError as error:
            raise validation_error(error, "query") from error

    return read
