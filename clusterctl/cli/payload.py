"""What a submission carries to the worker: a command or a script, and the environment that it is given."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from clusterctl.model.errors import BadInput
from clusterctl.model.spec import MAX_NAME, MAX_SPEC
from clusterctl.model.validity import VARIABLE

SCRIPT_NAMES = (".sh", ".bash", ".zsh", ".py", ".pl", ".rb", ".sbatch", ".slurm")
ONLY_THERE = "if it exists only on the workers, submit `sh -c` with its path"
OURS = "CLUSTERCTL_"  # settings, maybe with a password, and what an outer job was told of itself


class Payload(NamedTuple):
    """argv, with *script* what follows the script's name; and how a job is called that was given no name."""

    command: tuple[str, ...]
    script: str | None
    name: str


def read_command(words: Sequence[str]) -> Payload:
    """A command, or the text of a script of this machine. Raises BadInput for a script that can be none."""
    first = words[0]
    name = Path(first).name[:MAX_NAME]
    if is_of_the_path(first):
        return Payload(tuple(words), None, name)
    script = read_script(Path(first))
    if script is None:
        return Payload(tuple(words), None, name)
    return Payload(tuple(words[1:]), script, name)


def is_of_the_path(word: str) -> bool:
    """Whether a shell would find *word* on PATH, and not take it for a file of this directory."""
    if "/" in word or "\0" in word:
        return False
    found = shutil.which(word)
    return found is not None and not (os.path.exists(word) and os.path.samefile(found, word))


def read_script(path: Path) -> str | None:
    """The text of the script at *path*; None for a word that is no file, or a program. Raises BadInput."""
    try:
        if path.is_dir() and "/" in str(path):
            raise BadInput(f"{str(path)!a} is a directory", "name a command or a script")
        if not path.is_file():
            refuse_missing(path)
            return None
        if path.stat().st_size > MAX_SPEC:
            return too_large(path)
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise BadInput(f"cannot read {str(path)!a}: {reason}", "name a command or a script") from None
    if content.startswith(b"#!") or not os.access(path, os.X_OK):
        return text_of(path, content)
    return None


def refuse_missing(path: Path) -> None:
    """BadInput for a name that looks like a script's and belongs to nothing here."""
    if path.exists():
        raise BadInput(f"{str(path)!a} is no regular file", "name a command or a script")
    if path.suffix in SCRIPT_NAMES or str(path).startswith(("./", "../")):
        raise BadInput(f"no script {str(path)!a} here", ONLY_THERE)


def too_large(path: Path) -> None:
    """None for a large program, which is not sent along. Raises BadInput for a large script."""
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
    if not text.startswith("#!"):
        raise BadInput(f"the script {str(path)!a} does not say what runs it", "begin it with a line such as #!/bin/sh")
    return text


def environment(export: str, given: Sequence[tuple[str, str]], here: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The variables that go along, and the names of those that cannot.

    *export*: ``NONE``, ``ALL`` of *here* but what is ours, or names with commas. *given* wins.
    """
    words = [word for word in (part.strip() for part in export.split(",")) if word and word != "NONE"]
    names = [name for name in here if not name.startswith(OURS)] if "ALL" in words else []
    names += [word for word in words if word != "ALL"]
    fit = {name: here[name] for name in names if name in here and VARIABLE.fullmatch(name) and is_text(here[name])}
    return {**fit, **dict(given)}, sorted({name for name in names if name not in fit})


def is_text(value: str) -> bool:
    """Whether a variable's value is UTF-8; what is not is held as lone surrogates."""
    return not any("\ud800" <= letter <= "\udfff" for letter in value)


def working_directory(wanted: str | None) -> str:
    """An absolute path: where the job runs. Raises BadInput if here no longer exists."""
    try:
        return os.path.join(os.getcwd(), wanted or "").rstrip("/") or "/"
    except OSError:
        if wanted and wanted.startswith("/"):
            return wanted
        raise BadInput("the current directory no longer exists", "go elsewhere, or give --cwd") from None
