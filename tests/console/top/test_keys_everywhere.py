"""What keys do on every screen: the help, the palette, and what one takes away."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from textual.binding import Binding
from textual.pilot import Pilot

from clusterctl.tui.app import Console
from clusterctl.tui.frame.help import groups_of, help_lines, nodes_of
from tests.console.top.pilot import hides, play, shows, until
from tests.console.top.stage import small_cluster


def test_the_help_has_every_binding_and_can_be_searched() -> None:
    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        known = "\n".join(
            "".join(piece.text for piece in line) for line in help_lines(groups_of(nodes_of(app), app.glyphs), "")
        )
        ours = [
            kind
            for node in (app, *app.screen.walk_children(with_self=True))
            for kind in type(node).__mro__
            if kind.__module__.startswith("clusterctl.")
        ]
        missing = {
            binding.description
            for kind in ours
            for binding in Binding.make_bindings(kind.__dict__.get("BINDINGS", ()))
            if binding.description and binding.description not in known
        }
        assert missing == set()
        await pilot.press("question_mark")
        await shows(pilot, "Help", "In a list")
        await pilot.press(*"zoom")
        await shows(pilot, "Zoom")
        await hides(pilot, "In a list")
        await pilot.press("escape")
        await hides(pilot, "type to search")

    play(small_cluster(), scenario)


@pytest.mark.parametrize(
    "sentence, screen, filter",
    [("jobs state:failed", "jobs", "state:failed"), ("job 42", "jobs", ""), ("worker cpu-03", "workers", ""),
     ("goto job:7", "jobs", "")],
)  # fmt: skip
def test_a_sentence_in_the_palette_does_what_it_says(sentence: str, screen: str, filter: str) -> None:
    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await pilot.press("colon", *("space" if letter == " " else letter for letter in sentence))
        await shows(pilot, sentence if filter else "go to ")
        await pilot.press("enter")
        await until(pilot, lambda: app.here.name_of == screen and len(app.screen_stack) == 1)
        await until(pilot, lambda: app.here.shape.text == filter)

    play(small_cluster(), scenario)


def test_markup_typed_into_the_palette_is_text() -> None:
    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await pilot.press("colon", *"worker", "space")
        await pilot.press("left_square_bracket", "slash", *"red", "right_square_bracket")
        await shows(pilot, "go to worker:[/red]")

    play(small_cluster(), scenario)


def test_ids_and_rows_are_copied_through_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[str] = []
    monkeypatch.setattr(Console, "copy_to_clipboard", lambda _, text: copied.append(text))

    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await pilot.press("3")
        await shows(pilot, "step-9")
        await pilot.press("y", "Y")
        await until(pilot, lambda: len(copied) == 2)
        assert copied[0] == "1"
        assert "name=step-1 " in copied[1]

    play(small_cluster(), scenario)


def test_all_fields_of_a_row_are_shown_as_json() -> None:
    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await pilot.press("3")
        await shows(pilot, "step-9")
        await pilot.press("i")
        await shows(pilot, "All fields", '"name": "step-1"')
        await pilot.press("escape")
        await hides(pilot, "All fields")

    play(small_cluster(), scenario)


def test_what_is_shown_is_exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[tuple[str, str]] = []

    def keep(_: Any, file: Any, *, save_directory: Path, save_filename: str) -> None:
        assert save_directory.is_dir()
        saved.append((save_filename, file.read()))

    monkeypatch.setattr(Console, "deliver_text", keep)

    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await pilot.press("2")
        await shows(pilot, "cpu-03")
        for count, key in enumerate("jc", 1):
            await pilot.press("e")
            await shows(pilot, "Export Workers")
            await pilot.press(key)
            await hides(pilot, "Export Workers")
            await until(pilot, partial(lambda wanted: len(saved) == wanted, count), "the file")
        assert [name for name, _ in saved] == [
            "clusterctl-workers-20260506T140322.json",
            "clusterctl-workers-20260506T140322.csv",
        ]
        assert json.loads(saved[0][1])[0]["name"] == "cpu-01"
        assert saved[1][1].splitlines()[0].startswith("name,hostname,")

    play(small_cluster(), scenario)


def test_columns_are_hidden_and_moved() -> None:
    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await pilot.press("3")
        await shows(pilot, " NAME ")
        await pilot.press("C")
        await shows(pilot, "[x] NAME")
        await pilot.press("j", "space", "enter")
        await hides(pilot, "[x]", " NAME ")

    play(small_cluster(), scenario)


def test_a_row_leads_to_its_worker_and_to_its_claims() -> None:
    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await pilot.press("3")
        await until(pilot, lambda: app.concerned("worker"), "a job that runs under the cursor")
        worker = app.concerned("worker")
        await pilot.press("W")
        await until(pilot, lambda: app.here.name_of == "workers" and app.concerned("worker") == worker)
        await pilot.press("D")
        await until(pilot, lambda: app.here.name_of == "claims")
        await until(pilot, lambda: app.here.shape.text == worker, "a filter for its claims")

    play(small_cluster(), scenario)
