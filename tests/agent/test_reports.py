"""What services report of themselves, and what a job may do to the file in which it does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agentd.reports import LARGEST_BYTES, MOST_BYTES, MOST_COUNTED, Reports, prepare
from clusterctl.model.orders import Report
from tests.agent.rig import Rig, RigMaker, order, replica, shell
from tests.until import until


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Of allocation 1, in a directory of its own."""
    path = tmp_path / "reports" / "1"
    path.parent.mkdir()
    prepare(path)
    return path


def read(file: Path) -> Report | None:
    """What an agentd that has just begun reads."""
    return Reports(file.parent).read([1]).get(1)


def say(file: Path, *lines: str) -> None:
    """As ``echo >>`` does."""
    with file.open("a") as end:
        end.writelines(f"{line}\n" for line in lines)


def test_all_that_is_new_is_one_report(file: Path) -> None:
    say(file, '{"p99_ms": 12.5, "requests": 100, "violations": 1}', '{"p99_ms": 7, "requests": 50}')
    say(file, '{"requests": 3, "violations": 3, "comment": "unknown words are no harm"}')
    assert read(file) == Report(p99_ms=12.5, requests=153, violations=4)


def test_nothing_is_read_twice_not_even_by_the_next_agentd(file: Path) -> None:
    reports = Reports(file.parent)
    say(file, '{"requests": 1}')
    assert reports.read([1]) == {1: Report(requests=1)}
    assert reports.read([1]) == {}
    say(file, '{"requests": 2}')
    assert read(file) == Report(requests=2)
    assert read(file) is None


def test_a_line_that_is_not_whole_waits_for_its_end(file: Path) -> None:
    reports = Reports(file.parent)
    file.write_text('{"requests": 1}\n{"requ')
    assert reports.read([1]) == {1: Report(requests=1)}
    with file.open("a") as end:
        end.write('ests": 2}\n')
    assert reports.read([1]) == {1: Report(requests=2)}


JUNK = [
    "",
    "{}",
    "12",
    "[1]",
    "null",
    "\x00\x00",
    "\udcff",
    '{"p99_ms": NaN}',
    '{"p99_ms": Infinity}',
    '{"p99_ms": 1e999}',
    '{"p99_ms": -1}',
    '{"p99_ms": 1e13}',
    '{"p99_ms": "12"}',
    '{"requests": -1}',
    '{"requests": 1.5}',
    '{"requests": 1000000000001}',
    '{"requests": 1, "violations": 2}',
    '{"violations": 1}',
    "[" * 5000,
]


@pytest.mark.parametrize("junk", JUNK)
def test_what_is_no_report_is_passed_over(file: Path, junk: str) -> None:
    line = junk.encode("utf-8", "surrogateescape") + b"\n"
    file.write_bytes(b'{"requests": 1}\n' + line + b'{"requests": 2}\n')
    assert read(file) == Report(requests=3)


def test_made_up_numbers_stay_numbers(file: Path) -> None:
    say(file, *['{"requests": 1000000000000, "violations": 1000000000000}'] * 1001)
    assert read(file) == Report(requests=MOST_COUNTED, violations=MOST_COUNTED)


def test_junk_is_said_once(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    reports = Reports(file.parent)
    say(file, "junk", "junk", '{"requests": 1}')
    reports.read([1])
    say(file, "junk")
    reports.read([1])
    assert [record.getMessage() for record in caplog.records] == [
        "allocation 1: 2 of 3 lines are no reports, and are passed over"
    ]


def test_of_too_much_only_the_end_is_read(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    line = '{"requests": 1 }'  # with its end 17 bytes: what is read begins within one
    say(file, *[line] * (2 * MOST_BYTES // len(line)))
    found = read(file)
    assert found is not None
    assert MOST_BYTES // 17 - 2 <= found.requests <= MOST_BYTES // 17
    assert not caplog.records  # half a line is no junk


def test_a_line_without_an_end_does_not_hold_up_what_comes_later(file: Path) -> None:
    reports = Reports(file.parent)
    file.write_text("x" * (3 * MOST_BYTES))
    assert reports.read([1]) == {}
    say(file, "", '{"requests": 1}')
    assert reports.read([1]) == {1: Report(requests=1)}


def test_a_large_file_is_begun_anew_and_who_appends_goes_on(file: Path) -> None:
    reports = Reports(file.parent)
    with file.open("a") as job:
        job.write("x" * LARGEST_BYTES + '\n{"requests": 1}\n')
        job.flush()
        assert reports.read([1]) == {1: Report(requests=1)}
        assert file.stat().st_size == 0
        job.write('{"requests": 2}\n')
        job.flush()
        assert reports.read([1]) == {1: Report(requests=2)}


def test_a_file_that_was_begun_anew_is_read_from_its_beginning(file: Path) -> None:
    reports = Reports(file.parent)
    say(file, '{"requests": 1}', '{"requests": 1}')
    reports.read([1])
    file.write_text('{"requests": 5}\n')
    assert reports.read([1]) == {1: Report(requests=5)}


def test_a_link_to_another_file_is_not_read_and_not_cut(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text('{"requests": 1}\n' * (LARGEST_BYTES // 16 + 1))
    file.unlink()
    file.symlink_to(other)
    assert read(file) is None
    file.unlink()
    file.hardlink_to(other)
    assert read(file)
    assert other.stat().st_size > LARGEST_BYTES


def test_a_large_file_that_has_another_name_is_not_counted_again_and_again(file: Path, tmp_path: Path) -> None:
    reports = Reports(file.parent)
    (tmp_path / "other").hardlink_to(file)
    say(file, "x" * LARGEST_BYTES, '{"requests": 1}')
    assert reports.read([1]) == {1: Report(requests=1)}
    assert reports.read([1]) == {}
    say(file, '{"requests": 2}')
    assert read(file) == Report(requests=2)
    assert read(file) is None


@pytest.mark.parametrize("put", [os.mkfifo, os.mkdir, lambda path: None])
def test_what_is_no_file_says_nothing_and_holds_nobody_up(file: Path, put: object) -> None:
    file.unlink()
    put(file)  # type: ignore[operator]  # takes a path
    assert read(file) is None


def test_what_says_how_far_it_was_read_may_be_spoilt_too(file: Path) -> None:
    say(file, '{"requests": 1}')
    for spoilt in ("99999999999999999999999", "-5", "junk", ""):
        file.with_name("1.read").write_text(spoilt)
        assert read(file) == Report(requests=1)
    file.with_name("1.read").unlink()
    file.with_name("1.read").symlink_to("/dev/zero")
    assert read(file) == Report(requests=1)
    assert file.with_name("1.read").is_symlink()


def test_a_replica_reports_into_a_file_of_its_own(make_rig: RigMaker, gate: Path) -> None:
    rig = make_rig()
    line = '{"p99_ms": 3.5, "requests": 10}'
    rig.start(replica(1, f"echo '{line}' >> $CLUSTERCTL_REPORT; echo ready; read line < {gate}; exec sleep 1000"))

    def told() -> Report | None:
        rig.listen()
        return rig.processes.reports().get(1)

    assert until(told, what="the report") == Report(p99_ms=3.5, requests=10)
    (path,) = rig.spool.glob("reports/1")
    assert path.stat().st_mode & 0o777 == 0o600
    gate.write_text("go\n")
    rig.stop(1)
    rig.processes.acknowledge([1])
    assert not list((rig.spool / "reports").iterdir())


def test_the_files_of_ended_attempts_go_when_their_ends_are_acknowledged_by_the_next_agentd(make_rig: RigMaker) -> None:
    first = make_rig()
    first.start(replica(1, "exec sleep 1000"))
    first.running(1)
    first.stop(1)
    first.close(stop_jobs=False)
    second = make_rig()
    second.end_of(1)
    second.processes.acknowledge([1])
    assert not list((second.spool / "reports").iterdir())


def test_a_batch_job_has_no_such_file(rig: Rig) -> None:
    rig.run(shell(1, "echo ${CLUSTERCTL_REPORT-none}"))
    assert rig.output(1) == "none\n"
    assert not list((rig.spool / "reports").iterdir())
    assert rig.run(order(2, "true")).exit_code == 0
