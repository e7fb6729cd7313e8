"""The token bucket, against its law: never more than the burst and the rate allow."""

from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.api.limits import MAX_CALLERS, RateLimiter


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@given(st.floats(0.1, 50), st.floats(1, 20), st.lists(st.floats(0, 2), min_size=1, max_size=100))
def test_no_caller_gets_more_than_burst_and_rate_allow(
    per_second: float, burst: float, pauses: list[float]
) -> None:
    clock = Clock()
    limiter = RateLimiter(per_second, burst, clock=clock)
    served = 0
    for pause in pauses:
        clock.now += pause
        served += limiter.take("one") == 0
    assert served <= burst + per_second * clock.now + 1e-6


@given(st.floats(0.1, 50), st.floats(1, 20))
def test_waiting_as_long_as_told_is_enough(per_second: float, burst: float) -> None:
    clock = Clock()
    limiter = RateLimiter(per_second, burst, clock=clock)
    while not (wait_s := limiter.take("one")):
        pass
    clock.now += wait_s + 1e-9
    assert limiter.take("one") == 0


def test_one_caller_does_not_use_up_anothers_share() -> None:
    limiter = RateLimiter(1, 1, clock=Clock())
    assert limiter.take("one") == 0
    assert limiter.take("one") > 0
    assert limiter.take("two") == 0


def test_what_did_not_count_is_given_back() -> None:
    limiter = RateLimiter(1, 1, clock=Clock())
    for _ in range(10):
        assert limiter.take("one") == 0
        limiter.give_back("one")


def test_memory_is_bounded_however_many_callers_come() -> None:
    limiter = RateLimiter(1, 1, clock=Clock())
    for number in range(MAX_CALLERS + 500):
        limiter.take(str(number))
    assert len(limiter._buckets) == MAX_CALLERS
