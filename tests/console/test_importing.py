"""A file's way through the console over HTTP: looked at, corrected, started, thrown away, reported."""

import re
from pathlib import Path

import pytest

from shopkeeper.face import Shop
from shopkeeper.jobs import uploads
from tests.console.conftest import TestClient

TABLE = """Artikel,Bezeichnung,Preis,Lager
A1,Blue mug,"12,50",4
A2,Red mug,"9,90",x
A3,<script>alert(1)</script>,"7,00",1
"""


def upload(
    client: TestClient, text: str = TABLE, name: str = "mugs.csv", kind: str = "products"
) -> str:
    """Bring a file; gives the address of the look at it."""
    answer = client.post(
        "/console/import", files={"file": (name, text.encode())}, data={"kind": kind}, follow_redirects=False
    )  # fmt: skip
    assert answer.status_code == 303, answer.text[:500]
    return answer.headers["location"].split("?")[0]


def mapped(**columns: str) -> dict[str, str]:
    """A form that says which column holds what."""
    return {"kind": "products", "format": "plain", "mapped": "products plain"} | {
        f"map:{f}": c for f, c in columns.items()
    }


def test_a_look_shows_columns_with_values_and_writes_nothing(
    client: TestClient, shop: Shop
) -> None:
    page = client.get(upload(client), params={"kind": "products"}).text
    assert "Nothing is written yet." in page
    for text in ("Bezeichnung", "Blue mug", "12,50"):
        assert text in page
    assert "<script>alert" not in page
    assert shop.find("mug").total == 0


def test_a_corrected_mapping_is_tried_at_once(client: TestClient) -> None:
    look = upload(client)
    page = client.post(
        look, data=mapped(id="Artikel", title="Bezeichnung", price="Preis", quantity="Lager")
    ).text
    assert "Of 3 entries, 1 cannot be read and would be kept aside." in page
    assert (
        "$12.50" in page and "as found: 12,50" in page
    )  # the comma follows from the column chosen
    assert "is not a number of pieces" in page
    without = client.post(
        look, data=mapped(id="Artikel", title="Bezeichnung", price="Preis", quantity="")
    ).text
    assert "All 3 entries can be read." in without


def test_a_mapping_without_what_is_needed_says_so_and_keeps_the_rest(client: TestClient) -> None:
    answer = client.post(upload(client), data=mapped(title="", price="Preis"))
    assert "no column looks like the title" in answer.text
    assert '<option value="Preis" selected>' in answer.text
    started = client.post(upload(client) + "/start", data=mapped(title="", price="Preis"))
    assert "no column looks like the title" in started.text  # and not a job that fails


def test_a_mapping_of_a_column_that_is_not_there_is_no_error_page(client: TestClient) -> None:
    answer = client.post(upload(client), data=mapped(title="Nothing", nonsense="Preis"))
    assert answer.status_code == 200 and "role=alert" in answer.text


def test_another_kind_is_guessed_anew(client: TestClient) -> None:
    text = "review id,product id,text,rating\nr1,lamp-01,Bright,5\n"
    look = upload(client, text, "reviews.csv", kind="")
    assert '<option value="reviews" selected>' in client.get(look).text
    form = {"kind": "products", "format": "plain", "mapped": "reviews plain", "map:text": "text"}
    assert '<option value="products" selected>' in client.post(look, data=form).text


def test_starting_makes_a_job_with_the_mapping_shown(client: TestClient, shop: Shop) -> None:
    form = mapped(id="Artikel", title="Bezeichnung", price="Preis", quantity="")
    answer = client.post(upload(client) + "/start", data=form, follow_redirects=False)
    job = shop.jobs.get(int(answer.headers["location"].rpartition("/")[2]))
    chosen = {"id": "Artikel", "title": "Bezeichnung", "price": "Preis", "decimal": ","}
    assert {f: c for f, c in job.arguments["mapping"].items() if c} == chosen | {
        "attribute:Lager": "Lager"
    }
    assert job.arguments["mapping"]["quantity"] == ""  # taken away, and not guessed again
    assert job.title == "Import of mugs.csv"
    assert "Waiting" in client.get(f"/console/jobs/{job.id}").text


def test_an_upload_waits_until_it_is_thrown_away(client: TestClient, shop: Shop) -> None:
    look = upload(client, name="waits.csv")
    assert "waits.csv" in client.get("/console/import").text
    client.post(look + "/discard")
    assert "waits.csv" not in client.get("/console/import").text
    assert client.get(look).status_code == 404


@pytest.mark.parametrize("name", ["../../etc/passwd", "<img src=x onerror=alert(1)>.csv", "a" * 300 + ".csv", ".hidden", "商品.csv", "x\r\ny.csv"])  # fmt: skip
def test_a_file_name_is_a_name_and_nothing_more(client: TestClient, shop: Shop, name: str) -> None:
    look = upload(client, name=name)
    page = client.get(look, params={"kind": "products"})
    assert page.status_code == 200 and "<img src=x" not in page.text
    kept = uploads.find(shop.settings.data_folder, look.rpartition("/")[2]).path
    assert kept.parent.parent == uploads.uploads_folder(shop.settings.data_folder)


@pytest.mark.parametrize("text", ["", "\x1f\x8bno gzip", "<rss>"])
def test_a_file_that_is_none_is_refused_in_words_and_not_kept(
    client: TestClient, shop: Shop, text: str
) -> None:
    before = set(uploads.uploads_folder(shop.settings.data_folder).glob("*"))
    answer = client.post(
        "/console/import", files={"file": ("x.bin", text.encode("latin-1"))}, data={"kind": "products"}
    )  # fmt: skip
    assert answer.status_code == 422 and "role=alert" in answer.text
    assert str(shop.settings.data_folder) not in answer.text
    assert '<option value="products" selected>' in answer.text
    assert set(uploads.uploads_folder(shop.settings.data_folder).glob("*")) == before


def test_no_file_at_all_is_said(client: TestClient) -> None:
    answer = client.post("/console/import", files={"file": ("", b"")}, data={"kind": ""})
    assert answer.status_code == 422


def test_a_report_groups_reasons_and_gives_the_rows_back(
    client: TestClient, shop: Shop, tmp_path: Path
) -> None:
    path = tmp_path / "商品.csv"
    rows = "".join(f'B{n},Cup {n},"cheap {n}"\n' for n in range(120))
    path.write_text("id,title,price\nB,Cup,3.00\n" + rows, encoding="utf-8")
    report = shop.import_file(path, mapping={"price": "price"})
    page = client.get(f"/console/imports/{report.import_id}").text
    assert "1 entry is in the shop. 120 were kept aside." in page
    assert re.search(r'<td class="number">120</td><td>price</td><td>“…” is not a price</td>', page)
    assert (
        "Page 1 of 3" in page
        and "cheap 119" in client.get(f"/console/imports/{report.import_id}?page=99").text
    )
    file = client.get(f"/console/imports/{report.import_id}/bad-rows")
    assert "filename*=UTF-8''" in file.headers["content-disposition"]
    assert file.text.count("cheap") >= 120 and "_reason" in file.text


def test_mended_rows_are_recognised_and_say_whose_they_are(
    client: TestClient, shop: Shop, tmp_path: Path
) -> None:
    path = tmp_path / "bowls.csv"
    path.write_text("Artikel,Was,price\nC1,Bowl,3.00\nC2,Big bowl,dear\n", encoding="utf-8")
    report = shop.import_file(path, mapping={"id": "Artikel", "title": "Was"})
    mended = client.get(f"/console/imports/{report.import_id}/bad-rows").text.replace(
        "dear", "5.00", 1
    )
    page = client.get(upload(client, mended, "mended.csv")).text
    assert "These are rows kept aside from bowls.csv." in page
    assert "The one entry can be read." in page
    assert '<option value="Was" selected>' in page  # the mapping of that import
