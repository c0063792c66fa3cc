"""Logs and the audit: what jobs wrote, followed to its end, and who did what."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from clusterctl.model.errors import NotFound
from clusterctl.model.output import OutputPicture
from clusterctl.model.pictures import AttemptPicture, JobStory
from clusterctl.model.spec import Spec
from clusterctl.output.reader import machine_id
from clusterctl.tui.app import Console
from tests.console.top.ill import IllSource
from tests.console.top.pilot import Scenario, hides, lines, play, shows, until
from tests.console.top.stage import NOW

JOB = 5


def an_attempt(number: int, **other: Any) -> AttemptPicture:
    """A try that has ended well."""
    known: dict[str, Any] = {
        "allocation_id": 100 + number, "worker": f"cpu-0{number}", "status": "released", "reserved_at": NOW,
        "allocated_at": NOW, "released_at": NOW, "release_reason": "exited", "exit_code": 0, "signal": None,
        "detail": "", "cpu_s": 1.0, "memory_peak_mb": 3,
    }  # fmt: skip
    return AttemptPicture(attempt=number, **{**known, **other})


class LogSource(IllSource):
    """A job of several attempts, each with a file of its own in *directory*, of which the last may still run."""

    def __init__(self, directory: Path, attempts: int = 1) -> None:
        super().__init__()
        self.directory = directory
        self.tries = [an_attempt(number) for number in range(1, attempts + 1)]
        self.runs = True
        self.has_stderr = False

    def path(self, attempt: int, stream: str = "stdout") -> Path:
        """What that attempt writes."""
        return self.directory / f"{attempt}.{stream}"

    def job(self, job_id: int) -> JobStory:
        story = super().job(job_id)
        return JobStory(job=story.job, attempts=tuple(self.tries), after=(), spec=Spec(command=("train",)))

    def output_of(self, job_id: int, attempt: int | None, *, stderr: bool) -> OutputPicture:
        number = attempt or len(self.tries)
        found = next((each for each in self.tries if each.attempt == number), None)
        if found is None:
            raise NotFound(f"job {job_id} has no attempt {number} that started")
        stream = "stderr" if stderr and self.has_stderr else "stdout"
        return OutputPicture(
            job_id=job_id,
            attempt=number,
            allocation_id=found.allocation_id,
            stream=stream,  # type: ignore[arg-type]  # one of the two
            worker=found.worker,
            live_state="up",
            live_reason="",
            hostname=socket.gethostname(),
            machine_id=machine_id(),
            spool=str(self.directory),
            path=str(self.path(number, stream)),
            logs_url="",
            logs_token="",
            ended=not self.runs or number < len(self.tries),
        )


def read(source: LogSource, scenario: Scenario, size: tuple[int, int] = (80, 24)) -> None:
    """Play *scenario* with the log of the job on the screen."""

    async def begin(console: Console, pilot: Pilot[int]) -> None:
        console.go_to(f"job:{JOB}", "logs")
        await shows(pilot, f"job {JOB} step-{JOB}")
        await scenario(console, pilot)

    play(source, begin, size)


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
def test_a_log_that_has_ended_looks_as_it_did(drawn: SnapshotAssertion, tmp_path: Path, size: tuple[int, int]) -> None:
    source = LogSource(tmp_path)
    source.runs = False
    source.path(1).write_text("".join(f"step {at} \x1b[32mok\x1b[0m [/red]\n" for at in range(200)) + "\x1b[2J bye\n")

    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await shows(pilot, "attempt 1 on cpu-01 ended: exit 0", "\\e[2J bye", "ended, 202 lines")
        assert drawn == "\n".join(lines(console)[2:])

    read(source, scenario, size)


def test_it_opens_from_a_list_and_goes_back_there(tmp_path: Path) -> None:
    source = LogSource(tmp_path)
    source.path(1).write_text("hello\n")

    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("3")
        await shows(pilot, "step-1")
        await pilot.press("l")
        await shows(pilot, "hello", "following")
        await pilot.press("escape")
        await until(pilot, lambda: console.here.name_of == "jobs", "the list")

    play(source, scenario)


def test_what_is_written_is_followed_until_its_attempt_has_ended(tmp_path: Path) -> None:
    source = LogSource(tmp_path)
    path = source.path(1)
    path.write_text("one\n")

    async def scenario(_: Console, pilot: Pilot[int]) -> None:
        await shows(pilot, "one", "following")
        with path.open("a") as file:
            file.write("two\n")
        await shows(pilot, "two")
        source.tries = [an_attempt(1, exit_code=3)]
        source.runs = False
        await pilot.press("r")
        await shows(pilot, "attempt 1 on cpu-01 ended: exit 3", "ended, 3 lines")

    read(source, scenario)


def test_older_text_is_read_when_somebody_goes_there(tmp_path: Path) -> None:
    source = LogSource(tmp_path)
    source.path(1).write_text("".join(f"line {at:06d} {'x' * 80}\n" for at in range(3000)))

    async def scenario(__: Console, pilot: Pilot[int]) -> None:
        await shows(pilot, "line 002999")

        async def at_the_beginning() -> bool:
            await pilot.press("g")
            return any("line 000000" in line for line in lines(pilot.app))

        for _ in range(200):  # block by block
            if await at_the_beginning():
                break
            await pilot.pause()
        await shows(pilot, "line 000000", "   1 line")
        await pilot.press("G")
        await shows(pilot, "line 002999")

    read(source, scenario)


def test_attempts_are_switched_and_a_new_one_takes_the_place_of_the_newest(tmp_path: Path) -> None:
    source = LogSource(tmp_path, attempts=2)
    for number in (1, 2, 3):
        source.path(number).write_text(f"written by attempt {number}\n")

    async def scenario(_: Console, pilot: Pilot[int]) -> None:
        await shows(pilot, "written by attempt 2", "attempt 2 of 2 on cpu-02")
        await pilot.press("left_square_bracket")
        await shows(pilot, "written by attempt 1", "attempt 1 on cpu-01 ended: exit 0")
        await pilot.press("right_square_bracket")
        await shows(pilot, "written by attempt 2")
        source.tries = [*source.tries, an_attempt(3)]
        await pilot.press("r")
        await shows(pilot, "written by attempt 3", "attempt 2 on cpu-02 ended: exit 0; [ shows it")

    read(source, scenario)


def test_the_other_stream_is_shown_or_it_is_told_that_there_is_none(tmp_path: Path) -> None:
    source = LogSource(tmp_path)
    source.path(1).write_text("written to out\n")
    source.path(1, "stderr").write_text("written to err\n")

    async def scenario(_: Console, pilot: Pilot[int]) -> None:
        await shows(pilot, "written to out")
        await pilot.press("s")
        await shows(pilot, "its standard error has no file of its own", "written to out")
        await pilot.press("s")
        await hides(pilot, "its standard error")
        await shows(pilot, "written to out")
        source.has_stderr = True
        await pilot.press("s")
        await shows(pilot, "· stderr", "written to err")

    read(source, scenario)


def test_a_job_that_has_not_begun_is_waited_for(tmp_path: Path) -> None:
    source = LogSource(tmp_path, attempts=0)

    async def scenario(_: Console, pilot: Pilot[int]) -> None:
        await shows(pilot, "has no attempt 0 that started")
        source.path(1).write_text("at last\n")
        source.tries = [an_attempt(1)]
        await pilot.press("r")
        await shows(pilot, "at last")
        await hides(pilot, "has no attempt")

    read(source, scenario)


def test_an_agent_that_is_away_is_told_and_the_log_goes_on_when_it_is_back(tmp_path: Path) -> None:
    source = LogSource(tmp_path)
    path = source.path(1)
    path.write_text("one\n")
    here = source.output_of
    away = replace(here(JOB, None, stderr=False), hostname="elsewhere", logs_url="http://192.0.2.1:1", machine_id="")

    async def scenario(_: Console, pilot: Pilot[int]) -> None:
        await shows(pilot, "the log server of worker cpu-01 unreachable")
        source.output_of = here  # type: ignore[method-assign]  # the same source, with another day
        await pilot.press("r")
        await shows(pilot, "one")
        await hides(pilot, "unreachable")

    source.output_of = lambda *_, **__: away  # type: ignore[method-assign]  # as above
    read(source, scenario)


def test_lines_are_found_and_others_hidden(tmp_path: Path) -> None:
    source = LogSource(tmp_path)
    source.path(1).write_text("".join(f"step {at} {'boom' if at == 40 else 'ok'}\n" for at in range(100)))

    async def scenario(_: Console, pilot: Pilot[int]) -> None:
        await shows(pilot, "step 99")
        await pilot.press("slash", *"boom", "enter")
        await shows(pilot, "step 40 boom")
        await pilot.press("ampersand", *"step 9", "enter")
        await shows(pilot, "11 of 100 lines")
        await hides(pilot, "step 40")
        await pilot.press("escape")
        await shows(pilot, "100 lines")
        await pilot.press("ampersand", *"/(/")
        await shows(pilot, "& only lines with /(/")
        await pilot.press("escape")
        await hides(pilot, "only lines with")

    read(source, scenario)


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
def test_the_audit_looks_as_it_did(drawn: SnapshotAssertion, size: tuple[int, int]) -> None:
    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("a")
        await shows(pilot, "late_report", "new disk")
        await pilot.press("j")
        if size[0] >= 120:
            await shows(pilot, "grace", "no reason was given")
        assert drawn == "\n".join(lines(console))

    play(IllSource(), scenario, size, clock=lambda: 0.0)
