"""Events and queries over HTTP: acknowledged when kept, kept once, in either shape."""

import json
import threading
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shopkeeper.shop import events
from shopkeeper.shop.records import Event, adapter
from tests.api.conftest import Served

JSON = {"content-type": "application/json"}
AT = "2026-11-01T10:00:00Z"


def ubi_event(**changes: Any) -> dict[str, Any]:
    return {
        "action_name": "click",
        "timestamp": AT,
        "query_id": "q1",
        "session_id": "s1",
        "user_id": "c1",
        "event_attributes": {
            "object": {"object_id": "p/1", "object_id_type": "product", "colour": "blue"},
            "position": {"ordinal": 3},
            "dwell_s": 1.5,
        },
    } | changes


def kept(served: Served) -> list[Event]:
    with served.shop.database.connection() as conn:
        return list(events.iterate(conn))


def test_an_event_of_ubi_is_kept_with_all_it_says(served: Served) -> None:
    answer = served.page.post("/v1/events", json=[ubi_event()])
    assert (answer.status_code, answer.json()) == (202, {"received": 1, "added": 1})
    (event,) = kept(served)
    assert (event.action, event.object_id, event.object_id_type) == ("click", "p/1", "product")
    assert (event.position, event.query_id, event.customer_id) == (3, "q1", "c1")
    assert event.attributes == {"dwell_s": 1.5, "object": {"colour": "blue"}}


def test_an_event_in_our_own_shape_is_kept_as_it_is(served: Served) -> None:
    ours = {"id": "e1", "action": "view", "at": AT, "object_id": "p/1", "attributes": {"a": [1]}}
    served.page.post("/v1/events", json=[ours])
    assert kept(served) == [adapter(Event).validate_python(ours)]


def test_the_same_batch_sent_again_adds_nothing(served: Served) -> None:
    batch = [ubi_event(), ubi_event(event_id="mine"), {"id": "e1", "action": "view", "at": AT}]
    assert served.page.post("/v1/events", json=batch).json()["added"] == 3
    assert served.page.post("/v1/events", json=batch).json() == {"received": 3, "added": 0}
    assert len(kept(served)) == 3


def test_batches_sent_at_once_and_over_and_over_are_kept_once(served: Served) -> None:
    batches = [
        [{"id": f"e{n}", "action": "view", "at": AT} for n in range(start, start + 40)]
        for start in (0, 20, 40)
    ]
    answers: list[int] = []

    def send(batch: list[dict[str, str]]) -> None:
        for _ in range(3):
            answers.append(served.owner.post("/v1/events", json=batch).status_code)

    threads = [threading.Thread(target=send, args=[batch]) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [202] * 9
    assert {event.id for event in kept(served)} == {f"e{n}" for n in range(80)}
    assert len(kept(served)) == 80


def test_a_batch_with_one_bad_event_is_refused_whole(served: Served) -> None:
    answer = served.page.post("/v1/events", json=[ubi_event(), {"action_name": "click"}])
    assert answer.status_code == 422
    assert kept(served) == []


def test_a_batch_is_of_500_at_most(served: Served) -> None:
    batch = [{"id": f"e{n}", "action": "view", "at": AT} for n in range(501)]
    assert served.page.post("/v1/events", json=batch).status_code == 422
    assert served.page.post("/v1/events", json=batch[:500]).json()["added"] == 500


def test_attributes_that_cannot_be_kept_are_refused(served: Served) -> None:
    deep: Any = 1
    for _ in range(300):
        deep = [deep]
    for attributes in ({"deep": deep}, {"big": 2**70}, {"long": "x" * 20_000}):
        event = {"id": "e", "action": "view", "at": AT, "attributes": attributes}
        answer = served.owner.post("/v1/events", json=[event])
        assert answer.status_code == 422, attributes
        assert answer.json()["errors"][0]["field"] == "body.0.attributes"


def test_queries_are_kept_once_in_either_shape(served: Served) -> None:
    ubi = {
        "user_query": "mug",
        "query_id": "q1",
        "timestamp": AT,
        "query_response_hit_ids": ["p/1"],
    }
    ours = {"id": "q2", "user_query": "cup", "at": AT}
    assert served.page.post("/v1/queries", json=[ubi, ours]).json()["added"] == 2
    assert served.page.post("/v1/queries", json=[ubi, ours]).json()["added"] == 0
    with served.shop.database.connection() as conn:
        found = {query.id: query for query in events.iterate_queries(conn)}
    assert found["q1"].hits == ("p/1",)  # type: ignore[index]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.dictionaries(st.text(), json_values, max_size=4), st.text(), st.integers())
def test_no_event_whatever_breaks_the_server(
    served: Served, attributes: dict[str, Any], text: str, number: int
) -> None:
    ubi = ubi_event(event_attributes=attributes, user_query=text)
    ours = {"id": text, "action": "x", "at": AT, "position": number, "attributes": attributes}
    for event in (ubi, ours):
        body = json.dumps([event])  # writes Infinity too, which is no JSON, as careless clients do
        answer = served.owner.post("/v1/events", content=body, headers=JSON)
        assert answer.status_code in (202, 422)
