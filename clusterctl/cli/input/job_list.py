"""``submit --from``: many jobs out of one file, a shell command or a JSON object a line."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, NamedTuple

import msgspec
import typer

from clusterctl.cli.display.progress import progress
from clusterctl.cli.input import composition, layers, payload
from clusterctl.cli.input.files import STDIN, called, read_lines
from clusterctl.cli.input.layers import Layer
from clusterctl.cli.input.named_jobs import NamedJobs
from clusterctl.cli.input.payload import Payload
from clusterctl.cli.input.surroundings import Surroundings
from clusterctl.model.errors import BadInput
from clusterctl.model.spec import MAX_ARRAY, MAX_NAME, Submission
from clusterctl.settings import Settings

COMMENT = "#"
MANY, OFTEN = 2000, 200  # lines that take long enough for a bar; until it moves
HINT = 'write one shell command a line, or JSON lines: {"command": ["sleep", "5"], "cpus": 2}'

decode = msgspec.json.Decoder(dict[str, Any]).decode


class Line(NamedTuple):
    """A line that is neither blank nor a comment."""

    number: int
    text: str


def read(ctx: typer.Context, path: str, settings: Settings, jobs_of: NamedJobs) -> list[Submission]:
    """The submissions of *path*, in its order. Raises BadInput, which names the line.

    What stands on the command line holds for every line that does not say otherwise itself.
    """
    try:
        lines = [
            Line(number, text)
            for number, text in enumerate(read_lines(path), 1)
            if text.strip() and not text.lstrip().startswith(COMMENT)
        ]
    except ValueError as error:
        raise BadInput(str(error), HINT) from None
    if not lines:
        raise BadInput(f"no jobs in {called(path)}", HINT)
    if len(lines) > MAX_ARRAY:
        raise BadInput(f"{called(path)} has {len(lines):,} jobs: at most {MAX_ARRAY:,} are submitted at once")
    reader = Reader(ctx, settings, jobs_of, is_json=lines[0].text.lstrip().startswith(('{"', "{}")))
    found: list[Submission] = []
    origin = called(path)
    with progress("lines read", len(lines)) if len(lines) > MANY else nullcontext(int) as tell:
        for line in lines:
            found.append(reader.submission(line, origin))
            if len(found) % OFTEN == 0:
                tell(len(found))
    return found


class Reader:
    """Makes submissions of lines, all of one kind."""

    def __init__(self, ctx: typer.Context, settings: Settings, jobs_of: NamedJobs, *, is_json: bool) -> None:
        self._ctx = ctx
        self._settings = settings
        self._jobs_of = jobs_of
        self._is_json = is_json
        self._here = Surroundings()
        self._fields = layers.Fields(ctx)
        self._defaults = layers.defaults(ctx)
        self._said = layers.of_command_line(ctx)
        self._key = self._said.pop("key", None)
        self._before = layers.united(self._defaults, self._said)  # of a line whose command asks for nothing itself
        self._programs: dict[str, tuple[Payload, list[Layer]]] = {}  # a script that many jobs run is read once

    def submission(self, line: Line, origin: str) -> Submission:
        """What *line* asks for. Raises BadInput."""
        try:
            what, below, own = self._json(line.text) if self._is_json else (command_of(line.text), [], {})
            if self._key is not None:
                own.setdefault("key", f"{self._key}/{line.number}")
            before = (self._defaults, *below, self._said) if below else (self._before,)
            wishes = layers.merge(*before, own)
            return composition.compose(what, wishes, self._settings, self._here, self._jobs_of)
        except BadInput as error:
            raise BadInput(f"{origin}, line {line.number}: {error}", error.hint or HINT) from None

    def _json(self, text: str) -> tuple[Payload, list[Layer], Layer]:
        """A command, what its script asks for, and the wishes beside it."""
        try:
            fields = decode(text)
        except (msgspec.DecodeError, UnicodeEncodeError) as error:
            raise BadInput(f"not a JSON object: {error}") from None
        command = fields.pop("command", None)
        if isinstance(command, str):
            return command_of(command), [], self._fields.layer(fields)
        if not (isinstance(command, list) and command and all(isinstance(word, str) for word in command)):
            raise BadInput("command is a text for a shell, or a list of words")
        program, below = self._program(command[0])
        words = command if program.script is None else command[1:]
        return program._replace(command=tuple(words)), below, self._fields.layer(fields)

    def _program(self, first: str) -> tuple[Payload, list[Layer]]:
        """What a command that begins with this word is."""
        if first == STDIN:
            raise BadInput("a job of a list cannot come from standard input")
        if first not in self._programs:
            program = payload.read([first])
            self._programs[first] = program, composition.layers_of(self._ctx, program)
        return self._programs[first]


def command_of(text: str) -> Payload:
    """What a shell makes of *text*; called as the program that it begins with."""
    first = next(iter(text.split(maxsplit=1)), "")
    return payload.of_shell(text, first.rpartition("/")[2][:MAX_NAME] or "sh")
