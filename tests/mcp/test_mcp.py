"""The door for agents of others: the protocol to the letter, and the same rules behind it as everywhere."""

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from shopkeeper.face import Shop
from shopkeeper.mcp import Server
from shopkeeper.mcp.offered import Offered
from shopkeeper.mcp.protocol import STATELESS, WITH_HANDSHAKE
from shopkeeper.mcp.stdio import MAX_LINE, serve
from shopkeeper.settings import Settings
from shopkeeper.shop import orders
from shopkeeper.shop.database import Database
from tests.support.conftest import fill

META = {
    "io.modelcontextprotocol/protocolVersion": STATELESS,
    "io.modelcontextprotocol/clientCapabilities": {},
}


@pytest.fixture
def shop(db: Database, settings: Settings) -> Iterator[Shop]:
    fill(db)
    opened = Shop(settings, db)
    yield opened
    opened.stop()


@pytest.fixture
def door(shop: Shop) -> Server:
    return Server(Offered(shop), name="Linden")


def ask(door: Server, method: str, **params: Any) -> Any:
    """The result of a request, or its error."""
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    body = door.answer(message).body
    assert body is not None and body["id"] == 1
    return body.get("result", body.get("error"))


Call = Callable[..., Any]


@pytest.fixture
def call(door: Server) -> Call:
    """Calls a tool; gives its data, or the text of its error."""

    def run(tool: str, **arguments: Any) -> Any:
        found = ask(door, "tools/call", name=tool, arguments=arguments)
        return found["content"][0]["text"] if found["isError"] else found["structuredContent"]

    return run


def test_the_handshake_agrees_on_the_version_asked_for_or_names_its_own(door: Server) -> None:
    for asked in WITH_HANDSHAKE:
        agreed = ask(door, "initialize", protocolVersion=asked, capabilities={}, clientInfo={})
        assert agreed["protocolVersion"] == asked
    older = ask(door, "initialize", protocolVersion="1999-01-01", capabilities={})
    assert older["protocolVersion"] == WITH_HANDSHAKE[0]
    assert older["capabilities"] == {"tools": {}} and older["serverInfo"]["title"] == "Linden"
    assert ask(door, "ping") == {}


def test_without_sessions_each_request_says_which_version_it_speaks(door: Server) -> None:
    found = ask(door, "server/discover", _meta=META)
    assert (found["supportedVersions"], found["resultType"]) == ([STATELESS], "complete")
    assert found["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "shopkeeper"
    listed = ask(door, "tools/list", _meta=META)
    assert listed["ttlMs"] > 0 and listed["cacheScope"] == "public"
    other = META | {"io.modelcontextprotocol/protocolVersion": "2031-01-01"}
    wrong = ask(door, "tools/list", _meta=other)
    assert (wrong["code"], wrong["data"]["supported"]) == (-32022, [STATELESS])
    half = {"io.modelcontextprotocol/protocolVersion": STATELESS}
    assert ask(door, "tools/list", _meta=half)["code"] == -32602
    assert ask(door, "ping", _meta=META)["code"] == -32601


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ([{"jsonrpc": "2.0", "id": 1, "method": "ping"}], -32600),
        ({"id": 1, "method": "ping"}, -32600),
        ({"jsonrpc": "2.0", "id": None, "method": "ping"}, -32600),
        ({"jsonrpc": "2.0", "id": True, "method": "ping"}, -32600),
        ({"jsonrpc": "2.0", "id": 1, "method": 5}, -32600),
        ({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": [1]}, -32602),
        ({"jsonrpc": "2.0", "id": 1, "method": "resources/list"}, -32601),
        ({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"cursor": "x"}}, -32602),
        ({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "commit"}}, -32602),
    ],
)  # fmt: skip
def test_what_is_no_request_of_the_protocol_is_told_so(
    door: Server, message: Any, code: int
) -> None:
    body = door.answer(message).body
    assert body is not None and body["error"]["code"] == code


def test_notifications_and_answers_want_no_answer(door: Server) -> None:
    for message in ({"method": "notifications/initialized"}, {"id": 3, "result": {}}):
        assert door.answer({"jsonrpc": "2.0"} | message).body is None


def test_by_standard_input_each_line_is_a_message(door: Server) -> None:
    lines = [
        b"no json\n",
        b"\n",
        b'{"jsonrpc": "2.0", "method": "notifications/initialized"}\n',
        b'{"jsonrpc": "2.0", "id": "a", "method": "ping"}\n',
        b'"' + b"x" * MAX_LINE + b'"\n',
        b'{"jsonrpc": "2.0", "id": 2, "method": "ping"}',
    ]
    out = io.BytesIO()
    serve(door, io.BytesIO(b"".join(lines)), out)
    said = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [m["id"] for m in said] == [None, "a", None, 2]
    assert [m.get("error", {}).get("code") for m in said] == [-32700, None, -32600, None]


def test_products_and_answers_need_no_customer(call: Call) -> None:
    found = call("search_products", query="lamp")
    assert found["products"][0]["id"] == "lamp" and found["products"][0]["price"] == "$45.00"
    assert call("ask", question="Do you sell time machines?")["known"] is False
    assert isinstance(call("recommend", product_id="lamp")["products"], list)
    assert "limit" in call("search_products", limit=1000)


def test_a_customer_s_records_take_proof_and_a_change_their_own_words(
    call: Call, shop: Shop
) -> None:
    talk = call("open_conversation")["conversation"]
    assert "tell us who you are" in call("list_orders", conversation=talk)
    call("identify", conversation=talk, email="ada@example.com", order_id="W1004")
    assert call("get_order", conversation=talk, order_id="W1004")["status"] == "pending"
    assert "metadata" not in call("get_product", conversation=talk, id="mug")["product"]
    action = {"action": "cancel", "order_id": "W1004", "reason": "no longer needed"}
    assert "[verified]" in call("propose", conversation=talk, **action)

    talk = call("open_conversation", token=shop.support.sign("ada"))["conversation"]
    made = call("propose", conversation=talk, **action)["proposal_id"]
    assert "declined" in call("confirm", conversation=talk, proposal_id=made, customer_said="no")
    made = call("propose", conversation=talk, **action)["proposal_id"]
    said = {"conversation": talk, "proposal_id": made}
    assert "has not just agreed" in call("confirm", **said, customer_said="yes, but by PayPal")
    with shop.database.connection() as conn:
        assert orders.get(conn, "#W1004").status == "pending"
    made = call("propose", conversation=talk, **action)["proposal_id"]
    done = call("confirm", conversation=talk, proposal_id=made, customer_said="Yes, please")
    assert done["state"] == "done"
    with shop.database.connection() as conn:
        assert orders.get(conn, "#W1004").status == "cancelled"


def test_a_yes_of_somebody_who_is_not_verified_is_not_passed_on(
    call: Call, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = call("open_conversation")["conversation"]
    assert "not verified" in call("confirm", conversation=talk, proposal_id="x", customer_said="yes")  # fmt: skip
    assert "no conversation" in call("list_orders", conversation="guessed")


def test_the_shop_s_own_agent_speaks_through_the_same_door(call: Call) -> None:
    talk = call("open_conversation", language="zh")
    assert "人工智能" in talk["introduction"]
    said = call("say", conversation=talk["conversation"], text="I want to talk to a person")
    assert said["person_takes_over"] == "request"


def test_every_tool_has_a_schema_of_an_object(door: Server) -> None:
    for tool in ask(door, "tools/list")["tools"]:
        assert tool["inputSchema"]["type"] == "object" and tool["description"], tool["name"]
