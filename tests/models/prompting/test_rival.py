"""The linear rival learns what is plain to learn, and says what it cannot do."""

from shopkeeper.models.prompting import Example
from shopkeeper.models.prompting.rival import rival
from shopkeeper.models.prompting.tasks import ATTRIBUTES, SENTIMENT, Titled, Written, title_task
from shopkeeper.models.prompting.tasks.reading import attributes_type


def reviews(start: int, end: int) -> list[Example[Written, str]]:
    words = {"positive": "love wonderful great", "negative": "broken awful refund"}
    return [
        Example(Written(text=f"{words[label]} item {i}"), label)
        for i in range(start, end)
        for label in words
    ]


def titles(start: int, end: int) -> list[Example[Titled, object]]:
    names = ("Colour", "Size")
    wanted = attributes_type(names)
    colours = ("red", "blue", "green")
    return [
        Example(
            Titled(title=f"Shirt {colours[i % 3]} {i} cm", attributes=names),
            wanted(Colour=colours[i % 3], Size=f"{i} cm"),
        )
        for i in range(start, end)
    ]


def test_words_give_labels() -> None:
    report = rival(SENTIMENT, reviews(0, 10), reviews(10, 20))
    assert report is not None
    assert report.figure == 1.0
    assert report.low > 0.8


def test_words_give_attributes_even_with_values_never_seen() -> None:
    report = rival(ATTRIBUTES, titles(10, 50), titles(60, 80))
    assert report is not None
    assert report.measure == "F1"
    assert report.figure > 0.9


def test_one_label_alone_is_what_it_says() -> None:
    known = [one for one in reviews(0, 3) if one.output == "positive"]
    report = rival(SENTIMENT, known, reviews(3, 6))
    assert report is not None
    assert report.figure == 0.5


def test_it_writes_no_titles() -> None:
    assert rival(title_task(), [], []) is None
