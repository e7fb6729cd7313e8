"""The Model Context Protocol over HTTP: statuses, headers, keys."""

from tests.api.conftest import Served

META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}
HEADERS = {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "calculate"}  # fmt: skip


def message(method: str, **params: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def test_it_is_spoken_with_a_handshake_and_without(served: Served) -> None:
    begun = message("initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo={})
    agreed = served.page.post("/v1/mcp", json=begun)
    assert agreed.json()["result"]["protocolVersion"] == "2025-11-25"
    listed = served.owner.post(
        "/v1/mcp", json=message("tools/list"), headers={"mcp-protocol-version": "2025-11-25"}
    )
    assert "propose" in [t["name"] for t in listed.json()["result"]["tools"]]
    opened = message("tools/call", name="open_conversation", arguments={}, _meta=META)
    headers = HEADERS | {"mcp-name": "open_conversation"}
    answer = served.page.post("/v1/mcp", json=opened, headers=headers)
    assert answer.json()["result"]["structuredContent"]["conversation"]


def test_statuses_say_what_the_protocol_wants(served: Served) -> None:
    ask = served.page
    note = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    assert ask.post("/v1/mcp", json=note).status_code == 202
    assert ask.post("/v1/mcp", json=message("resources/list")).status_code == 404
    json_type = {"content-type": "application/json"}
    assert ask.post("/v1/mcp", content=b"{", headers=json_type).json()["error"]["code"] == -32700
    other = message("tools/call", name="ask", arguments={}, _meta=META)
    assert ask.post("/v1/mcp", json=other, headers=HEADERS).json()["error"]["code"] == -32020
    assert ask.get("/v1/mcp").status_code == 403  # a publishable key may only post
    assert served.owner.get("/v1/mcp").status_code == 405
    assert served.client().post("/v1/mcp", json=note).status_code == 401
