"""What screens look like, kept as plain text beside the tests."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode


class Drawing(SingleFileSnapshotExtension):
    """One file for each picture: what stands on the screen, line by line."""

    _write_mode = WriteMode.TEXT  # what syrupy calls it
    file_extension = "txt"


@pytest.fixture
def drawn(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """``assert drawn == text``: as it was when somebody looked at it and ran ``pytest --snapshot-update``."""
    return snapshot.use_extension(Drawing)
