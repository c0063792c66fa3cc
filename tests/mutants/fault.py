"""What a deliberate fault is."""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """Replace *sound* by *faulty* in *file*; one of *tests* must fail then."""

    name: str
    file: str
    sound: str
    faulty: str
    tests: tuple[str, ...]

    def made_in(self, text: str) -> str:
        """*text* with the fault in it."""
        assert text.count(self.sound) == 1, f"{self.name}: {self.file} has changed"
        return text.replace(self.sound, self.faulty)
