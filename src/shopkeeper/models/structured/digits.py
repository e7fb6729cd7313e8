"""Ranges of numbers as grammar: which digits may follow which, so that no number outside can be written."""

from decimal import Decimal


def whole_numbers(lowest: int, highest: int) -> str:
    """A GBNF expression for the whole numbers from `lowest` to `highest`, without leading zeros or -0."""
    options = []
    if lowest < 0:
        options += [f'"-" ({_any(_naturals(max(1, -highest), -lowest))})']
    if highest >= 0:
        options += _naturals(max(0, lowest), highest)
    return _any(options)


def decimal_numbers(lowest: Decimal, highest: Decimal, decimals: int) -> str:
    """A GBNF expression for the numbers from `lowest` to `highest` with up to `decimals` digits after the point."""
    if decimals == 0:
        return whole_numbers(int(lowest), int(highest))
    unit = 10**decimals
    low, high = int(lowest * unit), int(highest * unit)
    options = []
    if low < 0:
        options += [f'"-" ({_any(_positive(max(1, -high), -low, decimals))})']
    if high >= 0:
        options += _positive(max(0, low), high, decimals)
    return _any(options)


def _positive(low: int, high: int, decimals: int) -> list[str]:
    """Options for the numbers from `low` to `high`, both >= 0 and counted in the last digit after the point."""
    unit = 10**decimals
    (first, after_first), (last, after_last) = divmod(low, unit), divmod(high, unit)
    rest = f'("." [0-9]{{1,{decimals}}})?'
    if first == last:
        return [f'"{first}" {_fraction(after_first, after_last, decimals)}']
    options = []
    if after_first:
        options.append(f'"{first}" {_fraction(after_first, unit - 1, decimals)}')
        first += 1
    if after_last != unit - 1:
        options.append(f'"{last}" {_fraction(0, after_last, decimals)}')
        last -= 1
    if first <= last:
        options.append(f"({_any(_naturals(first, last))}) {rest}")
    return options


def _fraction(low: int, high: int, decimals: int) -> str:
    """What follows the whole part for fractions from `low` to `high`; nothing at all stands for zero."""
    lowest, highest = f"{low:0{decimals}}", f"{high:0{decimals}}"
    after = f'"." ({_digits(lowest, highest)})'
    return f"({after})?" if low == 0 else after


def _digits(low: str, high: str) -> str:
    """From 1 to len(low) digits that, filled up with zeros, lie from `low` to `high`."""
    size = len(low)
    if low == "0" * size and high == "9" * size:
        return f"[0-9]{{1,{size}}}"
    options = []
    for digit in range(int(low[0]), int(high[0]) + 1):
        rest_low = low[1:] if digit == int(low[0]) else "0" * (size - 1)
        rest_high = high[1:] if digit == int(high[0]) else "9" * (size - 1)
        if size == 1:
            options.append(f'"{digit}"')
            continue
        free = rest_low == "0" * (size - 1) and rest_high == "9" * (size - 1)
        if free:
            options.append(f'"{digit}" [0-9]{{0,{size - 1}}}')
        elif rest_low.strip("0"):
            options.append(f'"{digit}" ({_digits(rest_low, rest_high)})')
        else:
            options.append(f'"{digit}" ({_digits(rest_low, rest_high)})?')
    return _any(_merged(options))


def _merged(options: list[str]) -> list[str]:
    """Neighbouring digits that are followed by the same, as one class."""
    runs: list[tuple[str, str, str]] = []
    for option in options:
        digit, rest = option[1], option[3:]
        if runs and runs[-1][2] == rest and ("(" not in rest):
            runs[-1] = (runs[-1][0], digit, rest)
        else:
            runs.append((digit, digit, rest))
    return [
        (f'"{first}"' if first == last else f"[{first}-{last}]") + rest
        for first, last, rest in runs
    ]


def _naturals(lowest: int, highest: int) -> list[str]:
    """Options for the whole numbers from `lowest` to `highest`, both >= 0."""
    options = []
    if lowest == 0:
        options, lowest = ['"0"'], 1
    for size in range(len(str(max(lowest, 1))), len(str(highest)) + 1):
        low, high = max(lowest, 10 ** (size - 1)), min(highest, 10**size - 1)
        if low <= high:
            options.append(_same_size(str(low), str(high)))
    return _grown(options)


def _same_size(low: str, high: str) -> str:
    """Numbers of len(low) digits from `low` to `high`."""
    if not low:
        return '""'
    size = len(low) - 1
    if low[1:] == "0" * size and high[1:] == "9" * size:
        head = f"[{low[0]}-{high[0]}]" if low[0] != high[0] else f'"{low[0]}"'
        return head + (f" [0-9]{{{size}}}" if size else "")
    if low[0] == high[0]:
        return f'"{low[0]}" ({_same_size(low[1:], high[1:])})'
    options = []
    first, last = int(low[0]), int(high[0])
    if low[1:] != "0" * size:
        options.append(f'"{first}" ({_same_size(low[1:], "9" * size)})')
        first += 1
    tail = []
    if high[1:] != "9" * size:
        tail.append(f'"{last}" ({_same_size("0" * size, high[1:])})')
        last -= 1
    if first <= last:
        options.append(_same_size(f"{first}{'0' * size}", f"{last}{'9' * size}"))
    return _any(options + tail)


def _grown(options: list[str]) -> list[str]:
    """Full sizes next to each other as one: [1-9] | [1-9] [0-9]{1} becomes [1-9] [0-9]{0,1}."""
    full = [o for o in options if o == "[1-9]" or o.startswith("[1-9] [0-9]{")]
    if len(full) < 2:
        return options
    sizes = [0 if o == "[1-9]" else int(o[len("[1-9] [0-9]{") : -1]) for o in full]
    one = f"[1-9] [0-9]{{{min(sizes)},{max(sizes)}}}"
    return [o for o in options if o not in full] + [one]


def _any(options: list[str]) -> str:
    return " | ".join(options)
