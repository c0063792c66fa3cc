"""What rows and pages look like, without any terminal."""

from __future__ import annotations

from datetime import timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from clusterctl.model.claim_log import CLAIM_EVENTS
from clusterctl.model.filter_text import parse
from clusterctl.model.finding_story import FindingStory
from clusterctl.model.looks import Waits
from clusterctl.model.pictures import JobPicture, LeaderPicture, WorkerPicture
from clusterctl.model.services import ServiceState
from clusterctl.model.states import AdminState, JobState, LiveState
from clusterctl.model.trends import Course
from clusterctl.model.vocabulary import vocabulary_of
from clusterctl.text import cells
from clusterctl.tui.details.finding import lately
from clusterctl.tui.lists.courses import Courses
from clusterctl.tui.lists.findings import Listed
from clusterctl.tui.paint.pieces import Piece
from clusterctl.tui.painters import attention, claims, jobs, services, workers
from clusterctl.tui.painters.attention import needs
from clusterctl.tui.painters.overview import Shares, shares, workers_rule
from clusterctl.tui.painters.ruled import grid, labelled, rule, wrapped
from clusterctl.tui.painters.sums import sum_lines, thinned
from clusterctl.tui.table.columns import place
from clusterctl.tui.table.drawing import row_cells
from tests.console.top.busy import busy_cluster
from tests.console.top.pages import SIGHT, text_of
from tests.console.top.stage import NOW, a_claim, a_finding, a_job, a_running_job, a_worker

texts = st.text(st.characters(codec="utf-8"), max_size=80)
widths = st.integers(12, 200)


def test_of_a_worker_that_is_not_heard_nobody_knows_what_it_uses() -> None:
    silent = a_worker("w1", live_state="silent", load1=3.0)
    assert text_of(workers.cpu_numbers(silent, SIGHT, 13)) == "?/5/1/8"
    assert text_of(workers.memory_numbers(silent, SIGHT, 19)).startswith("?/")
    assert text_of(workers.load(silent, SIGHT, 5)) == "?"
    assert set(text_of(workers.cpu_bar(silent, SIGHT, 8))) == {SIGHT.glyphs.unknown}


@pytest.mark.parametrize(
    "worker, told",
    [
        (a_worker("w1", heartbeat_age_s=2.0), "3.0s/15s"),
        (a_worker("w1", heartbeat_age_s=10.0), "~11s/15s"),
        (a_worker("w1", live_state="silent", heartbeat_age_s=60.0), "1m01s/16m"),
        (a_worker("w1", live_state="lost", heartbeat_age_s=4000.0), "1h06m"),
    ],
)
def test_a_beat_is_told_against_what_comes_next_and_grows_by_itself(worker: WorkerPicture, told: str) -> None:
    assert text_of(workers.beat(worker, SIGHT._replace(elapsed_s=1.0), 9)) == told


def test_a_worker_whom_nobody_calls_silent_is_late_and_nobody_knows_what_it_uses() -> None:
    late, fresh = a_worker("w1", heartbeat_age_s=37.0), a_worker("w2")
    assert text_of(workers.state(late, SIGHT, 10)) == "~ late"
    assert text_of(workers.cpu_numbers(late, SIGHT, 13)) == "?/5/1/8"
    assert set(text_of(workers.cpu_bar(late, SIGHT, 8))) == {SIGHT.glyphs.unknown}
    between_looks, unseen = SIGHT._replace(elapsed_s=40.0), SIGHT._replace(elapsed_s=40.0, stale=True)
    assert text_of(workers.cpu_numbers(fresh, between_looks, 13)) == "3.1/5/1/8", "nobody has looked since"
    assert text_of(workers.cpu_numbers(fresh, unseen, 13)) == "?/5/1/8"
    assert text_of(workers.state(fresh, unseen, 10)) == "? up", "nobody can say that it is late"


def test_a_leader_that_renews_no_longer_leads_no_more() -> None:
    sums = replace(busy_cluster().sums(), leader=LeaderPicture(name="vm", term=7, since=NOW, age_s=34.0), late=1)
    line = text_of(sum_lines(sums, None, SIGHT, 60)[-1])
    assert "NO LEADER for 34s" in line
    assert "vm" not in line
    assert needs(sums, [], SIGHT)[0].kind == "! LEADER"
    assert needs(sums, [Listed(a_finding("cycle_stalled", "cluster"))], SIGHT)[0].kind == "~ STUCK", "it is said once"
    assert "32.4? used" in text_of(sum_lines(sums, None, SIGHT, 80)[0]), "that of one worker is not known"
    assert text_of(workers_rule(sums, SIGHT, 80)).startswith(f"{SIGHT.glyphs.rule} Workers 5 up · 1 late · 1 silent")
    led = replace(sums, leader=LeaderPicture(name="vm", term=7, since=NOW, age_s=3.0))
    assert "leader vm" in text_of(sum_lines(led, None, SIGHT._replace(elapsed_s=60.0), 80)[-1]), "nobody has looked"


def test_who_uses_more_than_there_is_is_marked_without_colours() -> None:
    busy = a_worker("w1", cpus=replace(a_worker("w1").cpus, used=9.5))
    assert text_of(workers.cpu_numbers(busy, SIGHT, 20)) == "9.5/5/1/8 OVER"
    assert text_of(workers.cpu_numbers(busy, SIGHT, 13)) == "9.5!/5/1/8"


def test_each_state_has_a_sign_and_a_tone() -> None:
    assert {*JobState, "stopping"} == jobs.SIGNS.keys() == jobs.MOODS.keys()
    assert {*get_args(ServiceState), "stopping"} == services.SIGNS.keys() == services.MOODS.keys()
    assert {*LiveState, *AdminState, "troubled", "late"} - {"open"} == workers.SIGNS.keys() == workers.MOODS.keys()
    assert set(claims.EVENTS) == set(CLAIM_EVENTS)


def test_a_reason_is_a_sentence_where_there_is_room_and_a_word_where_not() -> None:
    job = a_job(7)
    assert text_of(jobs.reason(job, SIGHT, 60)) == "no worker has 2 CPUs free (fits_now)"
    assert text_of(jobs.reason(job, SIGHT, 30)) == "no worker has 2 CPUs free"
    assert text_of(jobs.reason(job, SIGHT, 12)) == "full for now"
    large = replace(job, detail="needs 2 CPUs; every worker that could hold it is full for now")
    assert text_of(jobs.reason(large, SIGHT, 30)) == "needs 2 CPUs; full for now"
    after = replace(job, reason="dependency", detail="")
    assert text_of(jobs.reason(after, SIGHT, 30)) == "other jobs have to end first"
    assert text_of(jobs.reason(a_running_job(8, "w1"), SIGHT, 20)) == "on w1"


def test_waits_end_with_the_start_and_runs_with_the_end() -> None:
    waits, runs = a_job(7), a_running_job(8, "w1")
    ended = replace(runs, finished_at=NOW - timedelta(seconds=8))
    later = SIGHT._replace(elapsed_s=5.0)
    assert [text_of(jobs.wait(job, later, 6)) for job in (waits, runs)] == ["1m52s", "40s"]
    assert [text_of(jobs.ran(job, later, 6)) for job in (waits, runs, ended)] == ["-", "1m13s", "1m00s"]


def test_what_needs_a_hand_comes_in_the_order_of_urgency() -> None:
    sums = replace(busy_cluster().sums(), leader=LeaderPicture(name=None, term=7, since=None, age_s=None))
    found = [a_finding("a", "job:1", severity="info"), a_finding("b", "job:2", stuck=False, severity="critical")]
    found += [a_finding("c", "job:3", stuck=False), a_finding("d", "job:4")]
    rows = needs(sums, [Listed(each) for each in found])
    assert [row.kind.split()[-1] for row in rows] == ["LEADER", "DOCTOR", "STUCK", "DOCTOR", "STUCK", "WAIT"]
    assert [row.what for row in rows[1:5]] == ["job:2", "job:4", "job:3", "job:1"]


def test_why_jobs_wait_leads_to_a_filter_that_finds_them() -> None:
    (wait,) = needs(busy_cluster().sums(), [])
    assert parse(wait.filter, vocabulary_of(JobPicture)).terms


@given(widths)
def test_the_sums_never_leave_their_lines(width: int) -> None:
    source = busy_cluster()
    trend = source.trend(3600, 48)
    assert all(cells(text_of(line)) == width for line in sum_lines(source.sums(), trend, SIGHT, width))


def test_the_narrowest_sums_still_say_what_runs_and_what_waits() -> None:
    lines = [text_of(line) for line in sum_lines(busy_cluster().sums(), None, SIGHT, 60)]
    assert "32.4 used" in lines[0]
    assert "5 running" in lines[1]
    assert "3 pending" in lines[1]


@given(st.integers(0, 60), st.builds(Shares, *[st.integers(0, 80)] * 3))
def test_every_list_of_the_overview_has_a_line_and_none_is_wasted(rows: int, wanted: Shares) -> None:
    given_rows = shares(rows, wanted)
    assert sum(given_rows) == max(rows, 3)
    assert min(given_rows) >= 1


def test_of_little_room_each_list_has_its_share_and_of_much_what_it_needs() -> None:
    assert shares(6, Shares(40, 9, 50)) == Shares(3, 2, 1)
    assert shares(13, Shares(40, 9, 50)) == Shares(7, 4, 2)
    assert shares(40, Shares(3, 2, 50)) == Shares(3, 2, 35)


@given(texts, st.integers(8, 60))
def test_wrapped_text_fits_and_loses_nothing_but_blanks(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert lines
    assert all(cells(line) <= width for line in lines)
    shown = "".join(lines).replace(" ", "")
    assert shown == "".join(wrapped(text, 10_000)).replace(" ", "")


@given(st.lists(st.tuples(st.text("abc", max_size=9), texts), min_size=1, max_size=4), widths)
def test_tables_and_labels_fit(rows: list[tuple[str, str]], width: int) -> None:
    safe = [[Piece(" ".join(wrapped(cell, 10_000))) for cell in row] for row in rows]
    drawn = [*grid(("ONE", "TWO"), safe, width), *labelled(rows, width), rule((Piece("x"),), width, SIGHT.glyphs)]
    assert all(cells(text_of(line)) <= width for line in drawn)


def test_a_strip_thins_by_means_and_keeps_its_gaps() -> None:
    assert thinned((1.0, 3.0, None, None, 5.0, None), 3) == (2.0, None, 5.0)
    assert thinned((1.0, None), 3) == (1.0, None)


def test_courses_are_asked_for_at_once_when_others_come_in_sight_and_now_and_then() -> None:
    courses = Courses()
    course = Course(until=NOW, step_s=60.0, cpus=(1.0,), memory_mb=(1.0,))
    assert courses.due(["w1", "w2"], NOW) == ["w1", "w2"]
    courses.know({"w1": course, "w2": course})
    assert courses.due(["w1"], NOW + timedelta(seconds=29)) == []
    assert courses.due(["w3"], NOW + timedelta(seconds=29)) == ["w3"]
    courses.know({"w3": course})
    assert set(courses.known) == {"w3"}, "what is out of sight is not kept for ever"
    assert courses.due(["w3"], NOW + timedelta(seconds=59)) == ["w3"]
    courses.forget()
    assert courses.due(["w3"], NOW + timedelta(seconds=59)) == ["w3"]


def test_a_refusal_begins_with_its_sentence_in_a_form_that_has_room() -> None:
    text = "needs 16 CPUs; every worker that could hold it is full for now"
    skip = a_claim(7, event="ClaimSkipped", reason="fits_now", repeats=37, open=True, detail={"text": text})
    often = " ×37 since 14:03:15"
    assert text_of(claims.why(skip, SIGHT, 120)) == f"{text}{often} (fits_now)"
    assert text_of(claims.why(skip, SIGHT, 50)) == f"needs 16 CPUs; full for now{often}"
    assert text_of(claims.why(skip, SIGHT, 35)) == f"full for now{often}"
    assert text_of(claims.why(skip, SIGHT, 14)) == "full for now"


@pytest.mark.parametrize("reason, told", [("not_before", "a failed attempt rests before the next (not_before)")])
def test_why_jobs_wait_is_a_sentence_also_where_the_planner_has_none(reason: str, told: str) -> None:
    sums = replace(busy_cluster().sums(), waits=(Waits(reason=reason, jobs=1),))
    (wait,) = needs(sums, [])
    assert text_of(attention.told(wait, SIGHT, 60)) == told


def test_what_was_decided_lately_is_called_as_in_the_claim_log() -> None:
    skip = a_claim(7, event="ClaimSkipped", reason="fits_now", detail={"text": "no room"})
    story = FindingStory(meaning="", cure="", deeds=(), claims=(a_claim(6), skip))
    told = "\n".join(text_of(line) for line in lately(a_finding("a", "job:7"), story, SIGHT, 80))
    assert "CLAIM best of 4" in told
    assert "SKIP fits_now: no room" in told


def test_what_stands_beside_blank_cells_has_their_room() -> None:
    (wait,) = needs(busy_cluster().sums(), [])
    (found,) = needs(None, [Listed(a_finding("a", "job:1"))])
    placed = place(attention.COLUMNS, 76)
    assert [cell.x for cell in row_cells(placed, found, SIGHT)] == [each.x for each in placed]
    *_, told = row_cells(placed, wait, SIGHT)
    assert (told.x, told.x + told.width) == (placed[2].x, 76)


def test_a_decision_in_one_line_says_who_got_it_or_where_it_was() -> None:
    assert claims.short_why(a_claim(7), SIGHT).startswith("job 7 → w1  best of 4, by pack")
    released = a_claim(7, event="Released", reason="exited", detail={"exit_code": 0, "ran_s": 5.0})
    assert claims.short_why(released, SIGHT) == "job 7 on w1  exited 0 after 5.0s"
