"""What a submission carries to the worker: a command or a script, and the environment that it is given."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from clusterctl.cli.input.wishes import Pair
from clusterctl.model.errors import BadInput
from clusterctl.model.spec import MAX_NAME, MAX_SPEC, Spec
from clusterctl.model.validity import VARIABLE
from clusterctl.text import visible

SCRIPT_NAMES = (".sh", ".bash", ".zsh", ".py", ".pl", ".rb", ".sbatch", ".slurm")
ONLY_THERE = "if it exists only on the workers, submit `sh -c` with its path"
DIRECTIVE = re.compile(r"^#(?:SBATCH|CC)\s", re.MULTILINE)
OURS = "CLUSTERCTL_"  # settings, maybe with a password, and what an outer job was told of itself


class Payload(NamedTuple):
    """What becomes a process, and how a job is called that was given no name."""

    spec: Spec
    name: str


def read(
    words: Sequence[str], *, env: Sequence[Pair], export: str, cwd: str | None, stdout: str, stderr: str
) -> Payload:
    """A command, or a script of this machine with its arguments. Raises BadInput for a script that can be none."""
    script = None if is_of_the_path(words[0]) else read_script(words[0])
    spec = Spec(
        command=tuple(words) if script is None else tuple(words[1:]),
        script=script,
        env=environment(export, env),
        cwd=working_directory(cwd),
        stdout=stdout,
        stderr=stderr,
    )
    return Payload(spec, Path(words[0]).name[:MAX_NAME])


def is_of_the_path(word: str) -> bool:
    """Whether a shell would find *word* on PATH, and not take it for a file of this directory."""
    if "/" in word or "\0" in word:
        return False
    if not word:
        return True  # refused later, for all front ends alike
    found = shutil.which(word)
    return found is not None and not (os.path.exists(word) and os.path.samefile(found, word))


def read_script(word: str) -> str | None:
    """The text of the script at the path *word*; None for no file, or a program. Raises BadInput."""
    path = Path(word)
    try:
        if path.is_dir() and ("/" in word or path.suffix in SCRIPT_NAMES):
            raise BadInput(f"{word!a} is a directory", "name a command or a script")
        if not path.is_file():
            refuse_missing(word, path)
            return None
        if path.stat().st_size > MAX_SPEC:
            refuse_large(path)
            return None
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise BadInput(f"cannot read {word!a:.200}: {reason}", "name a command or a script") from None
    if content.startswith(b"#!") or not os.access(path, os.X_OK):
        return text_of(path, content)
    return None


def refuse_missing(word: str, path: Path) -> None:
    """BadInput for a name that looks like a script's and belongs to nothing here."""
    if path.exists() and not path.is_dir():
        raise BadInput(f"{word!a} is no regular file", "name a command or a script")
    if path.suffix in SCRIPT_NAMES or word.startswith(("./", "../")):
        raise BadInput(f"no script {word!a} here", ONLY_THERE)


def refuse_large(path: Path) -> None:
    """BadInput for a large script; a large program is not sent along."""
    with path.open("rb") as file:
        shebang = file.read(2) == b"#!"
    if shebang or not os.access(path, os.X_OK):
        raise BadInput(f"{str(path)!a} is larger than 1 MiB, the most that is sent along", "let a small script call it")


def text_of(path: Path, content: bytes) -> str:
    """A script as text. Raises BadInput."""
    if not content.strip():
        raise BadInput(f"the script {str(path)!a} is empty", "its first line says what runs it: #!/bin/sh")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise BadInput(f"{str(path)!a} is binary, not a script", "make it executable to run it as a program")
    if DIRECTIVE.search(text):
        sys.stderr.write("warning: #SBATCH and #CC lines are not read yet: say it with options of `submit`\n")
    return text if text.startswith("#!") else f"#!/bin/sh\n{text}"  # what a shell does with such a file


def environment(export: str, given: Sequence[Pair]) -> dict[str, str]:
    """The variables that go along. *export*: ``NONE``, ``ALL`` of here but what is ours, names; *given* wins.

    What was named and cannot go is said on stderr.
    """
    words = [word for word in (part.strip() for part in export.split(",")) if word and word != "NONE"]
    names = {name for name in os.environ if not name.startswith(OURS)} if "ALL" in words else set()
    names.update(word for word in words if word != "ALL")
    fit = {name: os.environ[name] for name in sorted(names) if name in os.environ and can_go(name)}
    if left := sorted(names - fit.keys()):
        sys.stderr.write(f"not exported, since not set here or not text: {visible(', '.join(left))}\n")
    return {**fit, **dict(given)}


def can_go(name: str) -> bool:
    """Whether a variable of here has a plain name and is UTF-8; what is not is held as lone surrogates."""
    plain = VARIABLE.fullmatch(name) is not None
    return plain and not any("\ud800" <= letter <= "\udfff" for letter in os.environ[name])


def working_directory(wanted: str | None) -> str:
    """An absolute path: where the job runs. Raises BadInput if here no longer exists."""
    try:
        return os.path.abspath(wanted or ".")
    except OSError:  # a relative path, and no directory that it would be relative to
        raise BadInput("the current directory no longer exists", "go elsewhere, or give --cwd") from None
