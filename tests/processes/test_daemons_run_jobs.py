"""What the real daemons make of a job: its environment, its output, its limits and its end."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from clusterctl import operations
from tests.processes.place import Place, is_alive
from tests.until import until


def test_a_job_that_ignores_term_is_killed_with_all_its_tree(place: Place) -> None:
    place.schedd()
    place.agentd()
    stubborn = "trap '' TERM; echo $$ >> pids; "
    tree = f'{stubborn} (setsid sh -c "{stubborn} while :; do sleep 100; done" &); while :; do sleep 100; done'
    (job,) = place.submit(tree.replace("$$", "\\$\\$", 0))
    pids = place.directory / "pids"
    until(lambda: pids.exists() and len(pids.read_text().split()) == 2)
    tree_pids = [int(pid) for pid in pids.read_text().split()]
    began = time.monotonic()
    operations.cancel(place.cluster, [job])
    place.await_end(job)
    assert time.monotonic() - began < 20, "it is given a second here, and half a minute by default"
    assert place.ends(job) == [("cancelled", "cancelled", None, 9)]
    assert not any(map(is_alive, tree_pids))
    assert place.held_milli() == 0


def test_a_time_limit_ends_a_job(place: Place) -> None:
    place.schedd()
    place.agentd()
    job = place.run("while :; do sleep 100; done", time_limit_s=1)
    assert place.ends(job) == [("timeout", "time_limit", None, 15)]


def test_a_memory_limit_ends_a_job_and_says_how_much_it_used(place: Place) -> None:
    place.schedd()
    place.agentd()
    hog = f"exec {sys.executable} -c 'x = bytearray(200 << 20); import signal; signal.pause()'"
    job = place.run(hog, memory_mb=60)
    assert place.ends(job) == [("failed", "out_of_memory", None, 9)]
    detail = str(place.cluster.db.value("SELECT detail FROM jobs"))
    assert detail.startswith("used 2")
    assert detail.endswith(" MiB of 60 MiB")


def test_a_directory_that_is_not_there_fails_the_job_with_that_reason(place: Place) -> None:
    place.schedd()
    place.agentd()
    job = place.run("true", cwd="/nowhere/at/all")
    assert place.ends(job) == [("failed", "start_failed", None, None)]
    detail = place.cluster.db.value("SELECT detail FROM jobs")
    assert detail == "working directory /nowhere/at/all does not exist"
    assert place.held_milli() == 0


def test_a_signal_that_ends_a_job_is_told(place: Place) -> None:
    place.schedd()
    place.agentd()
    job = place.run("kill -SEGV $$")
    assert place.ends(job) == [("failed", "exited", None, 11)]


def test_output_goes_where_it_was_asked_to_and_a_retry_adds_to_it(place: Place) -> None:
    place.schedd()
    place.agentd()
    both = place.run("echo out; echo err >&2")
    assert place.output(both) == "out\nerr\n"
    apart = place.run("echo out; echo err >&2", name="n/x", stdout="%x-%j.out", stderr="%x-%j.err")
    assert (place.directory / f"n_x-{apart}.out").read_text() == "out\n"
    assert (place.directory / f"n_x-{apart}.err").read_text() == "err\n"
    again = place.run("echo $CLUSTERCTL_ATTEMPT; exit $((2 - CLUSTERCTL_ATTEMPT))", retries=1, stdout="again")
    assert (place.directory / "again").read_text() == "1\n2\n"
    assert place.ends(again) == [("completed", "exited", 0, None)]


def test_a_jobs_environment_is_clean_and_says_who_it_is(place: Place) -> None:
    place.schedd()
    place.agentd()
    first, second = place.submit("env -0", 2, cpus=1.5, memory_mb=64, env={"GREETING": "a=b c"})
    place.await_end(first, second)
    environment = dict(line.split("=", 1) for line in place.output(second).rstrip("\0").split("\0"))
    for name in ("PWD", "SHLVL", "_", "OLDPWD"):  # the shell's own
        environment.pop(name, None)
    allocation = environment.pop("CLUSTERCTL_ALLOCATION_ID")
    assert allocation == str(place.cluster.db.value("SELECT id FROM allocations WHERE job_id = %s", second))
    for name in ("HOME", "USER", "LANG", "PATH", "CLUSTERCTL_START_TOKEN"):
        assert environment.pop(name)
    assert environment == {
        "GREETING": "a=b c",
        "CLUSTERCTL_JOB_ID": str(second),
        "CLUSTERCTL_ATTEMPT": "1",
        "CLUSTERCTL_ARRAY_ID": str(first),
        "CLUSTERCTL_ARRAY_INDEX": "1",
        "CLUSTERCTL_WORKER": "w1",
        "CLUSTERCTL_CPUS": "1.5",
        "CLUSTERCTL_MEMORY_MB": "64",
        "SLURM_JOB_ID": str(second),
        "SLURM_ARRAY_JOB_ID": str(first),
        "SLURM_ARRAY_TASK_ID": "1",
        "SLURM_CPUS_PER_TASK": "2",
    }


def test_the_database_url_stands_in_no_environment_that_a_job_can_read(place: Place) -> None:
    place.schedd()
    place.agentd()
    job = place.run("cat /proc/$PPID/environ; tr '\\0' '\\n' < /proc/$PPID/cmdline")
    assert "DATABASE_URL" not in place.output(job)
    assert "postgresql" not in place.output(job)


def test_ten_jobs_of_eight_cpus_share_sixteen_two_at_a_time(place: Place) -> None:
    place.schedd()
    place.agentd(cpus=16)
    # They wait for each other: however slow the machine is, there are two at a time once.
    two_at_once = "awk '/begin/ {n++} /end/ {n--} n > 1 {seen = 1} END {exit !seen}' ledger"
    script = f"echo begin >> ledger; until {two_at_once}; do sleep 0.05; done; echo end >> ledger"
    jobs = place.submit(script, 10, cpus=8)
    place.await_end(*jobs)
    assert place.states(*jobs) == ["completed"] * 10
    running, most = 0, 0
    for word in (place.directory / "ledger").read_text().split():
        running += 1 if word == "begin" else -1
        most = max(most, running)
    assert most == 2
    assert running == 0


def test_a_script_larger_than_a_socket_buffer_runs_whole(place: Place, tmp_path: Path) -> None:
    place.schedd()
    place.agentd()
    place.run("test ${#LARGE} = 120000 && touch whole", env={"LARGE": "x" * 120_000})
    assert (tmp_path / "whole").exists()
