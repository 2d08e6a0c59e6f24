"""The tables of the page's benchmarks."""

from benchmarks.page_tables import page_table, soak_table

PAGE = {
    "usable_seconds": {"median": 1.9, "starts": 3},
    "click_to_result_ms": {"median": 154, "slowest": 196, "clicks": 20},
    "set": {"pictures": 1000, "seconds": 31.5, "longest_frame_ms": 90, "turns": 10, "next_page_ms": 120},
    "readings_a_second": {"one_client": 7.1, "32_clients": 11.3, "ratio": 1.6, "readings": 320},
    "cores": 2,
}
SOAK = {
    "minutes": 10.0,
    "clients": 32,
    "visits": 12_345,
    "visits_a_second": 20.6,
    "latency_ms": {"read": {"visits": 12_345, "p50": 10.2, "p95": 20.0, "p99": 30.0}},
    "errors": 0,
    "busy": 4,
    "server": {
        "rss_mb": {"after_warm_up": 900.0, "at_the_end": 909.0},
        "handles": {"after_warm_up": 50, "at_the_end": 51},
        "files": {"after_warm_up": 7, "at_the_end": 8},
        "memory_growth": 0.01,
    },
    "cores": 2,
}


def test_the_page_says_how_soon_it_answers() -> None:
    table = page_table(PAGE)
    assert "| from a click on an example to its text, median of 20 (slowest) | 154 ms (196 ms) |" in table
    assert "| from the upload of a zip of 1,000 pictures to their table | 31.5 s |" in table
    assert "| the next page of that table, median of 10 | 120 ms |" in table
    assert "| readings a second, 32 clients at once | 11.3 (1.6 times) |" in table


def test_the_soak_says_what_went_wrong_and_what_grew() -> None:
    text = "\n".join(soak_table(SOAK))
    assert "32 clients for 10 minutes, 2 cores" in text and "0 wrong answers, 4 told" in text
    assert "| read | 12,345 | 10 | 20 | 30 |" in text
    assert "| memory, MB | 900 | 909 |" in text and text.endswith("Memory grew by 1.0%.")
