"""Which language a text is in, as far as the shop has to know: Chinese or not."""

CHINESE_SHARE = 0.15  # Chinese texts name brands and sizes in Latin letters


def is_han(char: str) -> bool:
    """True for a Chinese character."""
    return "一" <= char <= "鿿" or "㐀" <= char <= "䶿" or "\U00020000" <= char <= "\U0003ffff"


def guess_language(text: str, default: str = "en") -> str:
    """`zh` if a good part of the letters are Chinese characters and none are Japanese kana, else `default`."""
    letters = [c for c in text if c.isalpha()]
    if not letters or any("぀" <= c <= "ヿ" for c in letters):
        return default
    return "zh" if sum(map(is_han, letters)) / len(letters) >= CHINESE_SHARE else default
