"""Where one is in the console, and how one came there. Pure."""

from __future__ import annotations

HOMES = {  # kind of a subject → the screen that lists it
    "job": "jobs", "worker": "workers", "service": "services", "claim": "claims", "allocation": "stuck",
    "finding": "doctor", "audit": "audit",
}  # fmt: skip
IDS = {"workers": "name", "services": "id", "jobs": "id", "claims": "id", "audit": "id"}  # how a filter names one row
MOST_STEPS = 50


class Places:
    """Names of screens: the one that is shown, the one before it, and the way back."""

    def __init__(self, here: str) -> None:
        self.here = here
        self.before = here
        self._trail: list[str] = []
        self.sought = ""  # the subject that the cursor is to be put on, once its list is there

    def go(self, name: str) -> None:
        """Another screen, as by its key: no way back is kept but to the one before."""
        if name != self.here:
            self.before, self.here = self.here, name
        self._trail.clear()

    def visit(self, name: str, subject: str) -> None:
        """Another screen, to see something there, and come back."""
        if name != self.here:
            self._trail = [*self._trail, self.here][-MOST_STEPS:]
            self.before, self.here = self.here, name
        self.sought = subject

    def back(self) -> str | None:
        """Where one came from; None if one did not come from anywhere."""
        if not self._trail:
            return None
        self.before, self.here = self.here, self._trail.pop()
        return self.here

    @property
    def came_from(self) -> str:
        """Where ``back`` would lead; empty if nowhere."""
        return self._trail[-1] if self._trail else ""


def home_of(subject: str) -> str:
    """The screen that lists such subjects; empty if none does."""
    return HOMES.get(subject.partition(":")[0], "")


def filter_of(subject: str, screen: str) -> str:
    """The filter that leaves that row alone; empty if there is none such."""
    kind, _, name = subject.partition(":")
    if home_of(subject) == screen and screen in IDS:
        return f"{IDS[screen]}:{quoted(name)}"
    named = {("claims", "job"): "job_id", ("claims", "worker"): "worker", ("jobs", "worker"): "worker"}
    field = named.get((screen, kind))
    return f"{field}:{quoted(name)}" if field else ""


def quoted(name: str) -> str:
    """As the filter language writes a value that is meant to the letter; a quote stands in quotes of the other kind."""
    return (
        name
        if name.replace("-", "").replace("_", "").isalnum()
        else "'\"'".join(f'"{part}"' for part in name.split('"'))
    )
