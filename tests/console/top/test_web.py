"""Who is let in to the console in a browser: over HTTP, against the real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import aiohttp
import httpx
import pytest

from tests.console.top.web_server import Served, play, refusal, served, tab
from tests.house.tree import PRODUCT, modules
from tests.until import until

TOKEN = "a-word-that-nobody-has-ever-thought-of-before"


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Served]:
    """A server with nothing special about it, started on a terminal."""
    with served(tmp_path, has_terminal=True) as found:
        yield found


def test_without_a_key_nothing_is_shown_and_nothing_started(one: Served) -> None:
    page = one.get()
    assert (page.status_code, "textual" in page.text, "token" in page.text) == (403, False, True)
    assert one.get("/download/k1").status_code == 403
    assert refusal(one, {"Origin": one.base}) == 403
    assert refusal(one, {"Origin": one.base, "Cookie": f"clusterctl_top_{one.port}=guessed"}) == 403
    assert one.consoles() == []


def test_a_wrong_token_is_refused_and_spoils_nothing(one: Served) -> None:
    assert one.get("/?token=guessed").status_code == 403
    assert one.get("/?token=").status_code == 403
    assert "wrong" in one.get("/?token=g%C3%BCtig").text
    assert one.get(**one.enter()).status_code == 200


def test_the_link_gives_a_cookie_that_no_script_and_no_other_site_has(one: Served) -> None:
    answer = one.get(one.link.removeprefix(one.base))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(answer.headers["Set-Cookie"].split("; "))
    assert "Secure" not in answer.headers["Set-Cookie"]


def test_a_link_is_good_for_one_browser_and_the_next_one_is_told(one: Served) -> None:
    mine = one.enter()
    assert one.get(one.link.removeprefix(one.base)).status_code == 403
    again = one.get(one.link.removeprefix(one.base), **mine)  # from my own history
    assert (again.status_code, again.headers["Location"]) == (303, "/")
    said = until(lambda: one.said if "another browser" in one.said else "")
    theirs = one.enter(said.partition("another browser: ")[2].split()[0].partition("token=")[2])
    assert theirs != mine
    assert one.get(**mine).status_code == one.get(**theirs).status_code == 200


def test_no_token_is_left_where_others_may_read_it_later(tmp_path: Path) -> None:
    with served(tmp_path) as one:  # what it says goes into a file, as under systemd into the journal
        mine = one.enter()
        said = until(lambda: one.said if "has been used" in one.said else "")
        assert "token=" not in said
        assert "another browser needs another server, or one with --token-file" in said
        assert one.get(**mine).status_code == 200


def test_a_name_that_is_not_the_servers_is_refused(one: Served) -> None:
    mine = one.enter()
    port = f":{one.port}"
    for host in ("evil.example", f"evil.example{port}", f"127.0.0.1.evil.example{port}", "10.0.0.1", "x@"):
        rebound = {**mine, "Host": host, "Origin": f"http://{host}"}
        assert one.get(**rebound).status_code == 403, host
        assert one.get("/static/js/textual.js", Host=rebound["Host"]).status_code == 403, host
        assert refusal(one, rebound) == 403, host
    assert one.consoles() == []


def test_a_tunnel_may_end_at_another_port(one: Served) -> None:
    mine = one.enter()
    assert refusal(one, {**mine, "Host": "localhost:8080", "Origin": "http://localhost:8080"}) == 0
    assert refusal(one, {**mine, "Host": "[::1]:8080", "Origin": "http://[::1]:8080"}) == 0


def test_a_page_of_another_origin_is_refused(one: Served) -> None:
    mine = one.enter()
    for origin in ("http://evil.example", "null", "http://localhost:3000", f"https://127.0.0.1:{one.port}", ""):
        assert refusal(one, {**mine, "Origin": origin}) == 403, origin
    assert one.consoles() == []


def test_who_does_not_say_where_from_is_refused(one: Served) -> None:
    mine = one.enter()
    del mine["Origin"]
    assert refusal(one, mine) == 403
    token = one.said.rpartition("token=")[2].split()[0]
    assert httpx.post(f"{one.base}/enter", data={"token": token}, trust_env=False).status_code == 403
    assert one.type_token(token, origin="http://evil.example").status_code == 403
    assert one.type_token(token).status_code == 303


def test_behind_a_proxy_only_its_own_pages_are_trusted(tmp_path: Path) -> None:
    with served(tmp_path, has_terminal=True, public_url="https://Top.example.org/") as one:
        assert one.link.startswith("https://top.example.org/?token=")
        mine = {**one.enter(), "Origin": "https://top.example.org"}
        assert refusal(one, mine) == 0  # a proxy that calls us by our own name
        assert refusal(one, {**mine, "Host": "top.example.org"}) == 0  # and one that hands on what the browser said
        assert refusal(one, {**mine, "Host": "top.example.org", "Origin": "http://top.example.org"}) == 403
        assert refusal(one, {**mine, "Host": "evil.example"}) == 403
        assert "Secure" in one.get(f"/?token={one.said.rpartition('token=')[2].split()[0]}").headers["Set-Cookie"]


def test_one_too_many_is_refused_until_another_has_left(tmp_path: Path) -> None:
    with served(tmp_path, sessions=2) as one:
        mine = one.enter()

        async def scenario() -> None:
            async with tab(one, mine) as first, tab(one, mine) as second:
                await first.console()
                await second.console()
                status = one.get(**mine).status_code, await status_of_one_more(one, mine)
                assert status == (503, 503)
                assert len(one.consoles()) == 2
            until(lambda: not one.consoles())
            async with tab(one, mine) as third:
                await third.console()

        play(scenario)


async def status_of_one_more(one: Served, headers: dict[str, str]) -> int:
    try:
        async with tab(one, headers):
            return 0
    except aiohttp.WSServerHandshakeError as error:
        return error.status


def test_the_page_loads_nothing_from_elsewhere_and_is_in_no_frame(one: Served) -> None:
    page = one.get(**one.enter())
    assert "<title>clusterctl top</title>" in page.text
    assert "http" not in page.text
    policy = dict(part.split(" ", 1) for part in page.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert "script-src" not in policy
    assert policy["frame-ancestors"] == "'none'"
    for path in ("/", "/static/js/textual.js", "/page/page.js", "/nothing"):
        told = one.get(path).headers
        assert told["X-Frame-Options"] == "DENY"
        assert told["X-Content-Type-Options"] == "nosniff"
        assert told["Cache-Control"] == "no-store"
        assert told["Referrer-Policy"] in ("no-referrer", "same-origin")
        assert "Server" not in told
    assert one.get("/static/").status_code == 403  # no list of files


def test_a_token_from_a_file_is_asked_for_and_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    file.chmod(0o600)
    with served(tmp_path, token_file=str(file)) as one:
        assert one.link == f"{one.base}/"
        assert TOKEN not in one.said
        for _ in range(2):  # it is no link that could be used up
            entered = one.type_token(f" {TOKEN} ")
            assert (entered.status_code, entered.headers["Location"]) == (303, "/")
            cookie = entered.headers["Set-Cookie"].partition(";")[0]
            assert one.get(Cookie=cookie).status_code == 200
        assert one.type_token(TOKEN[:-1]).status_code == 403
        assert one.type_token("x" * 10_000).status_code == 413


def test_only_one_package_knows_the_web() -> None:
    knowing = [module.path for module in modules(*PRODUCT) if {"aiohttp", "textual_serve"} & set(imports(module.text))]
    assert knowing
    assert all(path.startswith("clusterctl/tui/web/") for path in knowing), knowing


def imports(text: str) -> list[str]:
    """The first words of what is imported."""
    lines = [line.split() for line in text.splitlines()]
    return [line[1].partition(".")[0] for line in lines if len(line) > 1 and line[0] in ("import", "from")]
