"""Slips of an operator, and what the command line makes of them: it says what was meant, or what was left out."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest

from clusterctl.cli import root
from clusterctl.cli.commands.config import SETTINGS
from clusterctl.cli.commands.workers import WORKERS
from clusterctl.cli.display.audit_rows import AUDIT
from clusterctl.cli.display.claim_rows import CLAIMS
from clusterctl.cli.display.job_rows import JOBS
from clusterctl.cli.display.listing import Listing, read_filter
from clusterctl.cli.display.mends import FINDINGS
from clusterctl.cli.display.service_rows import SERVICES
from clusterctl.cli.display.tenant_rows import TENANTS
from clusterctl.model.exits import ExitCode
from clusterctl.model.registration import Registered
from clusterctl.model.states import Outcome
from clusterctl.store import jobs
from tests.console.conftest import Run
from tests.console.test_bad_input import assert_told
from tests.store.scene import Scene

OTHERS: dict[str, Listing[Any]] = {
    "workers": WORKERS,
    "claims": CLAIMS,
    "audit": AUDIT,
    "tenants": TENANTS,
    "services": SERVICES,
    "doctor": FINDINGS,
    "config": SETTINGS,
}


@pytest.mark.parametrize(
    "argv, meant",
    [
        ("requeue --filter state:fialed", "did you mean failed?"),
        ("cancel --filter state:Running,pnding", "did you mean pending?"),
        ("wait --filter state:fialed", "did you mean failed?"),
        ("jobs --filter kind:bacth", "did you mean batch?"),
        ("workers --filter live_state:upp", "did you mean up?"),
        ("claims --filter event:foo", "one of Claimed, ClaimSkipped, Released"),
        ("jobs --filter 'state:failed OR state:timeout'", "state:failed,timeout"),
        ("cancel --filter '(state:failed)'", "state:failed,timeout"),
        ("jobs --filter stat:failed", "did you mean state?\n"),
        ("workers --filter 'cpus>1'", "for example cpus.total>1"),
    ],
)
def test_a_slip_in_a_filter_is_refused_with_what_was_meant_and_nothing_is_done(
    run: Run, scene: Scene, argv: str, meant: str
) -> None:
    ids = scene.jobs(2)
    said = run(*shlex.split(argv))
    assert said.code == ExitCode.USAGE
    assert_told(said, "the filter's term")
    assert meant in said.err
    assert scene.states(ids) == ["pending", "pending"]


def commands_with_filters() -> dict[str, Any]:
    """Every command that takes --filter, by name."""
    console = root.console()
    found = {name: console.get_command(None, name) for name in console.list_commands(None)}
    return {name: each for name, each in found.items() if any("--filter" in param.opts for param in each.params)}


def examples_of(command: Any) -> list[str]:
    """The filters in a command's help: those of the option, and those of the lines that can be typed."""
    (option,) = [param for param in command.params if "--filter" in param.opts]
    lines = [line.strip().partition("#")[0] for line in (command.help or "").splitlines() if "$ " in line]
    words = [shlex.split(line.partition("|")[0]) for line in lines if "--filter" in line.partition("|")[0]]
    return [*re.findall("'([^']+)'", option.help), *(each[each.index("--filter") + 1] for each in words)]


@pytest.mark.parametrize("name", sorted(commands_with_filters()))
def test_every_example_of_a_filter_can_be_read_by_the_command_that_gives_it(name: str) -> None:
    examples = examples_of(commands_with_filters()[name])
    assert examples
    for example in examples:
        assert read_filter(OTHERS.get(name, JOBS), example)


def test_numbers_for_the_next_program_are_not_cut_off_unasked(run: Run, scene: Scene) -> None:
    scene.jobs(600)
    said = run("jobs", "-o", "ids")
    assert (len(said.out.split()), said.err) == (600, "")
    assert len(run("jobs", "-o", "ids", "--limit", "7").out.split()) == 7
    said = run("jobs", "-o", "jsonl")
    assert (len(said.out.splitlines()), said.err) == (500, "… 100 more; --limit shows them\n")


def test_ended_jobs_that_are_too_old_to_be_listed_are_mentioned_when_such_were_asked_for(
    run: Run, scene: Scene, worker: Registered
) -> None:
    old, new, other = (scene.jobs()[0] for _ in range(3))
    for job in (old, new):
        scene.finish(worker, job, code=3)
    scene.db.run("UPDATE jobs SET finished_at = finished_at - interval '2 h' WHERE id = %s", old)
    told = "… and others that ended more than an hour ago; --all shows them\n"
    for argv in (["--state", "failed"], ["--filter", "state:fail*,lost"], ["--state", "failed", "--name", ""]):
        said = run("jobs", *argv, "-o", "ids")
        assert (said.out, said.err) == (f"{new}\n", told)
    assert run("jobs", "--state", "failed,running", "-o", "ids").err == told
    for line in ("", "--state pending", "--state failed --all", "--state timeout", f"{old}-{other} --state failed"):
        assert told not in run("jobs", *line.split()).err


def test_cancelling_what_is_being_requeued_says_who_wanted_that_wherever_one_looks(
    run: Run, scene: Scene, worker: Registered
) -> None:
    (job,) = scene.jobs()
    (order,), token = scene.run(worker, [job])
    run("requeue", str(job), "--reason", "again")
    assert "  stopping    requeued: stopped to run again by " in run("job", str(job)).out
    run("cancel", str(job), "--reason", "no, stop it")
    assert ": no, stop it" in run("job", str(job)).out
    run("cancel", str(job), "--reason", "me too")
    scene.end(order, token, Outcome.REQUEUED)
    card = run("job", str(job)).out
    assert re.search("  ended +cancelled by .*: no, stop it\n", card)


def test_a_job_that_is_submitted_again_and_its_origin_name_each_other(
    run: Run, scene: Scene, worker: Registered
) -> None:
    old, other = scene.jobs()[0], scene.jobs()[0]
    for job in (old, other):
        scene.finish(worker, job, code=3)
    run("requeue", f"{old},{other}", "--reason", "disk")
    new = other + 1
    assert f"  again       job {new}\n" in run("job", str(old)).out
    assert f"  again of    job {old}\n" in run("job", str(new)).out
    assert f"again_of={old}" in run("audit", "--job", str(new)).out
    assert f"again={new}" in run("audit", "--job", str(old)).out
    table = run("audit", "-o", "wide").out
    assert f"job:{old},{other} (2)" in table or f"job:{old}-{other} (2)" in table
    assert "submit again" in table
    assert len(table.splitlines()) == 3


def test_a_job_that_rests_says_until_when_and_why(run: Run, scene: Scene, worker: Registered) -> None:
    (job,) = scene.jobs(retries=3)
    scene.finish(worker, job, code=3)
    card = run("job", str(job)).out
    assert re.search("  waits +not_before: rests until .* UTC, after a failed attempt: exit code 3\n", card)


def test_a_job_that_can_never_start_is_told_when_it_is_submitted(run: Run, scene: Scene, worker: Registered) -> None:
    (parent,) = scene.jobs()
    scene.finish(worker, parent)
    said = run("submit", "--after", f"{parent}:notok", "true")
    why = f"it comes after {parent}, which ended otherwise (completed)"
    assert (said.code, said.out) == (0, f"Submitted job {parent + 1}\n")
    assert f"warning: job {parent + 1} is cancelled already: {why}\n" in said.err
    assert f"dependency_never: {why}\n" in run("job", str(parent + 1)).out
    assert "cancelled" not in run("submit", "--after", f"{parent}:ok", "true").err


def test_an_attempt_that_has_not_ended_runs(run: Run, scene: Scene, worker: Registered) -> None:
    (job,) = scene.jobs()
    scene.reserve(worker, [job])
    assert run("job", str(job)).out.splitlines()[-1].split()[-1] == "starts"
    scene.start(worker)
    assert run("job", str(job)).out.splitlines()[-1].split()[-1] == "runs"


def test_one_gpu_is_not_several(run: Run, scene: Scene) -> None:
    run("submit", "--gpus", "1", "true")
    run("submit", "--gpus", "2", "true")
    assert "1 GPU\n" in run("job", "1").out
    assert "2 GPUs\n" in run("job", "2").out


def test_help_says_that_a_script_is_not_asked(run: Run) -> None:
    for verb in ("cancel", "hold", "release", "requeue"):
        assert "a script is not" in " ".join(run(verb, "--help").out.split())


def test_a_job_that_was_cancelled_before_it_ran_says_by_whom(run: Run, scene: Scene) -> None:
    (job,) = scene.jobs()
    run("cancel", str(job), "--reason", "wrong input")
    assert re.search("  ended +cancelled by .*: wrong input\n", run("job", str(job)).out)
    assert jobs.cancel(scene.db, [job], "late")[0].outcome == "ended"
