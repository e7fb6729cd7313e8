"""What the merchant sets for each slot, in the database; `slots.CONTROLS` where nothing is set."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from shopkeeper.recommend.slots import CONTROLS, Controls, Slot
from shopkeeper.shop import bulk
from shopkeeper.shop.bulk import Connection

DEFAULT = CONTROLS
_ADAPTER: TypeAdapter[Controls] = TypeAdapter(Controls)


def read(conn: Connection) -> Mapping[Slot, Controls]:
    """Those that were set."""
    rows = conn.execute("select slot, controls from recommendation_controls").fetchall()
    return {Slot(slot): _ADAPTER.validate_python(values) for slot, values in rows}


def save(conn: Connection, slot: Slot, controls: Controls) -> None:
    """Set them for a slot."""
    values = bulk.jsonb(_ADAPTER.dump_python(controls, mode="json"))
    conn.execute(
        "insert into recommendation_controls (slot, controls) values (%s, %s) "
        "on conflict (slot) do update set controls = excluded.controls, updated_at = now()",
        [slot.value, values],
    )


def reset(conn: Connection, slot: Slot) -> None:
    """Let a slot go by what holds where nothing is set."""
    conn.execute("delete from recommendation_controls where slot = %s", [slot.value])


def parse(data: Any) -> Controls:
    """Controls from JSON-like data. Raises ValueError naming field and reason."""
    try:
        return _ADAPTER.validate_python(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{where}: {first['msg']}" if where else first["msg"]) from error
