"""What a submission carries to the worker: a command, or a script with its arguments."""

from __future__ import annotations

import os
import re
import shutil
from codecs import BOM_UTF8 as BOM
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from clusterctl.cli.input.files import STDIN, called, read_bytes
from clusterctl.model.errors import BadInput
from clusterctl.model.spec import MAX_NAME, MAX_SPEC

SCRIPT_NAMES = (".sh", ".bash", ".zsh", ".py", ".pl", ".rb", ".sbatch", ".slurm")
FIRST_LINE = "its first line says what runs it: #!/bin/sh"
ONLY_THERE = "if it exists only on the workers, submit `sh -c` with its path"


class Payload(NamedTuple):
    """What becomes a process, how a job is called that was given no name, and how messages call its script.

    ``script`` is as it was found: see ``runnable``.
    """

    command: tuple[str, ...]
    script: str | None
    name: str
    origin: str = ""


def read(words: Sequence[str]) -> Payload:
    """A command, or a script of this machine (``-``: of standard input) with its arguments.

    Raises BadInput for a script that can be none.
    """
    first, *rest = words
    name = "stdin" if first == STDIN else Path(first).name[:MAX_NAME]
    script = None if first != STDIN and is_of_the_path(first) else read_script(first)
    return Payload(tuple(words) if script is None else tuple(rest), script, name, called(first))


def of_shell(text: str, name: str) -> Payload:
    """What a shell makes of *text*. Raises BadInput if there is nothing in it."""
    if not text.strip():
        raise BadInput("the command is empty", "write what a shell shall run")
    return Payload(("/bin/sh", "-c", text), None, name)


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
    if word == STDIN:
        return standard_input()
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
    if content.startswith((b"#!", BOM + b"#!")):
        return text_of(f"{word!a:.200}", content)
    return None if os.access(path, os.X_OK) else nameless(word, content)


def nameless(word: str, content: bytes) -> str:
    """A file as a script that does not say what runs it: the shell's, if its name is one of a script's.

    Raises BadInput for any other, as sbatch does: `submit /etc/passwd` is a slip.
    """
    text = text_of(f"{word!a:.200}", content)
    if Path(word).suffix not in SCRIPT_NAMES:
        raise BadInput(f"{word!a:.200} is no script: it does not say what runs it", FIRST_LINE)
    return text


def words_for_a_shell(words: Sequence[str]) -> str:
    """What to say of a single word that is no file here, nor on PATH, and reads like a line for a shell; or nothing."""
    if len(words) != 1 or not re.search(r"\S\s+\S", words[0]) or os.path.exists(words[0]) or shutil.which(words[0]):
        return ""
    return f"no program is called {words[0]!a:.200}: for a shell, `submit --wrap` it; or leave the quotes away"


def standard_input() -> str:
    """The text of a script that comes in. Raises BadInput."""
    try:
        content = read_bytes(STDIN, MAX_SPEC)
    except ValueError as error:
        raise BadInput(str(error), "name a command or a script") from None
    if len(content) > MAX_SPEC:
        raise BadInput("the script is larger than 1 MiB, the most that is sent along", "let a small script call it")
    return text_of(called(STDIN), content)


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


def text_of(name: str, content: bytes) -> str:
    """A script as text; *name* is how messages call it. Raises BadInput."""
    if not content.strip():
        raise BadInput(f"the script {name} is empty", FIRST_LINE)
    if content.startswith(BOM):
        raise BadInput(f"{name} begins with a byte order mark, so nothing can run it", "save it as UTF-8 without BOM")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise BadInput(f"{name} is binary, not a script", "make it executable to run it as a program")
    if "\r\n" in text:
        raise BadInput(f"{name} has DOS line ends (CR LF), which no shell understands", "`dos2unix` mends them")
    return text


def runnable(script: str) -> str:
    """*script* with a first line that says what runs it: what a shell does with one that has none."""
    return script if script.startswith("#!") else f"#!/bin/sh\n{script}"
