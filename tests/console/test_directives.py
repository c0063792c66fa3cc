"""Lines of a script that say how it wants to be submitted: which there are, and what those for sbatch mean."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterctl.cli.input import directives, sbatch
from clusterctl.cli.input.sbatch_options import TABLE
from clusterctl.cli.input.wishes import ArrayWish, Dependencies, Pair
from clusterctl.model.errors import BadInput
from clusterctl.model.spec import After
from tests.house.tree import ROOT


def words_of(script: str) -> list[tuple[str, ...]]:
    """Of each directive."""
    return [each.words for each in directives.read(script, "job.sh")]


def translate(*lines: str) -> sbatch.Translation:
    """What ``#SBATCH`` lines of such words mean."""
    script = "".join(f"#SBATCH {line}\n" for line in lines)
    return sbatch.translate(list(directives.read(script, "job.sh")))


def asked(*lines: str) -> dict[str, Any]:
    """What such lines ask for, warnings excluded."""
    found = translate(*lines)
    assert not found.warnings
    return {name: value for name, value in found.layer.items() if name != "slurm" and value != ()}


@pytest.mark.parametrize(
    "script, words",
    [
        ("#SBATCH -n 4\n", [("-n", "4")]),
        ("#!/bin/sh\n\n# hello\n#SBATCH -n 4\n \t\n#CC --cpus 2\necho\n", [("-n", "4"), ("--cpus", "2")]),
        ("#!/bin/sh\necho\n#SBATCH -n 4\n", []),
        ("#!/bin/sh\n  # indented\n#SBATCH -n 4\n", []),
        ("##SBATCH -n 4\n# SBATCH -n 4\n#SBATCHER -n 4\n#sbatch -n 4\n #SBATCH -n 4\n", []),
        ("#SBATCH\n#CC\n#SBATCH \t \n", [(), (), ()]),
        ("#SBATCH\t-n\t4", [("-n", "4")]),
        ("#SBATCH -J a#b # the rest 'is a comment\n", [("-J", "a#b")]),
        ("#SBATCH -J 'a b' -o x\\ y\n", [("-J", "a b", "-o", "x y")]),
        ("""#SBATCH --comment="it's" --wrap=""\n""", [("--comment=it's", "--wrap=")]),
        ('#SBATCH "a\\"b$x\\n"\n', [('a"b$x\\n',)]),
        ('#!/usr/bin/env python3\n#SBATCH -n 4\n"""Text."""\n#SBATCH -n 5\n', [("-n", "4")]),
    ],
)
def test_directives_stand_in_the_comments_at_the_top(script: str, words: list[tuple[str, ...]]) -> None:
    assert words_of(script) == words


@pytest.mark.parametrize("line", ["#SBATCH -J 'a", '#CC --name "b', "#SBATCH -J a\\"])
def test_half_a_quotation_is_named_with_its_line(line: str) -> None:
    with pytest.raises(BadInput, match=r"job\.sh, line 2: a quotation that does not end"):
        words_of(f"#!/bin/sh\n{line}\n")


@given(st.lists(st.text(st.characters(blacklist_characters="\n\0", blacklist_categories=["Cs"]), min_size=1)))
def test_words_quoted_as_for_a_shell_are_read_as_it_would(words: list[str]) -> None:
    assert words_of(f"#CC {shlex.join(words)}\n") == [tuple(words)]


def refusal(script: str) -> str:
    """Why it is refused; empty if it is read."""
    try:
        found = list(directives.read(script, "job.sh"))
        sbatch.translate([each for each in found if each.kind == "SBATCH"])
    except BadInput as error:
        return str(error)
    return ""


@given(st.text(), st.sampled_from(["CC", "SBATCH"]))
def test_whatever_stands_in_a_directive_it_is_read_or_refused(text: str, kind: str) -> None:
    assert re.match(r"job\.sh, line \d+: |$", refusal(f"#{kind} {text}"))


OPTIONS = [name for known in TABLE for name in known.names]


@given(st.lists(st.tuples(st.sampled_from(OPTIONS), st.text(max_size=12) | st.integers().map(str)), max_size=4))
def test_an_option_of_sbatch_with_any_value_is_read_or_refused(options: list[tuple[str, str]]) -> None:
    line = shlex.join([word for option in options for word in option]).replace("\n", " ")
    assert re.match(r"job\.sh, line 1: |$", refusal(f"#SBATCH {line}"))


def after(*pairs: tuple[int, str]) -> tuple[Dependencies, ...]:
    """What ``--after`` makes of these."""
    return tuple(Dependencies((After(job, condition),)) for job, condition in pairs)  # type: ignore[arg-type]  # ours


@pytest.mark.parametrize(
    "line, layer",
    [
        ("-c4", {"cpus": 4000, "env": (Pair("SLURM_CPUS_PER_TASK", "4"),)}),
        ("-c 4", {"cpus": 4000, "env": (Pair("SLURM_CPUS_PER_TASK", "4"),)}),
        ("--cpus-per-task=4", {"cpus": 4000, "env": (Pair("SLURM_CPUS_PER_TASK", "4"),)}),
        ("--cpus-per-task 4", {"cpus": 4000, "env": (Pair("SLURM_CPUS_PER_TASK", "4"),)}),
        ("--cpus=4", {"cpus": 4000, "env": (Pair("SLURM_CPUS_PER_TASK", "4"),)}),
        ("--mem=4G", {"memory": 4096}),
        ("--mem 4000M", {"memory": 4000}),
        ("--mem=4000", {"memory": 4000}),
        ("-t 90", {"time_limit": 5400}),
        ("-t 1:30", {"time_limit": 90}),
        ("-t 1-12", {"time_limit": 36 * 3600}),
        ("--time=1-12:30", {"time_limit": 36 * 3600 + 1800}),
        ("--time=02:00:00", {"time_limit": 7200}),
        ("-t 0", {"time_limit": None}),
        ("-t UNLIMITED", {"time_limit": None}),
        ("-J name", {"name": "name"}),
        ("--job-name='two words'", {"name": "two words"}),
        ("-a 0-9%2", {"array": ArrayWish(tuple(range(10)), 2)}),
        ("--array=1,3,5-9:2", {"array": ArrayWish((1, 3, 5, 7, 9), None)}),
        ("-o out_%A_%a.log -e err", {"stdout": "out_%A_%a.log", "stderr": "err"}),
        ("-D /tmp", {"cwd": "/tmp"}),
        ("--dependency=afterok:12:13,afterany:14", {"after": after((12, "ok"), (13, "ok"), (14, "any"))}),
        ("-d afternotok:7", {"after": after((7, "notok"))}),
        ("--depend=afterok:4-5", {"after": (Dependencies((After(4), After(5))),)}),
        ("-p gpu", {"labels": (Pair("partition", "gpu"),)}),
        ("--requeue", {"on_worker_loss": "requeue"}),
        ("--no-requeue", {"on_worker_loss": "fail"}),
        ("--export=ALL", {"export": "ALL"}),
        ("--export=NIL", {"export": "NONE"}),
        ("--export=PATH,A,B=1", {"export": "PATH,A", "env": (Pair("B", "1"),)}),
        ("--export=B=1", {"export": "NONE", "env": (Pair("B", "1"),)}),
        ("-A physics", {"tenant": "physics"}),
        ("-N 1", {}),
        ("--nodes=1-1", {}),
        ("--gres=gpu:2", {"gpus": 2}),
        ("--gres=gpu:a100:2,gpu:v100:1", {"gpus": 3}),
        ("--gres=gpu", {"gpus": 1}),
        ("--gres=gpu:a100", {"gpus": 1}),
        ("-G 3", {"gpus": 3}),
        ("--gpus=a100:2", {"gpus": 2}),
        ("-w node7", {"worker": "node7"}),
        ("--nice", {"priority": 25}),
        ("--nice=0", {}),
        ("--nice=-5", {}),
        ("--priority=80", {"priority": 80}),
        ("-H", {"hold": True}),
        ("-HW", {"hold": True, "wait": True}),
        ("--parsable", {"parsable": True}),
    ],
)
def test_a_line_for_sbatch_means_what_it_means_there(line: str, layer: dict[str, Any]) -> None:
    assert asked(line) == layer


def test_tasks_share_the_cpus_and_are_told_how_many_they_are() -> None:
    found = asked("-n 4", "-c 2", "--mem-per-cpu=500M", "--gpus-per-task=1")
    env = {"SLURM_CPUS_PER_TASK": "2", "SLURM_NTASKS": "4", "SLURM_NPROCS": "4", "SLURM_MEM_PER_CPU": "500"}
    assert {name: found[name] for name in ("cpus", "memory", "gpus")} == {"cpus": 8000, "memory": 4000, "gpus": 4}
    assert dict(found["env"]) == env
    assert asked("--ntasks-per-node=3")["cpus"] == 3000
    assert asked("-n 2", "--ntasks-per-node=3")["cpus"] == 2000


def test_of_an_option_that_stands_there_twice_the_later_holds() -> None:
    assert asked("--mem=1G", "--mem=2G --mem 3G") == {"memory": 3072}


@pytest.mark.parametrize(
    "line, warning",
    [
        ("--mail-type=END", "#SBATCH --mail-type is not understood"),
        ("--mail-type END --mem=1G", "#SBATCH --mail-type is not understood"),
        ("--exclusive --mem=1G", "#SBATCH --exclusive is not understood"),
        ("--frobnicate x --mem=1G", "#SBATCH --frobnicate is not understood"),
        ("-Z --mem=1G", "#SBATCH -Z is not understood"),
        ("--mem=1G words", "#SBATCH words is not understood"),
        ("--m=1G --mem=1G", "#SBATCH --m is not understood"),
        ("-N 4 --mem=1G", "#SBATCH --nodes: a job has one worker here, so it gets one"),
        ("--dependency=singleton --mem=1G", "#SBATCH --dependency: singleton is not known here"),
        ("-p a,b --mem=1G", "#SBATCH -p: of several only the first is taken, a"),
        ("-w a,b --mem=1G", "#SBATCH -w: a job has one worker here, so it gets a"),
        ("--gres=shard:1 --mem=1G", "#SBATCH --gres: of these only gpu is known here"),
        ("--\x1b[2J --mem=1G", r"#SBATCH --\e[2J is not understood"),
    ],
)
def test_what_means_nothing_here_is_warned_of_and_the_rest_is_read(line: str, warning: str) -> None:
    found = translate("", line.replace("-N", "--nodes"))
    (told,) = found.warnings
    assert told.startswith(f"job.sh, line 2: {warning}")
    assert "memory" in found.layer or "mail-type=END" in line


@pytest.mark.parametrize(
    "line, sentence",
    [
        ("-c none", "#SBATCH -c: 'none' is not a whole number from 1"),
        ("-c 0", "#SBATCH -c: '0' is not a whole number"),
        ("-c=4", "#SBATCH -c: '=4' is not"),
        ("-c", "#SBATCH -c lacks its value"),
        ("--mem=much", "#SBATCH --mem: 'much' is not an amount of memory"),
        ("--mem=", "#SBATCH --mem: an amount of memory is missing"),
        ("-t soon", "#SBATCH -t: 'soon' is not a duration"),
        ("-a 5-1", "#SBATCH -a: '5-1' is not an array: 5-1 runs backwards"),
        ("-a @file", "#SBATCH -a: '@file' is not an array"),
        ("-J ''", "#SBATCH -J: a name has 1 to 200 characters"),
        ("-A a/b", "#SBATCH -A: 'a/b' is no tenant"),
        ("--dependency=aftercorr:7", "'aftercorr:7' cannot be waited for"),
        ("--dependency=afterok", "'afterok' cannot be waited for"),
        ("--dependency=afterok:x", "#SBATCH --dependency: 'x' is not a list of job numbers"),
        ("--dependency=afterok:7?afterok:8", "one of several (?) cannot be waited for here"),
        ("--gres=gpu:2:3", "#SBATCH --gres: 'gpu:2:3' is no number of GPUs"),
        ("-G many", "#SBATCH -G: 'many' is no number of GPUs"),
        ("--export=1=2", "#SBATCH --export: '1' is no variable's name"),
        ("--hold=yes", "#SBATCH --hold takes no value"),
        ("--nice=very", "'very' is no adjustment"),
        ("-N all", "'all' is no number of nodes"),
        ("-n 99999999", "#SBATCH lines together: '99999999' is not a number of CPUs"),
    ],
)
def test_a_value_that_makes_no_sense_is_named_with_its_line(line: str, sentence: str) -> None:
    with pytest.raises(BadInput) as refused:
        translate("--requeue", line)
    assert str(refused.value).startswith("job.sh, line 2: ")
    assert sentence in str(refused.value)


def test_the_manual_tells_what_is_made_of_each() -> None:
    page = (ROOT / "docs/howto/scripts.md").read_text(encoding="utf-8")
    for known in TABLE:
        written = ", ".join(f"`{name}`" for name in known.names)
        assert re.search(rf"^\| {re.escape(written)} \| {re.escape(known.ours)} \|$", page, re.MULTILINE), written


@pytest.mark.parametrize(
    "script, missing",
    [
        ("#!/bin/sh\nsrun ./x\n", ["srun"]),
        ("#!/bin/sh\n  OMP_NUM_THREADS=4 srun -n 4 ./x\nscontrol show job\n", ["scontrol", "srun"]),
        ("#!/bin/sh\necho srun\n# srun\nsrun_all=1\nsrun() { :; }\n./srun\n", []),
    ],
)
def test_programs_of_slurm_that_a_script_calls_are_known(
    script: str, missing: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")  # Slurm may be installed on the machine of the tests
    assert sbatch.missing_programs(script) == missing
