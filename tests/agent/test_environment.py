"""A job's environment is clean."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from agentd.environment import PATH, clean_environment
from clusterctl.model.orders import Order
from clusterctl.model.spec import Span
from tests.agent.rig import Rig, RigMaker, order, shell


def environment_of(rig: Rig, each: Order) -> dict[str, str]:
    """What ``env`` says when *each* runs it."""
    rig.run(each)
    return dict(line.split("=", 1) for line in rig.output(each.allocation_id).splitlines())


def test_a_job_sees_the_base_its_own_variables_and_the_clusters(rig: Rig) -> None:
    seen = environment_of(rig, order(5, "env", array=(3, 2), attempt=1, env={"MINE": "a b"}, memory_mb=512))
    base = dict(clean_environment())
    assert seen.pop("CLUSTERCTL_START_TOKEN")
    assert seen == base | {
        "MINE": "a b",
        "CLUSTERCTL_JOB_ID": "5",
        "CLUSTERCTL_ATTEMPT": "1",
        "CLUSTERCTL_ALLOCATION_ID": "5",
        "CLUSTERCTL_ARRAY_ID": "3",
        "CLUSTERCTL_ARRAY_INDEX": "2",
        "CLUSTERCTL_WORKER": "w1",
        "CLUSTERCTL_CPUS": "1",
        "CLUSTERCTL_MEMORY_MB": "512",
        "SLURM_JOB_ID": "5",
        "SLURM_ARRAY_JOB_ID": "3",
        "SLURM_ARRAY_TASK_ID": "2",
        "SLURM_CPUS_PER_TASK": "1",
    }
    assert base["PATH"] == PATH
    assert {"HOME", "USER", "LANG"} <= base.keys() <= {"PATH", "HOME", "USER", "LANG", "TZ"}


def of_sbatch(each: Order, **changes: Any) -> Order:
    """The same for a script that was written for sbatch."""
    return replace(each, user="ann", spec=replace(each.spec, slurm=True, **changes))


def test_a_script_for_sbatch_is_told_what_slurm_would_tell(rig: Rig) -> None:
    span = Span(count=3, first=2, last=6, step=2)
    each = order(5, "env", array=(3, 4), name="sim", cwd="/tmp", memory_mb=512)
    seen = environment_of(rig, of_sbatch(each, array=span))
    told = {name.removeprefix("SLURM_"): value for name, value in seen.items() if name.startswith("SLURM")}
    assert told == {
        "JOB_ID": "5", "JOBID": "5", "JOB_NAME": "sim", "JOB_USER": "ann", "SUBMIT_DIR": "/tmp", "RESTART_COUNT": "0",
        "ARRAY_JOB_ID": "3", "ARRAY_TASK_ID": "4", "ARRAY_TASK_COUNT": "3", "ARRAY_TASK_MIN": "2",
        "ARRAY_TASK_MAX": "6", "ARRAY_TASK_STEP": "2", "JOB_NUM_NODES": "1", "NNODES": "1", "NODEID": "0",
        "PROCID": "0", "LOCALID": "0", "NTASKS": "1", "NPROCS": "1", "CPUS_PER_TASK": "1", "CPUS_ON_NODE": "1",
        "JOB_CPUS_PER_NODE": "1", "JOB_NODELIST": "w1", "NODELIST": "w1", "SLURMD_NODENAME": "w1",
        "MEM_PER_NODE": "512",
    }  # fmt: skip


def test_a_submission_says_how_tasks_share_the_cpus_but_not_which_job_it_is(rig: Rig) -> None:
    given = {"SLURM_NTASKS": "4", "SLURM_CPUS_PER_TASK": "2", "SLURM_SUBMIT_DIR": "/home", "SLURM_JOB_ID": "99"}
    seen = environment_of(rig, of_sbatch(order(5, "env", env=given)))
    assert {name: seen[name] for name in given} == given | {"SLURM_JOB_ID": "5"}


def test_a_job_of_an_array_is_told_its_line(rig: Rig) -> None:
    line = "a 'b' $HOME %j ü"
    seen = environment_of(rig, replace(order(5, "env", array=(3, 2)), array_line=line))
    assert seen["CLUSTERCTL_ARRAY_LINE"] == line
    assert "CLUSTERCTL_ARRAY_LINE" not in environment_of(rig, order(6, "env", array=(3, 3)))


def test_a_file_of_output_is_called_after_job_user_and_worker(rig: Rig, tmp_path: Path) -> None:
    each = order(5, "echo", "hello", array=(3, 7), name="sim", cwd=str(tmp_path), stdout="%u-%N-%x-%A-%4a")
    rig.run(replace(each, user="ann"))
    assert (tmp_path / "ann-w1-sim-3-0007").read_text() == "hello\n"


def test_nothing_of_the_daemons_environment_reaches_a_job_or_its_supervisor(
    make_rig: RigMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLUSTERCTL_DATABASE_URL", "postgresql://user:secret@db")
    rig = make_rig()
    script = "cat /proc/$$/environ /proc/$PPID/environ"
    assert rig.run(shell(1, script)).exit_code == 0
    assert "CLUSTERCTL_JOB_ID" in rig.output(1)
    assert "secret" not in rig.output(1)


def test_a_job_cannot_pretend_to_be_another(rig: Rig) -> None:
    seen = environment_of(rig, order(5, "env", env={"CLUSTERCTL_ALLOCATION_ID": "6", "PATH": "/bin:/usr/bin"}))
    assert seen["CLUSTERCTL_ALLOCATION_ID"] == "5"
    assert seen["PATH"] == "/bin:/usr/bin"


def test_gpus_are_given_to_one_job_at_a_time(make_rig: RigMaker) -> None:
    rig = make_rig(gpus=3)
    show = "echo gpus=$CUDA_VISIBLE_DEVICES; echo ready; sleep 1000"
    for number, gpus in ((1, 2), (2, 1), (3, 0)):
        rig.start_until_ready(shell(number, show, gpus=gpus))
    assert [rig.output(number).split("\n")[0] for number in (1, 2, 3)] == ["gpus=0,1", "gpus=2", "gpus="]
    rig.stop(1)
    rig.start_until_ready(shell(4, show, gpus=1))
    assert rig.output(4).startswith("gpus=0\n")
