"""The lines of a script that say how it wants to be submitted: ``#CC`` with our options, ``#SBATCH`` with Slurm's.

As sbatch reads them: in the comments at the top, before the first line that is neither comment nor blank.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from clusterctl.model.errors import BadInput
from clusterctl.text import visible

DIRECTIVE = re.compile(r"#(CC|SBATCH)(?=\s|$)")
PIECE = re.compile(r"""'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^\s'"\\]+)""", re.DOTALL)
BLANK = re.compile(r"\s*")
HINT = "the words of a directive are quoted as in a shell"


class Directive(NamedTuple):
    """One line: whose it is (``CC``, ``SBATCH``), and its words. ``at`` is how messages name it: ``job.sh, line 3``."""

    kind: str
    words: tuple[str, ...]
    at: str

    def trouble(self, sentence: str, hint: str = "") -> BadInput:
        """That something is wrong here."""
        return BadInput(f"{self.at}: {sentence}", hint or HINT_OF[self.kind])


HINT_OF = {
    "CC": "#CC lines take the options of `submit`, see `clusterctl submit --help`",
    "SBATCH": "what is read of #SBATCH lines is told in docs/howto/scripts.md",
}


def read(script: str, origin: str) -> Iterator[Directive]:
    """The directives of *script*, which messages call *origin*. Raises BadInput for one that cannot be read."""
    for number, line in enumerate(script.split("\n"), 1):
        if line.strip() and not line.startswith("#"):
            return
        if found := DIRECTIVE.match(line):
            at = f"{origin}, line {number}"
            try:
                yield Directive(found[1], tuple(split(line[found.end() :])), at)
            except ValueError as error:
                raise BadInput(f"{at}: {error}", HINT) from None


def split(text: str) -> Iterator[str]:
    """The words of *text*, as a shell would make them, up to a comment. Raises ValueError for half a quotation."""
    place = 0
    while True:
        place = BLANK.match(text, place).end()  # type: ignore[union-attr]  # it fits everywhere
        if place == len(text) or text[place] == "#":
            return
        pieces = []
        while place < len(text) and not text[place].isspace():
            found = PIECE.match(text, place)
            if not found:
                raise ValueError(f"a quotation that does not end: {visible(text[place:], 40)}")
            pieces.append(unquoted(found))
            place = found.end()
        yield "".join(pieces)


def unquoted(found: re.Match[str]) -> str:
    """What a piece of a word means."""
    single, double, escaped, plain = found.groups()
    if double is not None:
        return re.sub(r'\\([\\"$`])', r"\1", double)
    return next(part for part in (single, escaped, plain) if part is not None)
