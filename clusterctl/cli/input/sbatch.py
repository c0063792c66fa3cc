"""What ``#SBATCH`` lines mean here. What has no meaning here is warned of, never an error: the script shall run."""

from __future__ import annotations

import re
import shutil
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from clusterctl.cli.input.directives import Directive
from clusterctl.cli.input.sbatch_options import TABLE, Draft, Unfit
from clusterctl.text import visible

PROGRAMS = ("srun", "sbatch", "scontrol", "scancel", "squeue", "sacct")
BY_NAME = {name: known for known in TABLE for name in known.names}
# What Slurm knows and we do not: so that a shortened name is not taken for another, and a value not for a word.
FLAGS = ("--contiguous", "--exclusive", "--get-user-env", "--kill-on-invalid-dep", "--no-kill", "--oversubscribe",
         "--overcommit", "--quiet", "--reboot", "--spread-job", "--test-only", "--use-min-nodes", "--verbose",
         "-Q", "-s", "-O", "-k", "-v")  # fmt: skip
VALUED = ("--begin", "--clusters", "--comment", "--constraint", "--core-spec", "--cores-per-socket", "--deadline",
          "--delay-boot", "--distribution", "--exclude", "--export-file", "--extra-node-info", "--gid", "--hint",
          "--input", "--licenses", "--mail-type", "--mail-user", "--mem-bind", "--mem-per-gpu", "--mincpus",
          "--network", "--nodefile", "--open-mode", "--power", "--profile", "--propagate", "--qos", "--reservation",
          "--signal", "--sockets-per-node", "--switches", "--thread-spec", "--threads-per-core", "--time-min", "--tmp",
          "--uid", "--wait-all-nodes", "--wckey", "--wrap", "-b", "-C", "-F", "-i", "-L", "-M", "-m", "-q", "-S",
          "-x")  # fmt: skip
EVERY = frozenset((*BY_NAME, *FLAGS, *VALUED))


class Translation(NamedTuple):
    """What the lines ask for, and a sentence for each that is not as it was meant."""

    layer: dict[str, Any]
    warnings: tuple[str, ...]


def translate(directives: Sequence[Directive]) -> Translation:
    """What these lines mean; of an option that is there twice the later holds. Raises BadInput that names the line."""
    draft, warnings = Draft(), dict[str, None]()  # in their order, each once
    for directive in directives:
        for option, value in options_of(directive):
            known = BY_NAME.get(option)
            if known is None:
                warnings[f"{directive.at}: #SBATCH {visible(option, 60)} is not understood"] = None
                continue
            try:
                known.read(draft, value)
            except Unfit as unfit:
                warnings[f"{directive.at}: #SBATCH {option}: {unfit}"] = None
            except ValueError as error:
                raise directive.trouble(f"#SBATCH {option}: {error}") from None
    try:
        return Translation(draft.finished(), tuple(warnings))
    except ValueError as error:
        raise directives[-1].trouble(f"#SBATCH lines together: {error}") from None


def options_of(directive: Directive) -> Iterator[tuple[str, str]]:
    """The options of a line with their values, by the rules of getopt_long(3). Raises BadInput for one without its."""
    words = deque(directive.words)
    while words:
        word = words.popleft()
        if not word.startswith("-") or word in ("-", "--"):
            yield word, ""
            continue
        name, sign, value = word.partition("=") if word.startswith("--") else (word[:2], word[2:], word[2:])
        name = full_name(name)
        if takes_value(name, words) and not sign:
            if not words:
                raise directive.trouble(f"#SBATCH {visible(name, 60)} lacks its value")
            yield name, words.popleft()
        elif sign and name in BY_NAME and not BY_NAME[name].value:
            if word.startswith("--"):
                raise directive.trouble(f"#SBATCH {name} takes no value")
            yield name, ""
            words.appendleft(f"-{value}")  # -HW is -H -W
        else:
            yield name, value


def full_name(name: str) -> str:
    """The long option that *name* begins, if there is only one."""
    if name in EVERY or not name.startswith("--") or len(name) < 4:
        return name
    longer = [each for each in EVERY if each.startswith(name)]
    return longer[0] if len(longer) == 1 else name


def takes_value(name: str, rest: deque[str]) -> bool:
    """Whether the next word is its value. Of an option that nobody knows: if it does not look like another."""
    if name in BY_NAME:
        return BY_NAME[name].value not in ("", "[N]")
    return name in VALUED or (name not in FLAGS and bool(rest) and not rest[0].startswith("-"))


def missing_programs(script: str) -> list[str]:
    """Programs of Slurm that *script* seems to call, and which this machine has not."""
    called = re.findall(rf"^[ \t]*(?:\w+=\S*[ \t]+)*({'|'.join(PROGRAMS)})\b(?![=(])", script, re.MULTILINE)
    return sorted({name for name in called if shutil.which(name) is None})
