"""Terms of the policy: what holds in which case."""

from decimal import Decimal

import pytest

from shopkeeper.errors import FeedError
from shopkeeper.support.answers.said import Said
from shopkeeper.support.policies import demo_text
from shopkeeper.support.policy import default_policy, parse
from shopkeeper.support.terms import Conditions

TERM = '\n[[terms]]\nid = "x"\nabout = "warranty"\ntext = { en = "So it is." }\n'


def test_conditions_say_that_it_depends_where_too_little_was_said() -> None:
    window = Conditions(at_most_days=14, country_in=frozenset({"EU"}))
    assert window.hold(Said(days=10, countries=frozenset({"DE"}))) is True
    assert window.hold(Said(days=20)) is False
    assert window.hold(Said(days=10)) is None


def test_an_amount_on_the_bound_is_within_it() -> None:
    amounts = Conditions(at_least_amount=Decimal(10), at_most_amount=Decimal(500))
    assert amounts.hold(Said(amount=Decimal(500))) is True
    assert amounts.hold(Said(amount=Decimal("500.01"))) is False


@pytest.mark.parametrize(
    ("added", "message"),
    [
        ("", "term 'x' needs either require or answer"),
        ('answer = "no"\nwhen = { days = 3 }\n', "terms.0.when.days"),
        ('answer = "no"\n\n[[terms]]\nid = "x"\nabout = "a"\nanswer = "no"\ntext = { en = "y" }\n', "two rules have the id 'x'"),
        ('answer = "no"\n', ""),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_term_is_named(added: str, message: str) -> None:
    text = default_policy().source + TERM + added
    if not message:
        assert parse(text).terms[0].holds(Said()) is False
        return
    with pytest.raises(FeedError, match=message):
        parse(text)


def test_the_demo_shops_terms_name_the_numbers_of_its_pages() -> None:
    policy = parse(demo_text())
    texts = " ".join(t.text["en"] for t in policy.terms)
    assert "within 14 days" in texts and "from $60" in texts and "{{" not in texts
