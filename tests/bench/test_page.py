"""The page and the table on the screen say the same of a report: targets, peers, noise, and what we are bad at."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from bench.benchmarks import BENCHES
from bench.report import page, screen
from bench.report.page import write
from bench.report.targets import TARGETS
from bench.report.weaknesses import WEAKNESSES

BESIDE = {
    "others_percent": 2,
    "not_here": {"slurm": "not here: no slurmctld on PATH"},
    "ahead": {
        "pace": {"hyperqueue": 1.9, "xargs": 0.61},
        "cpu": {"hyperqueue": 0.95},
        "first_act_p50": {"hyperqueue": 1.2},
        "first_act_p99": {"hyperqueue": 1.1},
    },
}
RESULTS: dict[str, Any] = {
    "side_by_side": BESIDE,
    "throughput": {"of_spawn_limit": 0.52, "cpu_ms_above_spawn": 1.2, "others_percent": 3, "runs_per_s": [901, 903]},
    "latency": {"first_act_ms": {"p50": 11.5, "p99": 39}},
    "command_line": {"pending": {"door_ms": {"submit": 130.0, "jobs": 190.0}}, "others_percent": 35},
}
REPORT: dict[str, Any] = {
    "measured_at": "2026-05-01T10:00:00+00:00",
    "version": "1",
    "quick": False,
    "machine": {"processor": "a good one", "cpus": 2},
    "results": RESULTS,
    "noise": {name: {"busy_percent": 70.5, "stolen_percent": 0.5, "load1": [1.5, 2.5]} for name in RESULTS},
    "taken": {
        name: {"measured_at": f"2026-05-0{day}T10:00:00+00:00", "version": f"1.{day}", "quick": False, "seconds": 61}
        for day, name in enumerate(RESULTS, 1)
    },
    "failed": {"idle": "TimeoutError: not ready"},
}


def shown(*, whole: bool) -> str:
    """What the screen says."""
    text = io.StringIO()
    screen.show(Console(file=text, width=200), REPORT, whole=whole)
    return text.getvalue()


def line(text: str, words: str) -> str:
    """The line with these words."""
    return next(each for each in text.splitlines() if words in each)


def test_each_target_has_a_row_on_the_page_and_on_the_screen() -> None:
    markdown, drawn = write(REPORT), shown(whole=True)
    for target in TARGETS:
        assert f"| {target.what} |" in markdown
        assert screen.plain(target.what) in drawn


def test_a_row_tells_what_was_wanted_what_came_and_how_others_fared() -> None:
    markdown = write(REPORT)
    assert line(markdown, "faster than HyperQueue").endswith(
        "| > 1 × | 1.9 × | pass | 1.9 × HyperQueue, 0.61 × `xargs -P` |"
    )
    assert line(markdown, "share of the serial spawn limit |").endswith("| ≥ 0.6 | 0.52 | **missed** |  |")
    drawn = line(shown(whole=True), "faster than HyperQueue")
    assert all(word in drawn for word in ("> 1 ×", "1.9 ×", "pass", "0.61 × xargs -P"))


@pytest.mark.parametrize("command, word", [("submit", "noisy"), ("jobs", "**missed**"), ("workers", "not measured")])
def test_noise_is_told_from_a_miss(command: str, word: str) -> None:
    assert f"| {word} |" in line(write(REPORT), f"| `{command}`, the whole process")


def test_the_sum_counts_what_did_not_pass() -> None:
    assert (
        f"Of {len(TARGETS)} targets: 4 pass, 2 missed, 1 too noisy to say, {len(TARGETS) - 7} not measured."
        in write(REPORT)
    )


def test_what_we_are_bad_at_is_every_miss_and_what_was_narrow_and_where_a_peer_is_better() -> None:
    bad = write(REPORT).partition("## What we are still bad at\n")[2].partition("\n## ")[0]
    found = [each for each in bad.splitlines() if each]
    assert len([each for each in found if each.startswith("- Missed: ")]) == 2
    assert len([each for each in found if each.startswith("- Not reached, in noise: ")]) == 1
    assert len([each for each in found if each.startswith("- Reached by less than 10 %: idle submit")]) == 2
    assert len([each for each in found if " is better at: " in each]) == 2
    assert found[len(found) - len(WEAKNESSES) :] == [f"- {sentence}" for sentence in WEAKNESSES]


def test_each_run_tells_when_on_which_version_and_how_noisy_it_was() -> None:
    markdown = write(REPORT)
    assert line(markdown, "| Latency |") == "| Latency | 2026-05-03 10:00 | 1.3 | 61 s | 70.5 % | 0.5 % | 1.5, 2.5 |"
    assert "The machine: processor a good one, CPUs 2." in markdown
    assert "- Idle could not be measured: TimeoutError: not ready" in markdown


def test_every_run_is_listed() -> None:
    assert "- every run, pace, /s: 901, 903" in write(REPORT)


def test_quick_runs_are_called_quick() -> None:
    assert page.QUICK not in write(REPORT)
    assert page.QUICK in write({**REPORT, "quick": True})
    text = io.StringIO()
    screen.show(Console(file=text, width=200), {**REPORT, "quick": True}, whole=False)
    assert "quick runs" in text.getvalue()
    assert "quick runs" not in shown(whole=False)


def test_the_page_explains_itself_with_the_methods() -> None:
    markdown = write(REPORT)
    methods = {bench.name: bench.method for bench in BENCHES}
    assert all(methods[name] in markdown for name in RESULTS)


def test_a_run_of_some_shows_their_targets_alone() -> None:
    assert "agentd's memory" not in shown(whole=False)
    assert "more belong to benchmarks that were not asked for" in shown(whole=False)


def test_who_is_not_here_is_told_and_has_not_failed() -> None:
    assert "Slurm: not here: no slurmctld on PATH" in shown(whole=True)
    assert "Idle: TimeoutError: not ready" in shown(whole=True)
