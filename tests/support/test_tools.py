"""The tools as a model calls them: JSON in, JSON out, and nothing that writes."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shopkeeper.shop import customers
from shopkeeper.support import TOOLS, ToolKind, call
from shopkeeper.support.tools import Result
from tests.support.conftest import Desk

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["#W2001", "bob", "card-2"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
names = st.sampled_from(
    ["order_id", "action", "items", "email", "customer_id", "id", "want", "product", "address", "expression", "code"]
)  # fmt: skip


def contents(desk: Desk) -> list[Any]:
    """All that a write would touch."""
    with desk.database.connection() as conn:
        return [
            conn.execute(q).fetchall()
            for q in ("select * from orders order by id", "select * from customers order by id", "select * from order_lines",
                      "select * from order_requests")
        ]  # fmt: skip


def test_no_tool_confirms_or_commits() -> None:
    assert {t.kind for t in TOOLS.values()} == set(ToolKind)
    assert not any(word in name for name in TOOLS for word in ("commit", "confirm", "hear", "sign"))


def test_every_tool_has_a_schema_that_takes_nothing_else_and_no_customer() -> None:
    for tool in TOOLS.values():
        schema = tool.schema()
        assert schema["additionalProperties"] is False
        assert not {"customer_id", "customer", "level"} & set(schema.get("properties", {}))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from([*TOOLS, "commit", ""]),
    arguments=st.dictionaries(names, anything, max_size=4),
)
def test_whatever_is_called_with_whatever_answers_and_writes_nothing(
    desk: Desk, name: str, arguments: dict[str, Any]
) -> None:
    if not hasattr(desk, "talk"):
        desk.talk, desk.before = desk.ada(), contents(desk)  # type: ignore[attr-defined]
    result = call(desk.talk, name, arguments)  # type: ignore[attr-defined]
    json.dumps(result.data)
    assert result.ok == (result.error == "")
    assert "bob@example.com" not in str(result.data)
    assert contents(desk) == desk.before  # type: ignore[attr-defined]


def ask(desk: Desk, name: str, **arguments: Any) -> Result:
    if not hasattr(desk, "talk"):
        desk.talk = desk.ada()  # type: ignore[attr-defined]
    return call(desk.talk, name, arguments)  # type: ignore[attr-defined]


def test_amounts_are_texts_and_the_records_are_whole(desk: Desk) -> None:
    found = ask(desk, "get_order", order_id="1001").data
    assert found["lines"][1]["total"] == {"amount": "20.00", "currency": "USD"}
    assert ask(desk, "get_customer").data["addresses"][0]["city"] == "Springfield"
    assert ask(desk, "calculate", expression="0.1+0.2").data == "0.3"


def test_a_refusal_names_its_rules(desk: Desk) -> None:
    result = ask(desk, "propose", action="cancel", order_id="1002", reason="other")
    assert result.rule_ids == ("cancel-while-pending",)
    assert "as long as it is pending" in result.error
    rule = ask(desk, "explain_rule", rule_id="cancel-while-pending").data
    assert rule["actions"] == ["cancel"] and rule["text"]["zh"]


@pytest.mark.parametrize(
    ("given", "answer"),
    [({"order_id": "1001"}, "depends"), ({"order_id": "1001", "reason": "other"}, "yes"), ({"order_id": "1002"}, "no"), ({}, "depends")],
)  # fmt: skip
def test_may_i_is_yes_no_or_depends(desk: Desk, given: dict[str, str], answer: str) -> None:
    assert ask(desk, "explain", action="cancel", **given).data["answer"] == answer


def test_the_same_but_less_bright(desk: Desk) -> None:
    found = ask(
        desk, "find_variants", product="lamp", like="lamp-mid-ac", keep=None, want={"brightness": {"less": True}}
    )  # fmt: skip
    assert [v["id"] for v in found.data["variants"]] == ["lamp-low-ac"]


def test_a_proposal_shows_what_will_happen(desk: Desk) -> None:
    made = ask(desk, "propose", action="change_address", order_id="1001", address="order:1004")
    assert "1 Elm St" in made.data["shown"]["summary"]
    assert ask(desk, "quote", action="cancel", order_id="1001").data["movements"][0]["amount"] == {
        "amount": "80.00", "currency": "USD"
    }  # fmt: skip


def test_deleting_a_person_leaves_no_trace_of_them_at_the_desk(desk: Desk) -> None:
    assert ask(desk, "propose", action="change_profile_address", address={
        "line1": "77 Secret Lane", "city": "Salem", "postcode": "97301", "country": "US"
    }).ok  # fmt: skip
    assert ask(desk, "send_code").ok
    with desk.database.connection() as conn:
        customers.delete(conn, ["ada"])
        for table in (
            "support_conversations",
            "support_proposals",
            "support_codes",
            "support_audit",
        ):
            rows = conn.execute(f"select {table}::text from {table}".encode()).fetchall()
            assert not any("ada" in str(row) or "Secret" in str(row) for row in rows)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("get_product", {"id": "\0"}), ("identify", {"email": "a\0@b.c"}), ("send_code", {"email": "\u202ea"}),
        ("propose", {"action": "cancel", "order_id": "1001\0", "reason": "other"}), ("get_order", {"order_id": "\0"}),
        ("propose", {"action": "change_profile_address", "address": {"line1": "1 Elm\u202eSt", "city": "x" * 501}}),
        ("propose", {"action": "return", "order_id": "1002", "items": ["mug-blue"] * 201}), ("get_product", {"id": "\ud800"}),
    ],
)  # fmt: skip
def test_what_nobody_can_have_typed_is_refused(
    desk: Desk, name: str, arguments: dict[str, Any]
) -> None:
    assert not ask(desk, name, **arguments).ok
