"""The contract of every format: each reader and the importer hold the same promises."""

import io
from pathlib import Path
from typing import Any

import pytest

from shopkeeper.shop import feeds
from shopkeeper.shop.database import Database
from shopkeeper.shop.feeds import BadRow, ImportReport, imports
from shopkeeper.shop.feeds.formats import FORMATS
from tests.shop.feeds.cases import CASES, OWN, Case
from tests.shop.feeds.emptying import emptied

pytestmark = pytest.mark.parametrize("case", CASES, ids=str)


def load(db: Database, path: Path, case: Case) -> ImportReport:
    return feeds.run_import(db, path, kind=case.kind)


def exported(db: Database, kind: str) -> bytes:
    out = io.BytesIO()
    feeds.write(db, kind, "jsonl", out)
    return out.getvalue()


def test_the_format_is_told_by_content_not_by_name(case: Case, tmp_path: Path) -> None:
    path = case.write(tmp_path)
    if case.format not in ("markdown", "schema.org"):
        path = path.rename(tmp_path / "download")
    assert feeds.detect(path, kind=case.kind).format == case.format


def test_every_row_of_a_sound_file_is_read(case: Case, tmp_path: Path) -> None:
    found = list(feeds.read(case.write(tmp_path), kind=case.kind))
    assert [item for item in found if isinstance(item, BadRow)] == []
    assert len(found) == len({record.id for record in found}) == case.records


def test_a_bad_row_is_kept_with_its_reason_and_the_rest_goes_in(
    case: Case, tmp_path: Path, db: Database
) -> None:
    report = load(db, case.write(tmp_path, broken=True), case)
    with db.connection() as conn:
        (bad,) = imports.bad_rows(conn, report.import_id)
    assert (report.created, report.quarantined) == (case.left, 1)
    assert (bad.line, bad.field) == (case.line, case.field)
    assert case.reason in bad.reason and bad.hint and bad.raw


def test_importing_twice_changes_nothing(case: Case, tmp_path: Path, db: Database) -> None:
    path = case.write(tmp_path)
    load(db, path, case)
    before = exported(db, case.kind)
    again = load(db, path, case)
    assert (again.created, again.updated, again.unchanged) == (0, 0, case.records)
    assert exported(db, case.kind) == before


def test_what_went_in_comes_out_and_in_again_equal(
    case: Case, tmp_path: Path, db: Database
) -> None:
    path = case.write(tmp_path)
    load(db, path, case)
    records: list[Any] = sorted(feeds.read(path, kind=case.kind), key=lambda r: str(r.id))
    out = tmp_path / "export.jsonl"
    out.write_bytes(exported(db, case.kind))
    again = list(feeds.read(out, kind=case.kind, format="jsonl"))
    assert again == records


def test_mended_rows_complete_what_is_there(case: Case, tmp_path: Path, db: Database) -> None:
    load(db, case.write(tmp_path), case)
    whole = exported(db, case.kind)
    emptied(db)
    report = load(db, case.write(tmp_path, broken=True), case)
    bad = tmp_path / f"bad{'.jsonl' if case.file == OWN else ''}"
    with db.connection() as conn, bad.open("wb") as file:
        assert imports.write_quarantine(conn, report.import_id, file) == 1
    bad.write_bytes(mended(bad.read_bytes(), case))
    again = load(db, bad, case)
    assert (again.quarantined, again.format) == (0, FORMATS[case.format].name)
    assert sorted(exported(db, case.kind).splitlines()) == sorted(whole.splitlines())


def mended(data: bytes, case: Case) -> bytes:
    """The bad rows with the broken text put right, as a person would in an editor."""
    broken, sound = case.mend or (case.broken.strip(","), case.sound.strip(","))
    if broken.encode() not in data:  # our JSON is written without blanks
        broken, sound = broken.replace('": ', '":'), sound.replace('": ', '":')
    assert broken.encode() in data
    return data.replace(broken.encode(), sound.encode())
