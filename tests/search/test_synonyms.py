"""Synonyms: which further wordings a query gets."""

from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.errors import NotFound
from shopkeeper.search import synonyms
from shopkeeper.search.synonyms import Synonym, Thesaurus, everyday, line_of, parse_line
from shopkeeper.shop.database import Database

KNOWN = Thesaurus(
    [
        Synonym(("sofa", "couch")),
        Synonym(("rain jacket", "waterproof")),
        Synonym(("jacket", "coat")),
        Synonym(("phone", "iphone"), one_way=True),
        Synonym(("冲锋衣", "防雨外套")),
    ]
)


@pytest.mark.parametrize(
    ("query", "wordings"),
    [
        ("grey Sofa", ("grey couch",)),
        ("couch cover", ("sofa cover",)),
        ("rain jacket blue", ("waterproof blue",)),
        ("jacket", ("coat",)),
        ("phone case", ("iphone case",)),
        ("iphone case", ()),
        ("sofas", ()),
        ("男士冲锋衣", ("男士防雨外套",)),
        ("", ()),
    ],
)
def test_one_term_is_replaced_by_another(query: str, wordings: tuple[str, ...]) -> None:
    assert KNOWN.wordings(query) == wordings


@given(st.text(max_size=60))
def test_any_query_gets_few_wordings_and_never_itself(query: str) -> None:
    found = KNOWN.wordings(query)
    assert len(found) <= synonyms.MAX_WORDINGS
    assert query not in found


@pytest.mark.parametrize("line", ["sofa, couch, settee", "phone => iphone, pixel"])
def test_lines_read_as_they_are_written(line: str) -> None:
    assert line_of(parse_line(line)) == line


def test_chinese_commas_part_terms_too() -> None:
    assert parse_line("沙发，长沙发").terms == ("沙发", "长沙发")


@pytest.mark.parametrize("line", ["sofa", "sofa, Sofa", "", "=> x", "a, " + "b" * 101])
def test_what_is_no_pair_of_terms_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="terms"):
        parse_line(line)


def test_everyday_words_stand_in_for_what_nothing_is_named_by() -> None:
    named = {"headlamp", "砧板", "couch"}
    assert everyday().wordings("bright torches", is_named=named.__contains__) == (
        "bright headlamp",
    )
    assert everyday().wordings("竹菜板", is_named=named.__contains__) == ("竹砧板",)
    assert everyday().wordings("couch", is_named=named.__contains__) == ()
    assert everyday().wordings("pram", is_named=named.__contains__) == ()


def test_no_word_that_the_shop_knows_is_torn_apart() -> None:
    named = {"充电器", "头灯"}
    assert everyday().wordings("充电头", is_named=named.__contains__) == ("充电器",)
    assert everyday().wordings("充电头灯", is_named=named.__contains__) == ()


def test_every_everyday_line_leads_somewhere() -> None:
    text = files("shopkeeper.search").joinpath("everyday.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert len(lines) == len(set(lines)) > 100
    for line in lines:
        term, other = line.replace("=>", ",").split(",")[0].strip(), line.split(",")[-1]
        other = other.split("=>")[-1].strip()
        assert everyday().wordings(term, is_named={other}.__contains__) == (other,)


def test_synonyms_come_back_as_they_went_in(db: Database) -> None:
    made = Synonym(("sofa", "couch"), one_way=True)
    with db.connection() as conn:
        number = synonyms.save(conn, made)
        assert synonyms.listing(conn) == [(number, made)]
        changed = Synonym(("sofa", "settee"))
        synonyms.save(conn, changed, synonym_id=number)
        assert synonyms.listing(conn) == [(number, changed)]
        synonyms.delete(conn, number)
        with pytest.raises(NotFound):
            synonyms.delete(conn, number)


def test_synonyms_taken_away_are_put_back_as_they_were(db: Database) -> None:
    first, second = Synonym(("sofa", "couch")), Synonym(("rug", "carpet"))
    with db.connection() as conn:
        number, other = synonyms.save(conn, first), synonyms.save(conn, second)
        synonyms.delete(conn, number)
        assert synonyms.listing(conn) == [(other, second)]
        assert synonyms.removed(conn) == [(number, first)]
        with pytest.raises(NotFound):
            synonyms.save(conn, second, synonym_id=number)
        synonyms.restore(conn, number)
        assert synonyms.listing(conn) == [(number, first), (other, second)]
        assert synonyms.removed(conn) == []
        with pytest.raises(NotFound):
            synonyms.restore(conn, 10**9)
