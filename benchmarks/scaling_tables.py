"""The tables of docs/scaling.md, and the arithmetic for more pictures than were ever drawn here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# The cluster of the arithmetic; what it says for another follows by division.
MACHINES, CORES = 16, 32
TARGETS = {"100 million": 10**8, "1 billion": 10**9}
GIGABYTE = 10**9

Figures = Mapping[str, Any]


def scaling_tables(result: Figures) -> list[str]:
    """Return the lines of every part that there are figures for."""
    machine = result["machine"]
    lines = [f"On {machine['cores']} cores ({machine['processor']}), every process with one thread."]
    for part, table in TABLES.items():
        if part in result:
            lines += ["", *table(result[part])]
    if "stages" in result:
        lines += ["", *paper_table(result["stages"], machine["cores"]), "", *memory_lines(result)]
    return lines


def ranks_table(figures: Figures) -> list[str]:
    """Return what two ranks and one have in common."""
    return [
        f"Two ranks beside one, at the same batch, {figures['steps']} steps (the loss falls from "
        f"{figures['first']:.3f} to {figures['last']:.3f}): the losses are never further apart than "
        f"{figures['largest_difference']:.1e}."
    ]


def stages_table(stages: Figures) -> list[str]:
    """Return speed and cost of every stage."""
    numbers = list(next(iter(stages.values())))
    lines = [
        "| stage | "
        + " | ".join(f"{n} {'process' if n == '1' else 'processes'}, a second" for n in numbers)
        + " | "
        + " | ".join(f"gain of {n} (efficiency)" for n in numbers[1:])
        + " | a million, one core |",
        "|---" * (2 * len(numbers) + 1) + "|",
    ]
    for name, measured in stages.items():
        one = measured["1"]["pictures_per_second"]
        rates = [f"{measured[n]['pictures_per_second']:,.0f}" for n in numbers]
        gains = [measured[n]["pictures_per_second"] / one for n in numbers[1:]]
        told = [f"{gain:.2f} ({gain / int(n):.0%})" for gain, n in zip(gains, numbers[1:], strict=True)]
        lines.append("| " + " | ".join([name, *rates, *told, hours(10**6 / one)]) + " |")
    return [*lines, "", *limits_table(stages)]


def limits_table(stages: Figures) -> list[str]:
    """Return where the one process that hands out and takes in becomes the bound."""
    lines = [
        "| stage | processor time of the command itself, a million | of its workers, a million | workers that keep it "
        "busy | most a second | start |",
        "|---|---|---|---|---|---|",
    ]
    for name, measured in stages.items():
        two = measured["2"]
        if name == "training" or two["own_seconds"] <= 0:
            continue
        own, other = two["own_seconds"], two["other_seconds"]
        cells = [hours(own * 10**6), hours(other * 10**6), f"{other / own:,.0f}", f"{1 / own:,.0f}"]
        lines.append(f"| {name} | " + " | ".join([*cells, f"{two['start_seconds']:.0f} s"]) + " |")
    return lines


def ray_table(stages: Figures) -> list[str]:
    """Return what Ray gives."""
    lines = ["| stage | Ray on this machine, 2 workers, a second | start |", "|---|---|---|"]
    for name, figures in stages.items():
        lines.append(f"| {name} | {figures['pictures_per_second']:,.0f} | {figures['start_seconds']:.0f} s |")
    return lines


def end_to_end_table(figures: Figures) -> list[str]:
    """Return what the whole way took."""
    lines = [
        f"The whole way of {figures['asked']:,} pictures, {figures['workers']} workers, read by "
        f"`{figures['checkpoint']}` ({figures['pictures']:,} rows, {figures['exact_match']:.1%} of them exactly), "
        f"interrupted {figures['interruptions']} times:",
        "",
        "| step | wall time | largest memory of any process |",
        "|---|---|---|",
    ]
    for name, step in [*figures["steps"].items(), ("all", figures)]:
        lines.append(f"| {name} | {hours(step['seconds'])} | {step['peak_bytes'] / 1e6:,.0f} MB |")
    return lines


def paper_table(stages: Figures, cores: int) -> list[str]:
    """Return machines, hours and bytes on paper: core-hours at one process, with the efficiency at all cores here."""
    titles = [f"{name}: {what}" for name in TARGETS for what in ("core-hours", "hours", "bytes written")]
    number = fitting(next(iter(stages.values())), cores)
    lines = [
        f"On paper, for {MACHINES} machines of {CORES} cores each: core-hours are those of one process; hours add what "
        f"is lost by the efficiency at {number} processes, and are no shorter than the command itself needs for "
        "handing out and taking in.",
        "",
        "| stage | " + " | ".join(titles) + " |",
        "|---" * (len(titles) + 1) + "|",
    ]
    for name, measured in stages.items():
        cells = [cell for count in TARGETS.values() for cell in on_paper(measured, count, cores, name != "training")]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def on_paper(measured: Figures, count: int, cores: int, handed_out: bool) -> list[str]:
    """Return core-hours, hours and bytes of a stage for so many pictures."""
    one, most = measured["1"], measured[fitting(measured, cores)]
    number = int(fitting(measured, cores))
    work = count / one["pictures_per_second"]
    efficiency = min(1.0, most["pictures_per_second"] / one["pictures_per_second"] / number)
    bound = count * measured["2"]["own_seconds"] if handed_out and "2" in measured else 0.0
    seconds = max(work / (MACHINES * CORES * efficiency), bound)
    size = f"{count * one['bytes'] / GIGABYTE:,.0f} GB" if one["bytes"] > 0 else "none"
    return [f"{work / 3600:,.0f}", f"{seconds / 3600:,.1f}", size]


def memory_lines(result: Figures) -> list[str]:
    """Return what recognising duplicates takes for the targets, where a run was large enough to tell."""
    whole, joining = result.get("end_to_end"), result["stages"]["making a data set"]["2"]
    if not whole or whole["asked"] < 10 * joining["pictures"]:
        return []
    grown = whole["steps"]["combine and split"]["peak_bytes"] - joining["peak_bytes"]
    each = grown / (whole["asked"] - joining["pictures"])
    told = " and ".join(f"{each * count / GIGABYTE:,.0f} GB for {name}" for name, count in TARGETS.items())
    return [f"Recognising duplicates took {each:,.0f} bytes a picture in the one process that does it: {told}."]


def fitting(measured: Figures, cores: int) -> str:
    """Return the largest number of processes that was measured and has a core for each."""
    return max((number for number in measured if int(number) <= cores), key=int)


def hours(seconds: float) -> str:
    """Return a time as people say it."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:,.0f} min" if seconds < 7200 else f"{seconds / 3600:,.1f} h"


TABLES = {"ranks": ranks_table, "stages": stages_table, "ray": ray_table, "end_to_end": end_to_end_table}
