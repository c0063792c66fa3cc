"""What is started for a page of the console in a browser, what it is told, and how it ends."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from clusterctl.model.exits import ExitCode
from tests.console.top.web_server import CONSOLE, SERVER, Served, await_end, play, running, served, tab
from tests.until import until

STUBBORN = (sys.executable, "-c", CONSOLE, "stubborn")


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Served]:
    """A server with nothing special about it."""
    with served(tmp_path) as found:
        yield found


def test_keys_and_sizes_reach_the_console_and_nonsense_ends_it(one: Served) -> None:
    mine = one.enter()

    async def scenario() -> None:
        async with tab(one, mine, "?width=120&height=40") as page:
            env = (await page.console())["env"]
            assert (env["COLUMNS"], env["ROWS"]) == ("120", "40")
            await page.type("jk")
            assert await page.shown() == "jk"
            await page.line.send_json(["resize", {"width": 10**9, "height": 0}])
            assert await page.shown() == '{"type": "resize", "width": 1000, "height": 1}'
            await page.line.send_json(["ping", "7"])
            assert await page.line.receive_json(timeout=60) == ["pong", "7"]
            await page.line.send_str('["resize", {"width": "wide"}]')
            assert await page.ended() == 1003
        for words in ("[", "7", '"stdin"', '["stdin", 7]', '["quit"]', '{"a": 1}', "[[]]"):
            async with tab(one, mine) as page:
                await page.console()
                await page.line.send_str(words)
                assert await page.ended() == 1003, words

    play(scenario)
    until(lambda: not one.consoles())


@pytest.mark.parametrize("query", ["?width=-1&height=x", "?width=99999999999999999999", "?width=0x10&height="])
def test_sizes_that_make_no_sense_are_bounded(one: Served, query: str) -> None:
    mine = one.enter()

    async def scenario() -> None:
        async with tab(one, mine, query) as page:
            env = (await page.console())["env"]
            assert (env["COLUMNS"], env["ROWS"]) == ("80", "24")

    play(scenario)


@pytest.mark.parametrize("argv", [(), STUBBORN])
def test_a_page_that_closes_takes_its_console_along(tmp_path: Path, argv: tuple[str, ...]) -> None:
    with served(tmp_path, *argv) as one:
        mine, pids = one.enter(), []

        async def scenario() -> None:
            async with tab(one, mine) as page:
                pids.append((await page.console())["pid"])

        play(scenario)
        await_end(pids[0])
        until(lambda: ("killed" in one.said) is bool(argv))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_server_that_is_ended_ends_its_consoles(tmp_path: Path, number: signal.Signals) -> None:
    with served(tmp_path, *STUBBORN) as one:
        mine = one.enter()

        async def scenario() -> None:
            async with tab(one, mine) as page:
                pid = (await page.console())["pid"]
                one.process.send_signal(number)
                assert await page.ended() == 1001
                await_end(pid)

        play(scenario)
        assert one.process.wait(60) == ExitCode.DONE
        assert one.said.endswith("stopped\n")


def test_a_server_that_is_killed_leaves_no_orphan(tmp_path: Path) -> None:
    with served(tmp_path, *STUBBORN) as one:
        mine = one.enter()

        async def scenario() -> None:
            async with tab(one, mine) as page:
                pid = (await page.console())["pid"]
                one.process.kill()
                one.process.wait(60)
                await_end(pid)

        play(scenario)


def test_a_console_is_told_what_it_needs_and_no_secret_stands_in_its_words(tmp_path: Path) -> None:
    url = "postgresql://ada:hunter2@db.example/x"
    env = {"CLUSTERCTL_DATABASE_URL": url, "PGPASSFILE": "/x", "API_KEY": "theirs", "CLUSTERCTL_OF_NOBODY": "1"}
    with served(tmp_path, env=env) as one:
        mine = one.enter()

        async def scenario() -> None:
            async with tab(one, mine) as page:
                about = await page.console()
                words = Path(f"/proc/{about['pid']}/cmdline").read_text()
                assert about["argv"] == ["--read-only"]
                assert "hunter2" not in words
                assert one.link.partition("token=")[2] not in words + str(about["env"])
                assert about["env"]["CLUSTERCTL_DATABASE_URL"] == url
                assert about["env"]["PGPASSFILE"] == "/x"
                assert not {"API_KEY", "CLUSTERCTL_OF_NOBODY"} & set(about["env"])

        play(scenario)


def test_it_may_act_only_if_that_was_asked_for(tmp_path: Path) -> None:
    with served(tmp_path, write=True) as one:
        mine = one.enter()
        assert "it may act on the cluster" in one.said

        async def scenario() -> None:
            async with tab(one, mine) as page:
                assert (await page.console())["argv"] == []

        play(scenario)


def test_what_a_console_exports_is_saved_and_never_shown(one: Served) -> None:
    mine = one.enter()

    async def scenario() -> None:
        async with tab(one, mine) as page:
            await page.console()
            await page.type("export")
            assert await page.line.receive_json(timeout=60) == ["deliver_file_start", "k1"]
            assert one.get("/download/k1").status_code == 403
            answer = one.get("/download/k1", **mine)
            assert (answer.status_code, answer.text) == (200, "name,state")
            assert answer.headers["Content-Type"] == "application/octet-stream"
            assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''jobs.html"
            assert one.get("/download/k1", **mine).status_code == 404

    play(scenario)


def test_why_a_console_failed_is_told_on_both_sides_and_safely(one: Served) -> None:
    mine = one.enter()

    async def scenario() -> None:
        async with tab(one, mine) as page:
            await page.console()
            await page.type("fail")
            told = await page.shown()
            assert "clusterctl: error: postgresql://ada:***@db/x \\e[2J is down" in told
            await page.ended()

    play(scenario)
    assert "postgresql://ada:***@db/x \\e[2J is down" in one.said
    assert "Traceback" not in one.said


def test_one_that_dies_without_a_word_is_told_of_too(one: Served) -> None:
    mine = one.enter()

    async def scenario() -> None:
        async with tab(one, mine) as page:
            await page.console()
            await page.type("die")
            assert "the console ended with 7" in await page.shown()
            assert await page.ended() == 1000

    play(scenario)


def test_a_program_that_is_no_console_ends_the_page(tmp_path: Path) -> None:
    with served(tmp_path, "/bin/sh", "-c", "echo no console >&2; exit 3", "sh") as one:
        mine = one.enter()

        async def scenario() -> None:
            async with tab(one, mine) as page:
                assert "no console" in await page.shown()
                await page.ended()

        play(scenario)
    with served(tmp_path, "/nowhere/at/all") as one:
        mine = one.enter()

        async def attempt() -> None:
            async with tab(one, mine) as page:
                await page.ended()

        play(attempt)
        assert "cannot start a console: No such file" in one.said


def test_a_page_that_does_not_answer_is_hung_up_on(tmp_path: Path) -> None:
    impatient = f"import clusterctl.tui.web.server as server; server.HEARTBEAT = 0.2\n{SERVER}"
    with running([sys.executable, "-c", impatient, "{}", sys.executable, "-c", CONSOLE], tmp_path, {}) as one:
        mine = one.enter()

        async def scenario() -> None:
            async with (
                aiohttp.ClientSession() as client,
                client.ws_connect(f"{one.base}/ws", headers=mine, autoping=False) as line,
            ):
                until(one.consoles)
                until(lambda: not one.consoles())
                assert not line.closed  # it was not the page that went

        play(scenario)


def test_a_console_that_leaves_closes_its_page(one: Served) -> None:
    mine = one.enter()

    async def scenario() -> None:
        async with tab(one, mine) as page:
            await page.console()
            await page.type("leave")
            assert await page.ended() == 1000

    play(scenario)
    until(lambda: not one.consoles())
