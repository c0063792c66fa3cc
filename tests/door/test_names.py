"""Who asks is looked up now and then, by one who has the time."""

from __future__ import annotations

import threading

from schedd.door import NAME_LASTS, Names
from tests.until import until


def test_a_name_is_looked_up_once_a_minute() -> None:
    asked: list[int] = []
    moment = [0.0]

    def look(uid: int) -> str:
        asked.append(uid)
        return f"ada{len(asked)}"

    names = Names(look, lambda: moment[0])
    assert [names.of(7), names.of(7)] == ["ada1", "ada1"]
    moment[0] = NAME_LASTS
    assert [names.of(7), names.of(7)] == ["ada2", "ada2"]


def test_while_one_looks_again_the_others_have_the_old_name() -> None:
    moment = [0.0]
    looking, go_on = threading.Event(), threading.Event()

    def look(_: int) -> str:
        if moment[0]:
            looking.set()
            go_on.wait(20)
            return "new"
        return "old"

    names = Names(look, lambda: moment[0])
    assert names.of(7) == "old"
    moment[0] = NAME_LASTS
    one = threading.Thread(target=names.of, args=(7,))
    one.start()
    assert looking.wait(20)
    assert names.of(7) == "old"
    go_on.set()
    one.join(20)
    until(lambda: names.of(7) == "new")
