"""Rules in the database."""

from typing import Any

from pydantic import TypeAdapter, ValidationError

from shopkeeper.errors import NotFound
from shopkeeper.rules.records import Rule
from shopkeeper.shop import bulk
from shopkeeper.shop.bulk import Connection

_ADAPTER: TypeAdapter[Rule] = TypeAdapter(Rule)


def save(conn: Connection, rule: Rule, *, rule_id: int | None = None, active: bool = True) -> int:
    """Write a new rule, or another text of an old one. Returns its id. Raises NotFound."""
    values = [rule.name, bulk.jsonb(_ADAPTER.dump_python(rule, mode="json")), active]
    if rule_id is None:
        row = conn.execute(
            "insert into rules (name, rule, active) values (%s, %s, %s) returning id", values
        ).fetchone()
    else:
        row = conn.execute(
            "update rules set name = %s, rule = %s, active = %s, updated_at = now() "
            "where id = %s and removed_at is null returning id",
            [*values, rule_id],
        ).fetchone()
    if row is None:
        raise _unknown(rule_id)
    return int(row[0])


def get(conn: Connection, rule_id: int) -> tuple[Rule, bool]:
    """A rule, and whether it is active. Raises NotFound."""
    row = conn.execute(
        "select rule, active from rules where id = %s and removed_at is null", [rule_id]
    ).fetchone()
    if row is None:
        raise _unknown(rule_id)
    return _rule(row[0]), row[1]


def listing(conn: Connection, *, active_only: bool = False) -> list[tuple[int, Rule, bool]]:
    """Id, rule, whether it is active; in the order they were made."""
    rows = conn.execute(
        "select id, rule, active from rules where removed_at is null and (active or not %s) order by id",
        [active_only],
    ).fetchall()
    return [(id_, _rule(rule), active) for id_, rule, active in rows]


def activate(conn: Connection, rule_id: int, *, active: bool) -> None:
    """Let a rule hold, or rest. Raises NotFound."""
    changed = conn.execute(
        "update rules set active = %s, updated_at = now() where id = %s and removed_at is null",
        [active, rule_id],
    )
    if not changed.rowcount:
        raise _unknown(rule_id)


def delete(conn: Connection, rule_id: int) -> None:
    """Take a rule away; `restore` puts it back. Raises NotFound."""
    gone = conn.execute(
        "update rules set removed_at = now() where id = %s and removed_at is null", [rule_id]
    )
    if not gone.rowcount:
        raise _unknown(rule_id)


def restore(conn: Connection, rule_id: int) -> None:
    """Put a rule back that was taken away. Raises NotFound if there never was one."""
    if not conn.execute("update rules set removed_at = null where id = %s", [rule_id]).rowcount:
        raise _unknown(rule_id)


def removed(conn: Connection, limit: int = 20) -> list[tuple[int, Rule]]:
    """Rules that were taken away, with their ids, the latest first."""
    rows = conn.execute(
        "select id, rule from rules where removed_at is not null order by removed_at desc, id limit %s",
        [limit],
    ).fetchall()
    return [(id_, _rule(rule)) for id_, rule in rows]


def _rule(data: Any) -> Rule:
    return _ADAPTER.validate_python(data)


def parse(data: Any) -> Rule:
    """A rule from JSON-like data. Raises ValueError naming field and reason."""
    try:
        return _rule(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{where}: {first['msg']}" if where else first["msg"]) from error


def _unknown(rule_id: int | None) -> NotFound:
    return NotFound(f"no rule has the id {rule_id}", hint="list the rules first")
