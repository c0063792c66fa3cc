"""``python -m bench`` as a person calls it: data on stdout, words on stderr."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.benchmarks import BENCHES
from tests.house.tree import ROOT


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    """To its end."""
    argv = [sys.executable, "-m", "bench", *words]
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    return subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120)


def test_it_lists_what_there_is() -> None:
    lines = bench("--list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [each.name for each in BENCHES]
    apart = [line.split()[0] for line in lines if line.endswith("Runs only when named.")]
    assert apart == [each.name for each in BENCHES if each.apart]


def test_a_run_is_measured_kept_joined_and_written_as_a_page(tmp_path: Path) -> None:
    kept, reference = tmp_path / "a.json", tmp_path / "page.md"
    done = bench("--quick", "limits", "-o", str(kept))
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report == json.loads(kept.read_text(encoding="utf-8"))
    assert report["results"]["limits"]["spawn"]["per_s"] > 0
    assert set(report["taken"]["limits"]) == {"measured_at", "version", "quick", "seconds"}
    assert "limits (1 of 1): about 3 s" in done.stderr
    joined = bench("--from", str(kept), str(kept), "--reference", str(reference))
    assert joined.returncode == 0, joined.stderr
    assert json.loads(joined.stdout)["results"] == report["results"]
    assert "## Limits" in reference.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "words, why",
    [
        (("nothing",), "no such benchmark: nothing"),
        (("--from", "/nowhere/a.json"), "/nowhere/a.json: No such file or directory"),
        (("limits", "--from", "a.json"), "with --from nothing is measured"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(words: tuple[str, ...], why: str) -> None:
    done = bench(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert why in done.stderr
