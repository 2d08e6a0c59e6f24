"""The tables of what the page's benchmarks measured, for benchmarks/readme_results.py."""

from __future__ import annotations

from typing import Any


def page_table(figures: dict[str, Any]) -> list[str]:
    """Return how soon the page answers, from what benchmarks/page.py wrote."""
    usable, click, rate = (figures[name] for name in ("usable_seconds", "click_to_result_ms", "readings_a_second"))
    of_set = figures["set"]
    return [
        f"| the page, {figures['cores']} cores | figure |",
        "|---|---|",
        f'| from "Running on" to a page that can be used, median of {usable["starts"]} starts | {usable["median"]} s |',
        f"| from a click on an example to its text, median of {click['clicks']} (slowest) | {click['median']} ms "
        f"({click['slowest']} ms) |",
        f"| from the upload of a zip of {of_set['pictures']:,} pictures to their table | {of_set['seconds']} s |",
        f"| meanwhile, the longest time without a new frame | {of_set['longest_frame_ms']} ms |",
        f"| the next page of that table, median of {of_set['turns']} | {of_set['next_page_ms']} ms |",
        f"| readings a second, one client after the other | {rate['one_client']} |",
        f"| readings a second, 32 clients at once | {rate['32_clients']} ({rate['ratio']} times) |",
    ]


def soak_table(figures: dict[str, Any]) -> list[str]:
    """Return how the page bore many clients, from what benchmarks/soak.py wrote."""
    server = figures["server"]
    lines = [
        f"{figures['clients']} clients for {figures['minutes']:g} minutes, {figures['cores']} cores, mixed good and "
        f"bad input: {figures['visits']:,} visits, {figures['visits_a_second']} a second, {figures['errors']} wrong "
        f"answers, {figures['busy']} told that the page is busy.",
        "",
        "| visit | visits | p50, ms | p95, ms | p99, ms |",
        "|---|---|---|---|---|",
    ]
    for name, at in figures["latency_ms"].items():
        lines.append(f"| {name} | {at['visits']:,} | {at['p50']:.0f} | {at['p95']:.0f} | {at['p99']:.0f} |")
    lines += ["", "| the server | after the warm-up | at the end |", "|---|---|---|"]
    for words, name in (("memory, MB", "rss_mb"), ("open files", "handles"), ("temporary files", "files")):
        lines.append(f"| {words} | {server[name]['after_warm_up']:g} | {server[name]['at_the_end']:g} |")
    return [*lines, "", f"Memory grew by {server['memory_growth']:.1%}."]
