"""The deliberate faults of ``make mutants`` can still be made."""

from __future__ import annotations

import pytest

from tests.house.tree import ROOT
from tests.mutants.fault import Fault
from tests.mutants.faults import FAULTS


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_deliberate_fault_has_its_place_and_its_tests(fault: Fault) -> None:
    assert fault.made_in((ROOT / fault.file).read_text()) != (ROOT / fault.file).read_text()
    for test in fault.tests:
        assert (ROOT / test).exists(), f"{test} is gone"


def test_every_fault_has_a_name_of_its_own() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 12
