"""Lists show the variant that was asked for, by words or by filters, and no other without a reason."""

import pytest

from shopkeeper.storefront.picturing import variant_asked_for
from tests.storefront.shop import shirts


def asked_for(query: str, *filters: tuple[str, str], language: str = "en") -> str | None:
    """What the variant of a blue, red and sand shirt is called."""
    found = variant_asked_for(next(shirts()), language, query=query, filters=filters)
    return found.title if found else None


@pytest.mark.parametrize(
    ("query", "language", "shown"),
    [
        ("red shirt", "en", "Red / S"),  # its M is sold out
        ("sand shirt in M", "en", "Sand / M"),
        ("沙色衬衫", "zh", "Sand / S"),
        ("sand shirt", "zh", "Sand / S"),
        ("blue shirt", "en", None),  # the first one is
        ("shirt", "en", None),
        ("green shirt", "en", None),
    ],
)
def test_words_choose_the_picture(query: str, language: str, shown: str | None) -> None:
    assert asked_for(query, language=language) == shown


def test_filters_weigh_more_than_words() -> None:
    assert asked_for("red shirt", ("Color", "Sand"), ("Material", "Linen")) == "Sand / S"
    assert asked_for("", ("Size", "M")) == "Blue / M"
    assert asked_for("") is None
