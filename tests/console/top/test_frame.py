"""What stands around the screen: every line exactly as wide as the terminal, and never without what matters."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from clusterctl.model.looks import RedisSight
from clusterctl.settings import Settings
from clusterctl.text import cells
from clusterctl.tui.engine.connection import Connection
from clusterctl.tui.frame.heading import Heading, cluster_name, heading_lines
from clusterctl.tui.frame.key_line import Hint, ListTitle, key_line, key_name, list_title
from clusterctl.tui.frame.tabs import Tab, tab_line
from clusterctl.tui.paint.pieces import PLAIN_GLYPHS, Glyphs, Line

GLYPHS = Glyphs()
WIDTHS = (40, 60, 79, 80, 100, 120, 160, 250)
WELL = Connection(answered_at=100.0, took_ms=4.0)
DOWN = WELL.failed(101.0, "postgres unreachable: connection to server failed: Connection refused", 0.5)
SLOW = WELL.failed(101.0, "postgres is up, but slow: canceling statement due to statement timeout", 0.5)
REDIS = RedisSight(used=True, up=True, took_ms=1.0)
AT = datetime(2026, 5, 6, 14, 3, 22, tzinfo=UTC)
TABS = [
    Tab(str(number), name, here=number == 3, badge=badge)
    for number, (name, badge) in enumerate(
        [("Overview", 0), ("Workers", 0), ("Jobs", 0), ("Stuck", 3), ("Claims", 0), ("Trends", 0), ("Doctor", 12),
         ("Services", 0)], 1,
    )
]  # fmt: skip


def text(line: Line) -> str:
    """Of a line."""
    return "".join(piece.text for piece in line)


def told(**other: object) -> Heading:
    """The header of a cluster that is well."""
    known: dict[str, object] = {"now": 100.8, "interval": 2.0, "postgres": WELL, "redis": REDIS, "at": AT}
    return Heading(cluster="lab-prod", **{**known, **other})  # type: ignore[arg-type]  # each of its own type


def header(**other: object) -> str:
    """Its first line at 80 columns."""
    return text(heading_lines(told(**other), 80, GLYPHS)[0])


def test_the_header_of_a_cluster_that_is_well() -> None:
    assert header() == " clusterctl top · lab-prod     ● LIVE 0.8s   pg 4ms   redis 1ms   2s   14:03:22 "


@pytest.mark.parametrize(
    "other, words",
    [
        ({"postgres": Connection()}, ["CONNECTING", "pg ?"]),
        ({"postgres": Connection().failed(100.0, "refused", 0.5)}, ["NOT CONNECTED", "pg down"]),
        ({"postgres": DOWN, "now": 123.0}, ["STALE 23s", "pg down", "redis 1ms"]),
        ({"postgres": DOWN, "refused": True}, ["pg refuses"]),
        ({"postgres": SLOW, "slow": True}, ["STALE", "pg slow", "redis 1ms"]),
        ({"now": 110.0}, ["STALE 10s", "pg silent"]),
        ({"redis": replace(REDIS, up=False)}, ["LIVE", "redis down"]),
        ({"redis": RedisSight(used=False, up=False)}, ["no redis"]),
        ({"redis": None}, ["redis ?"]),
        ({"unseen": 3}, ["PAUSED 0.8s +3"]),
        ({"read_only": True}, ["LIVE", "READ-ONLY"]),
        ({"held": True}, ["HOLD"]),
    ],
)
def test_the_header_says_each_state_in_words_at_80_columns(other: dict[str, object], words: list[str]) -> None:
    line = header(**other)
    assert [word for word in words if word not in line] == []


def test_the_header_is_as_wide_as_the_terminal_whatever_it_says() -> None:
    for width, state, flag, name in itertools.product(
        WIDTHS, (WELL, DOWN, Connection()), (True, False), ("x", "日本" * 40, "a[/red]\x1b[2J" * 9)
    ):
        heading = told(postgres=state, read_only=flag, held=flag, unseen=7 if flag else None)._replace(cluster=name)
        for line in heading_lines(heading, width, GLYPHS):
            assert cells(text(line)) <= width
            assert "\x1b" not in text(line)
        assert cells(text(heading_lines(heading, width, GLYPHS)[0])) == width


def test_an_outage_says_why_when_it_is_tried_again_and_what_that_means() -> None:
    down = DOWN
    for now in range(102, 105):
        down = down.failed(now, down.trouble, 0.5)
    second = text(heading_lines(told(postgres=down, now=104.0), 80, GLYPHS)[1])
    assert second.strip() == "Postgres: Connection refused · try 5 in 4s · r retry now · actions disabled"


@pytest.mark.parametrize(
    "width, said",
    [
        (120, "Postgres is up, but too slow: it gave this look up"),
        (80, "Postgres is up, but too slow"),
        (70, "Postgres is slow"),
    ],
)
def test_a_postgres_that_is_slow_is_never_called_down_however_narrow_it_is(width: int, said: str) -> None:
    slow = SLOW
    for now in range(102, 111):
        slow = slow.failed(now, slow.trouble, 0.5)
    lines = [text(line) for line in heading_lines(told(postgres=slow, slow=True, now=102.0), width, GLYPHS)]
    assert "down" not in "".join(lines)
    assert lines[1].strip().startswith(f"{said} · try 11 in 18s · r retry now · actions disabled")


def test_what_to_do_is_told_whole_in_several_lines() -> None:
    hint = "no Postgres of `up` runs in /somewhere/quite/far/away: `clusterctl up` starts it; or set database_url"
    lines = heading_lines(told(postgres=DOWN, hint=hint), 80, GLYPHS)[2:]
    assert " ".join(text(line).strip() for line in lines) == hint


def test_a_cluster_is_called_by_its_database_and_never_by_a_password() -> None:
    url = "postgresql://ada:secret@db1.lab:5433/prod?sslpassword=secret"
    assert cluster_name(Settings(database_url=url)) == "prod on db1.lab"
    assert cluster_name(Settings(database_url="postgresql:///prod")) == "prod"


@pytest.mark.parametrize("width", WIDTHS)
def test_all_badges_and_the_name_of_the_screen_are_in_the_tabs(width: int) -> None:
    line = text(tab_line(TABS, width, GLYPHS))
    assert cells(line) == width
    assert "3 Jobs" in line
    assert "▲3" in line
    assert "▲12" in line or width < 60


def test_the_tabs_at_80_columns_have_their_whole_names() -> None:
    assert text(tab_line(TABS[:-2], 80, GLYPHS)).split() == [
        "1",
        "Overview",
        "2",
        "Workers",
        "3",
        "Jobs",
        "4",
        "Stuck▲3",
        "5",
        "Claims",
        "6",
        "Trends",
    ]


def test_the_first_keys_are_told_and_the_last_always() -> None:
    hints = [Hint(str(number), "something") for number in range(20)]
    line = text(key_line(hints, [Hint("?", "help")], 60, GLYPHS))
    assert cells(line) == 60
    assert line.startswith(" 0 something  1 something ")
    assert line.rstrip().endswith("? help")


@pytest.mark.parametrize(
    "key, name, plain",
    [
        ("enter", "↵", "enter"),
        ("slash", "/", "/"),
        ("ctrl+p", "ctrl+p", "ctrl+p"),
        ("j,down", "j", "j"),
        ("up", "↑", "up"),
    ],
)
def test_keys_are_written_as_they_are_typed(key: str, name: str, plain: str) -> None:
    assert key_name(key, GLYPHS) == name
    assert key_name(key, PLAIN_GLYPHS) == plain


def test_the_title_of_a_list_says_what_was_left_out_and_in_which_order() -> None:
    title = ListTitle("Jobs", 41, filtered=True, marked=2, hidden=1, sort="WAIT ▼", as_of=AT)
    line = text(list_title(title, 100, GLYPHS))
    assert cells(line) == 100
    assert line.startswith("─ Jobs 41 match · 2 marked · 1 hidden by the filter ─")
    assert line.endswith(" sort: WAIT ▼  as of 14:03:22 ─")


def test_nothing_but_ascii_where_that_was_asked_for() -> None:
    lines: Sequence[Line] = [
        *heading_lines(told(postgres=DOWN), 80, PLAIN_GLYPHS),
        tab_line(TABS, 80, PLAIN_GLYPHS),
        list_title(ListTitle("Jobs", 41), 80, PLAIN_GLYPHS),
        key_line([Hint("/", "filter")], [], 80, PLAIN_GLYPHS),
    ]
    assert all(text(line).isascii() for line in lines)
