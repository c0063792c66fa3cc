"""A job's environment is clean."""

from __future__ import annotations

import pytest

from agentd.environment import PATH, clean_environment
from clusterctl.model.orders import Order
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
