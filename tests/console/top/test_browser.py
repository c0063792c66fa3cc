"""The console in a real browser, before a real cluster. Where there is no browser: see `tests.console.top.browser`."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from clusterctl.tui.dialogs.confirm import READ_S
from tests.console.top.browser import Page, browser
from tests.console.top.web_server import Served, running
from tests.processes.place import Place
from tests.until import until

TOP = (sys.executable, "-P", "-m", "clusterctl", "top", "--web")
# What a page of a stranger would try: the browser has our cookie, and sends it along to every port of this name.
STRANGER = """
<title>kittens</title><script>
const line = new WebSocket("ws://127.0.0.1:PORT/ws?width=80&height=24");
line.onopen = () => { window.outcome = "let in"; };
line.onerror = () => { window.outcome = "refused"; };
const ask = {credentials: "include"};
fetch("http://127.0.0.1:PORT/", ask).then(() => { window.read = "let in"; }, () => { window.read = "refused"; });
</script>
"""


@pytest.fixture
def place(tmp_path: Path, database: str, redis_url: str, redis_prefix: str) -> Iterator[Place]:
    """A cluster of one worker."""
    with closing(Place(tmp_path, database, redis_url, redis_prefix)) as found:
        found.schedd()
        found.agentd("w1", cpus=2)
        yield found


@pytest.fixture
def web(place: Place, tmp_path: Path) -> Iterator[Served]:
    """``clusterctl top --web`` before it."""
    with top(place, tmp_path) as found:
        yield found


def top(place: Place, folder: Path, *flags: str) -> AbstractContextManager[Served]:
    """The same with *flags*."""
    settings = place.cluster.settings
    env = {
        "CLUSTERCTL_DATABASE_URL": settings.database_url,
        "CLUSTERCTL_REDIS_URL": settings.redis_url,
        "CLUSTERCTL_REDIS_PREFIX": settings.redis_prefix,
    }
    return running((*TOP, *flags), folder, env)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """An empty tab."""
    with browser(tmp_path / "browser") as found:
        yield found


def shows(page: Page, words: str) -> str:
    """Wait until the console in the page shows *words*; all that it shows then."""
    try:
        until(lambda: words in page.screen())
    except AssertionError:
        pytest.fail(f"{words!r} does not appear:\n{page.screen()}", pytrace=False)
    return page.screen()


def test_a_browser_shows_the_live_cluster_and_heeds_keys(place: Place, web: Served, page: Page, tmp_path: Path) -> None:
    place.submit("sleep 600", name="elder")
    page.open(web.link)
    assert page.value("location.href") == f"{web.base}/"
    assert page.value("document.title") == "clusterctl top"
    overview = shows(page, "w1")
    assert "elder" not in overview
    page.press("3")
    assert "newcomer" not in shows(page, "elder")
    place.submit("sleep 600", name="newcomer")
    shows(page, "newcomer")
    assert len(web.consoles()) == 1
    page.picture(tmp_path / "jobs.png")
    assert (tmp_path / "jobs.png").read_bytes().startswith(b"\x89PNG")
    loaded = page.value("performance.getEntriesByType('resource').map(each => new URL(each.name).origin)")
    assert loaded
    assert set(loaded) == {web.base}


def test_a_browser_only_looks(place: Place, web: Served, page: Page) -> None:
    (job,) = place.submit("sleep 600", name="precious")
    place.await_state("running", job)
    page.open(web.link)
    assert "READ-ONLY" in shows(page, "w1")
    page.press("3")
    shows(page, "precious")
    for key in "Ky":
        page.press(key)
    page.press("2")  # a dialog would have taken it
    shows(page, "FUSE")
    assert place.states(job) == ["running"]
    assert place.cluster.db.value("SELECT cancel_requested_at FROM jobs") is None


def test_with_write_it_acts_and_that_is_in_the_audit(place: Place, page: Page, tmp_path: Path) -> None:
    (job,) = place.submit("sleep 600", name="superfluous")
    place.await_state("running", job)
    with top(place, tmp_path, "--write") as web:
        page.open(web.link)
        assert "READ-ONLY" not in shows(page, "w1")
        page.press("3")
        shows(page, "superfluous")
        page.press("K")
        shows(page, f"$ clusterctl cancel {job}")  # before that it is being thought up
        stands = time.monotonic()
        until(lambda: time.monotonic() - stands > 2 * READ_S)  # a yes counts once it can have been read
        page.press("y")
        place.await_state("cancelled", job)
    assert place.cluster.db.value("SELECT count(*) FROM audit WHERE verb = 'cancel'") == 1


def test_a_console_that_is_left_says_so_and_another_is_a_click_away(web: Served, page: Page) -> None:
    page.open(web.link)
    shows(page, "w1")
    page.press("q")
    until(lambda: page.value("document.body.classList.contains('-closed')"))
    assert page.value("getComputedStyle(document.getElementById('ended')).display") == "block"
    until(lambda: not web.consoles())
    page.value("document.querySelector('#ended a').click()")
    until(web.consoles)
    shows(page, "w1")


def test_a_browser_with_a_wrong_token_sees_a_form_that_takes_the_right_one(web: Served, page: Page) -> None:
    page.open(f"{web.base}/?token=guessed")
    assert "wrong" in page.value("document.body.innerText")
    assert page.value("document.querySelectorAll('.textual-terminal').length") == 0
    type_token(page, "guessed again")
    until(lambda: page.value("location.pathname") == "/enter" and "wrong" in page.value("document.body.innerText"))
    assert web.consoles() == []
    type_token(page, web.link.partition("token=")[2])
    shows(page, "w1")


def type_token(page: Page, token: str) -> None:
    page.value(f"document.querySelector('input').value = '{token}'; document.querySelector('form').submit()")


def test_a_page_of_another_origin_is_refused_although_it_has_the_cookie(
    web: Served, page: Page, tmp_path: Path
) -> None:
    page.open(web.link)
    shows(page, "w1")
    page.press("q")
    until(lambda: not web.consoles())
    with stranger(tmp_path / "site", web.port) as url:
        page.open(url)
        assert page.value("document.title") == "kittens"
        assert until(lambda: page.value("window.outcome")) == "refused"
        assert until(lambda: page.value("window.read")) == "refused"
    assert web.consoles() == []


@contextmanager
def stranger(site: Path, port: int) -> Iterator[str]:
    """The URL of another server of this machine, whose page is after the console at *port*."""
    site.mkdir()
    (site / "index.html").write_text(STRANGER.replace("PORT", str(port)))
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()


class Quiet(SimpleHTTPRequestHandler):
    """Files, and no word about it."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
