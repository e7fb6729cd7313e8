"""Message files as letters: what is said now and by whom, and what is set aside before it is taken apart."""

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.support.letters import Letter, NotAnswered, read_letter
from shopkeeper.support.letters.reading import MAX_BYTES, MAX_TEXT, new_text


def letter(text: str = "Where is my order?", *, html: str = "", **headers: str) -> bytes:
    message = EmailMessage()
    given = {"From": "Ada <ada@example.com>", "Subject": "Order", "Message-ID": "<1@example.com>"}
    for name, value in (given | {k.replace("_", "-"): v for k, v in headers.items()}).items():
        message[name] = value
    if html:
        message.set_content(html, subtype="html")
    else:
        message.set_content(text)
    return message.as_bytes()


def test_who_writes_in_which_thread_and_what() -> None:
    found = read_letter(letter(References="<a@x> <b@x>", In_Reply_To="<b@x>"))
    assert found == Letter(
        "<1@example.com>", "ada@example.com", "Order", "Where is my order?", ("<a@x>", "<b@x>")
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Yes, please.\n\nOn Tue, 3 Nov 2026 at 10:00, Shop <s@shop.example> wrote:\n> Shall I?\n", "Yes, please."),
        ("Yes\n\nOn Tue, 3 Nov 2026 at 10:00, Shop\n<s@shop.example> wrote:\n> Shall I?", "Yes"),
        ("No\n> Shall I?\n", "No"),
        ("Yes\n\n-----Original Message-----\nFrom: Shop", "Yes"),
        ("Yes\n________________________________\nFrom: Shop", "Yes"),
        ("好的\n\n在 2026年11月3日，商店写道：\n> 确认吗？", "好的"),
        ("Where is it?\n-- \nAda Lovelace\nCountess", "Where is it?"),
        ("Yes, please.\n\nBest regards,\nAda Lovelace", "Yes, please."),
        ("谢谢", "谢谢"),
        ("Please cancel it.\nSent from my phone", "Please cancel it."),
        ("Return it.\nOn Monday I was away.\nThanks", "Return it.\nOn Monday I was away."),
    ],
)  # fmt: skip
def test_only_what_is_new_was_said(text: str, said: str) -> None:
    assert new_text(text) == said


def test_of_html_alone_the_text_is_read_and_nothing_quoted() -> None:
    html = (
        "<style>p{}</style><p>Hello,</p><script>\nalert(1)\n</script><p>cancel it &amp; refund</p>"
        "<div class='gmail_quote'>yes, do it<blockquote>yes</blockquote></div>"
    )
    assert read_letter(letter(html=html)).text == "Hello,\ncancel it & refund"


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"List_Id": "<news.example.com>"},
        {"Return_Path": "<>"},
        {"From": "MAILER-DAEMON@example.com"},
        {"From": "no-reply@example.com"},
        {"From": "Support@Shop.example"},
        {"From": "nobody"},
        {"From": "a@example.com, b@example.com"},
    ],
)
def test_programs_and_nobody_in_particular_get_no_answer(headers: dict[str, str]) -> None:
    with pytest.raises(NotAnswered):
        read_letter(letter(**headers), own="support@shop.example")


def test_what_is_costly_to_take_apart_is_not_taken_apart() -> None:
    nested = b"From: a@b.example\n" + b"".join(
        b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (n, n) for n in range(5000)
    )
    enclosed = b"From: a@b.example\n" + b"Content-Type: message/rfc822\n\n" * 5000
    for bad in (b"x" * (MAX_BYTES + 1), nested, enclosed, b"X: y\n" * 10_000 + b"\nhi"):
        with pytest.raises(NotAnswered):
            read_letter(bad)


def test_long_letters_and_unknown_letters_are_cut_and_read_as_far_as_they_go() -> None:
    assert len(read_letter(letter("word " * 5000)).text) == MAX_TEXT
    odd = letter("caf\u00e9").replace(b'charset="utf-8"', b'charset="no-such"')
    assert read_letter(odd).text.startswith("caf")


@given(st.binary(max_size=400), st.sampled_from([b"", b"From: a@b.example\n", b"From: a@b.example\nContent-Type: text/html\n\n"]))  # fmt: skip
def test_whatever_a_file_holds_it_is_a_letter_or_set_aside(data: bytes, head: bytes) -> None:
    try:
        found = read_letter(head + data)
    except NotAnswered:
        return
    assert found.text and "\n" not in found.subject
