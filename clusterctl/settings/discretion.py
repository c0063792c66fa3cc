"""Passwords that stand where others can read them."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from clusterctl.settings.resolve import files
from clusterctl.text import masked


def indiscretions(flags: Mapping[str, str] | None = None, cwd: Path | None = None) -> Iterator[str]:
    """One sentence for each place where a password can be read by everyone on this machine."""
    for name, value in (flags or {}).items():
        if masked(value) != value:
            yield f"--{name.replace('_', '-')} holds a password, which `ps` shows to everyone: put it into a file"
    for file in files(cwd or Path()):
        try:
            mode, text = file.stat().st_mode, file.read_text("utf-8", errors="replace")
        except OSError:
            continue
        if mode & stat.S_IROTH and masked(text) != text:
            yield f"{file} holds a password, and everyone may read it: chmod o= {file}"
