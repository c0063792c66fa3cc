"""A filter means the same in SQL and in Python; and Postgres lists, counts and orders what is chosen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clusterctl.cli.display.job_rows import JOBS, plain_job
from clusterctl.cli.display.listing import pick, read_filter
from clusterctl.model.errors import BadInput
from clusterctl.model.filters import Filter, Term, matches, seconds
from clusterctl.model.pictures import JobPicture
from clusterctl.model.selection import Selection
from clusterctl.model.spec import Spec
from clusterctl.model.states import Outcome
from clusterctl.model.vocabulary import vocabulary_of
from clusterctl.store import choice, job_steps, jobs
from clusterctl.store.job_filters import FIELDS
from tests.store.scene import Scene

NOON = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
EVERYTHING = Selection(everything=True)
NAMES = ["", "train", "Train-7", "50%", "a_b", "a\\b", "ä Ö", "wo rd", "x:y", "'"]
ENDS = [(Outcome.EXITED, 0), (Outcome.EXITED, 3), (Outcome.TIME_LIMIT, None), (Outcome.WORKER_LOST, None)]


def values(*samples: str) -> st.SearchStrategy[str]:
    """One of these, as it is written in a filter."""
    return st.sampled_from(samples)


def quoted(text: str) -> str:
    """As one value, whatever is in it."""
    return f'"{text}"' if "'" in text else f"'{text}'"


def comparisons(fields: str, amounts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Terms about fields that have an order."""
    signs = values(":", "=", "!=", "!:", "<", "<=", ">", ">=")
    return st.builds("{}{}{}".format, values(*fields.split()), signs, amounts)


literals = values(*NAMES, "failed", "running", "pending", "w1", "echo", "physics", "e", "none", "any").map(quoted)
globs = values("*", "t*", "*i*", "T?ain*", "?????", "*%", "*_*", "fail*,*ing", "none,*a*", "any", "none", "a\\b")
texts = st.builds(
    "{}{}{}".format,
    values("name", "tenant", "reason", "detail", "worker", "command", "user"),
    values(":", "=", "!=", "!:"),
    globs | literals,
)
words = st.builds(  # of fields that can be nothing else
    "{}{}{}".format,
    values("state", "allocation.status", "kind"),
    values(":", "=", "!=", "!:"),
    values("*", "any", "none"),
)
states = st.builds(
    "state{}{}".format,
    values(":", "=", "!=", "!:"),
    values("failed", "run*,*ing", "none,*a*", "?????*", "Pending,'held'"),
)
integers = st.integers(-1, 60).map(str)
NUMBERS = "id priority cpus gpus attempt max_attempts array_id array_index exit_code signal usage.cpus"
lists = st.builds(
    "{}:{}".format, values(*NUMBERS.split()), st.lists(integers | values("none", "0.5"), min_size=1).map(",".join)
)
terms = st.one_of(
    texts,
    words,
    states,
    comparisons(NUMBERS, integers | values("0.5", "1.5", "-0.5")),
    lists,
    comparisons("age wait ran time_limit", values("0", "1s", "90", "5m", "1h", "1:30:00", "2h")),
    comparisons("memory usage.memory_peak_mb", values("0", "64", "1G")),
    comparisons(
        "submitted_at started_at finished_at allocation.released_at cancel_requested_at",
        values("2026-03-01", "2026-03-01T12:05", "2026-03-01T12:05:07Z", "2026-03-01T12:05:07.125", "2026-02-01"),
    ),
    values("labels:none", "labels:any", "label.gpu:A100", "labels.gpu!=a100", "label.gpu:none", "labels.x:*"),
    values("train", "echo", "1", "'50%'", "t?a", "'o w'", "zzz"),
)
readable = terms.filter(lambda term: not term.endswith("!=any"))  # that is refused
filters = st.lists(st.builds("{}{}".format, values("", "-", "!"), readable), min_size=1, max_size=3).map(" ".join)


class Crowd(Scene):
    """Jobs of all kinds and fates, by *seed*, over an hour and a half; then the clock stands still."""

    due: list[int]  # to be reserved in the end

    def fill(self, seed: int) -> None:
        """Submit them and let them live."""
        chance = Random(seed)
        worker, self.due = self.worker("w1", cpus=64), []
        for number in range(40):
            self.now(NOON + timedelta(minutes=2 * number, milliseconds=chance.choice([0, 7_125, 500])))
            wishes: dict[str, Any] = {
                "name": chance.choice(NAMES),
                "tenant": chance.choice(["default", "physics"]),
                "priority": chance.choice([-1, 25, 50]),
                "retries": chance.choice([0, 2]),
                "time_limit_s": chance.choice([None, 90, 3600]),
                "labels": chance.choice([{}, {"gpu": "a100"}, {"gpu": "A100", "x": ""}]),
                "spec": Spec(command=tuple(chance.choice([["echo", "a b"], ["train.py"], ["x", ""]]))),
                "hold": chance.random() < 0.1,
            }
            ids = self.jobs(chance.choice([1, 1, 3]), cpus=1, **wishes)
            for job in ids if not wishes["hold"] else ():
                chance.choice([self.leave, self.run_on, self.run_out, self.run_out, self.stop, self.keep])(
                    job, worker, chance
                )
        self.reserve(worker, self.due)
        self.now(NOON + timedelta(hours=1, minutes=30))

    def now(self, moment: datetime) -> None:
        """Set the cluster's clock."""
        self.db.run("SELECT set_config('clusterctl.now', %s, false)", moment.isoformat())

    def leave(self, job: int, worker: Any, chance: Random) -> None:
        """It waits."""

    def run_on(self, job: int, worker: Any, chance: Random) -> None:
        """It runs, or is about to in the end."""
        if chance.random() < 0.7:
            self.run(worker, [job])
        else:
            self.due.append(job)

    def run_out(self, job: int, worker: Any, chance: Random) -> None:
        """It ends somehow; perhaps it waits again then."""
        self.finish(worker, job, *chance.choice(ENDS))

    def stop(self, job: int, worker: Any, chance: Random) -> None:
        """It is cancelled."""
        jobs.cancel(self.db, [job])

    def keep(self, job: int, worker: Any, chance: Random) -> None:
        """It is held."""
        job_steps.hold(self.db, [job], "held by ada: Train")


@pytest.fixture(params=[1, 2, 3])
def crowd(request: pytest.FixtureRequest, db: Any) -> Crowd:
    """Some of all kinds."""
    crowd = Crowd(db)
    crowd.fill(request.param)
    return crowd


def of(text: str) -> Filter:
    """A filter of jobs."""
    found = read_filter(JOBS, text)
    assert found
    return found


def row(job: JobPicture, now: datetime) -> dict[str, Any]:
    """A job as its JSON has it, and the spans that a filter may name besides."""
    plain = plain_job(job)
    ended = job.finished_at is not None
    spans = {
        "age": (job.submitted_at, now),
        "wait": (
            job.submitted_at,
            now if job.state in ("held", "pending", "scheduled") else job.started_at or job.finished_at,
        ),
        "ran": (job.started_at if job.state == "running" or ended else None, job.finished_at or now),
    }
    told = {name: seconds(end) - seconds(begin) if begin and end else None for name, (begin, end) in spans.items()}
    return {**plain, **told}


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_postgres_and_python_choose_the_same_jobs(crowd: Crowd, data: st.DataObject) -> None:
    wanted = of(data.draw(filters))
    everybody = {job.id: row(job, NOON + timedelta(minutes=90)) for job in jobs.read(crowd.db, EVERYTHING, 1000)}
    expected = sorted(id for id, plain in everybody.items() if matches(wanted, plain))
    chosen = Selection(everything=True, filter=wanted)
    assert [job.id for job in jobs.read(crowd.db, chosen, 1000)] == expected
    assert choice.ids(crowd.db, chosen, 1000) == expected
    assert choice.count(crowd.db, chosen) == len(expected)


def test_the_crowd_has_jobs_of_most_fates(crowd: Crowd) -> None:
    states = {state for (state,) in crowd.db.rows("SELECT DISTINCT state FROM jobs")}
    assert len(states) >= 7
    crowd.check()


def test_jobs_are_ordered_by_any_field_and_what_has_none_comes_last(crowd: Crowd) -> None:
    everybody = [row(job, NOON + timedelta(minutes=90)) for job in jobs.read(crowd.db, EVERYTHING, 1000)]
    for field in (name for name in FIELDS if FIELDS[name].kind != "map"):
        keys = {plain["id"]: key_of(plain, field) for plain in everybody}
        empty = sorted(id for id, key in keys.items() if key is None)
        filled = sorted(set(keys) - set(empty))
        for sort, turned in ((field, False), (f"-{field}", True)):
            expected = sorted(filled, key=lambda id: keys[id], reverse=turned) + empty  # used at once
            assert [job.id for job in jobs.read(crowd.db, EVERYTHING, 1000, [sort])] == expected, sort
            assert [job.id for job in jobs.read(crowd.db, EVERYTHING, 3, [sort])] == expected[:3]


def key_of(plain: dict[str, Any], field: str) -> Any:
    """What a row is ordered by."""
    value = pick(plain, field)
    return " ".join(value) if isinstance(value, list) else value


def test_the_filter_knows_exactly_the_fields_of_the_json_and_the_spans() -> None:
    known = {**vocabulary_of(JobPicture).kinds, **dict.fromkeys(JOBS.spans, "duration")}
    assert {name: expression.kind for name, expression in FIELDS.items()} == known


def test_a_filter_goes_together_with_numbers_arrays_states_and_what_is_recent(scene: Scene) -> None:
    array = scene.jobs(4, name="a")
    (other,) = scene.jobs(name="b")
    worker = scene.worker()
    scene.finish(worker, array[0], code=1)
    even = of("array_index:1,3 name:a")
    for selection, expected in (
        (Selection(ranges=((array[0], array[2]),), filter=even), [array[1]]),
        (Selection(array_id=array[0], filter=even), [array[1], array[3]]),
        (Selection(filter=of("-name:a")), [other]),
        (Selection(filter=of("state:failed,cancelled")), [array[0]]),
        (Selection(states=("pending",), filter=of("state:failed")), []),
        (Selection(filter=of("state:fail*")), [array[0]]),
    ):
        assert choice.ids(scene.db, selection, 10) == expected
        assert [job.id for job in jobs.read(scene.db, selection, 10)] == expected
        assert choice.count(scene.db, selection) == len(expected)


def test_letters_are_folded_alike_whatever_the_database_thinks_of_them(scene: Scene) -> None:
    folding = "SELECT collname FROM pg_collation WHERE collname IN ('pg_c_utf8', 'und-x-icu', 'C.utf8') LIMIT 1"
    if name := scene.db.value(folding):
        scene.db.script(f'DROP VIEW v_queue; ALTER TABLE jobs ALTER name TYPE text COLLATE "{name}"')
    (job,) = scene.jobs(name="ÄPFEL")
    for text, expected in (("name:Äpfel", [job]), ("name:äpfel", []), ("name:Ä*", [job]), ("Ä", [job]), ("ä", [])):
        assert choice.ids(scene.db, Selection(filter=of(text)), 10) == expected
        assert matches(of(text), {"id": job, "name": "ÄPFEL"}) == bool(expected)


def test_what_somebody_sends_who_is_not_our_program_becomes_no_part_of_a_statement(scene: Scene) -> None:
    scene.jobs()
    with pytest.raises(BadInput, match="there is no field"):
        choice.ids(scene.db, Selection(filter=Filter((Term(fields=("id); DROP TABLE jobs; --",), numbers=(1,)),))), 10)
    for term in (
        Term(fields=("state",), patterns=("'; DROP TABLE jobs; --",)),
        Term(fields=("labels",), key="'; DROP TABLE jobs; --", patterns=("x",)),
        Term(fields=("submitted_at", "labels"), numbers=(1,)),
        Term(fields=("id",), moments=((0.0, 1.0),)),
    ):
        assert choice.ids(scene.db, Selection(filter=Filter((term,))), 10) == []
    assert scene.db.value("SELECT count(*) FROM jobs") == 1
