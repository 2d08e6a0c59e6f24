"""How often one address may ask."""

from __future__ import annotations

import pytest

from captcha_core.ui.rate import RateLimit


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_minutes_worth_at_once_and_then_steadily() -> None:
    clock = Clock()
    limit = RateLimit(60, clock)
    assert [limit.wait("1.2.3.4") for _ in range(60)] == [0.0] * 60
    assert limit.wait("1.2.3.4") == pytest.approx(1.0)
    clock.now = 1.5
    assert limit.wait("1.2.3.4") == 0.0
    assert limit.wait("1.2.3.4") == pytest.approx(0.5)
    clock.now = 1000.0
    assert [limit.wait("1.2.3.4") for _ in range(61)].count(0.0) == 60


def test_an_address_does_not_use_up_anothers_share_but_its_networks() -> None:
    limit = RateLimit(1, Clock())
    assert limit.wait("1.2.3.4") == limit.wait("1.2.3.5") == limit.wait("2001:db8::1") == limit.wait("odd") == 0.0
    assert limit.wait("2001:db8::ffff") > 0
    assert limit.wait("2001:db8:0:1::1") == 0.0


def test_no_limit() -> None:
    limit = RateLimit(0, Clock())
    assert not any(limit.wait("1.2.3.4") for _ in range(1000))


def test_it_does_not_remember_more_addresses_than_ten_thousand() -> None:
    limit = RateLimit(5, Clock())
    for number in range(10_050):
        limit.wait(f"a{number}")
    assert len(limit._buckets) == 10_000
