"""A terminal of a few lines of code: knows the moves and colours that the console uses, and nothing else."""

from __future__ import annotations

import re
from unicodedata import category

from rich.cells import get_character_cell_size

TOKEN = re.compile(
    r"\x1b\[(?P<place>\d+;\d+)H|\x1b\[(?P<style>[0-9;]*)m|(?P<text>[^\x1b]+)"
    r"|\x1b\[(?P<ahead>\d+)C|\x1b\[(?P<mode>\?[0-9;]+)[hl]|\x1b\]22;(?P<pointer>\w+)\x07"
)


class Tube:
    """A screen of *width* columns and *height* lines. Whatever it does not know is an error: nothing else may come."""

    def __init__(self, width: int, height: int) -> None:
        self._cells = [[" "] * width for _ in range(height)]
        self._styles = [[""] * width for _ in range(height)]
        self._at = [0, 0]
        self._style = ""

    def write(self, text: str) -> None:
        """Show it. Raises ValueError at what it does not know, and at a letter beyond the edge of the screen."""
        position = 0
        while position < len(text):
            found = TOKEN.match(text, position)
            if found is None:
                raise ValueError(f"a terminal would do something at {text[position : position + 20]!r}")
            position = found.end()
            if found["place"]:
                line, column = map(int, found["place"].split(";"))
                self._at = [line - 1, column - 1]
            elif found["ahead"]:
                self._at[1] += int(found["ahead"])
            elif found["style"] is not None:
                self._style = found["style"].removeprefix("0;") if found["style"] != "0" else ""
            elif found["text"]:
                for letter in found["text"]:
                    self._put(letter)

    def _put(self, letter: str) -> None:
        if not letter.isprintable() and category(letter) != "Zs":
            raise ValueError(f"{letter!r} reached the terminal")
        (line, column), width = self._at, get_character_cell_size(letter)
        if column + width > len(self._cells[line]):
            raise ValueError(f"{letter!r} is written beyond the edge, at {self._at}")
        if not width:
            self._cells[line][column - 1] += letter
        for at in range(width):
            self._cells[line][column + at] = "" if at else letter
            self._styles[line][column + at] = self._style
        self._at = [line, column + width]

    def lines(self) -> list[str]:
        """What is on it."""
        return ["".join(cells) for cells in self._cells]

    def styles(self) -> list[list[str]]:
        """The style of every cell."""
        return self._styles
