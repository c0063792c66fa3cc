"""Every error of ours is the same error behind the door and before it."""

from __future__ import annotations

import pytest

from clusterctl.door.frames import Trouble
from clusterctl.door.troubles import BUG, ServerBug, kinds, pack, unpack
from clusterctl.model import errors
from clusterctl.model.errors import ClusterError, Outage
from clusterctl.model.exits import code_of


def one_of(kind: type[ClusterError]) -> ClusterError:
    return kind("redis", "no answer", "is it up?") if issubclass(kind, Outage) else kind("it went wrong", "do it again")


def test_every_class_of_errors_is_known() -> None:
    ours = {name for name, each in vars(errors).items() if isinstance(each, type) and issubclass(each, ClusterError)}
    assert set(kinds()) >= ours > {"ClusterError", "Superseded"}


@pytest.mark.parametrize("kind", kinds().values(), ids=kinds())
def test_an_error_crosses_whole(kind: type[ClusterError]) -> None:
    error = one_of(kind)
    found = unpack(pack(error))
    assert type(found) is kind
    assert isinstance(found, ClusterError)
    assert (str(found), found.hint, vars(found)) == (str(error), error.hint, vars(error))
    assert code_of(found) == code_of(error)


def test_what_an_error_has_besides_crosses_too() -> None:
    found = unpack(pack(Outage("redis", "no answer")))
    assert isinstance(found, Outage)
    assert found.what == "redis"
    assert str(found) == "redis unreachable: no answer"


def test_a_bug_is_told_in_one_line_without_passwords() -> None:
    trouble = pack(ValueError("no such thing at postgresql://me:s3cret@db/x"))
    assert trouble == Trouble(kind=BUG, message="ValueError: no such thing at postgresql://me:***@db/x")
    found = unpack(trouble)
    assert isinstance(found, ServerBug)
    assert "ValueError: no such thing" in str(found)


def test_an_error_that_this_program_does_not_know_is_a_bug() -> None:
    assert isinstance(unpack(Trouble(kind="Exception", message="x")), ServerBug)
    assert isinstance(unpack(Trouble(kind="SystemExit", message="x")), ServerBug)
