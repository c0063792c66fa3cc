"""Where each value comes from: flags, environment, files, a running stack, defaults; the first that speaks wins."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from clusterctl import units
from clusterctl.settings.checks import contradictions
from clusterctl.settings.knobs import SETTINGS, Setting, Settings, Unit
from clusterctl.settings.places import config_home
from clusterctl.settings.stack import STACK_FILE, stack_values
from clusterctl.text import masked

FILE = "clusterctl.toml"
NUMBERS = ("duration", "span", "weight", "memory", "count", "number")  # units of which a file may have a bare number
SYSTEM_FILE = Path("/etc/clusterctl") / FILE
# What agentd puts into a job's environment: a job that calls clusterctl is no misspelt setting.
OF_THE_JOB = frozenset(
    f"CLUSTERCTL_{name}"
    for name in (
        "JOB_ID",
        "ATTEMPT",
        "ALLOCATION_ID",
        "START_TOKEN",
        "ARRAY_ID",
        "ARRAY_INDEX",
        "ARRAY_LINE",
        "WORKER",
        "CPUS",
        "MEMORY_MB",
        "REPORT",
    )
)


class Origin(NamedTuple):
    """A setting's value as it would be written (passwords masked), and where it came from."""

    name: str
    value: str
    origin: str


class Found(NamedTuple):
    """A setting's value in its inner unit, and where it came from."""

    value: object
    origin: str


class _Source(NamedTuple):
    """One place that may speak. ``naming`` says how a setting is called there; ``base`` roots relative paths."""

    origin: str
    base: Path
    values: Mapping[str, object]
    naming: Callable[[Setting], str]


def load(
    flags: Mapping[str, str] | None = None, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Settings:
    """The settings in force. ``ValueError`` on the first that cannot be, or on two that contradict each other.

    *flags* maps setting names to what stood on the command line; only those given.
    """
    found, errors = _resolve(flags, env, cwd)
    settings = _struct(found)
    for error in (*errors, *contradictions(settings)):
        raise ValueError(error)
    return settings


def origins(
    flags: Mapping[str, str] | None = None, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> tuple[Origin, ...]:
    """Every setting, in the order of ``SETTINGS``, with its value and whence it came."""
    found, errors = _resolve(flags, env, cwd)
    for error in errors:
        raise ValueError(error)
    return tuple(Origin(name, written(SETTINGS[name], each.value), each.origin) for name, each in found.items())


def problems(
    flags: Mapping[str, str] | None = None, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> tuple[str, ...]:
    """Everything that is wrong, one sentence each: for ``config check``."""
    found, errors = _resolve(flags, env, cwd)
    return (*errors, *contradictions(_struct(found)), *strangers(os.environ if env is None else env))


def strangers(env: Mapping[str, str]) -> tuple[str, ...]:
    """Variables that look like misspelt settings, each with what was probably meant. A hint, never an error."""
    unknown = [
        name.removeprefix("CLUSTERCTL_").lower()
        for name in sorted(env)
        if name.startswith("CLUSTERCTL_") and name not in OF_THE_JOB
    ]
    guesses = {name: _near(name) for name in unknown if name not in SETTINGS}
    return tuple(
        f"CLUSTERCTL_{name.upper()} is not a setting: did you mean {SETTINGS[guess].variable}?"
        for name, guess in guesses.items()
        if guess
    )


def written(setting: Setting, value: object) -> str:
    """*value* as it would be written in a file or variable, without passwords."""
    if value is None:
        return ""
    if setting.unit in ("duration", "span") and isinstance(value, float):
        return units.format_duration(value)
    if setting.unit == "memory" and isinstance(value, int):
        return units.format_memory(value)
    return masked(str(value))


def _resolve(
    flags: Mapping[str, str] | None, env: Mapping[str, str] | None, cwd: Path | None
) -> tuple[dict[str, Found], list[str]]:
    """Every setting by its strongest source, and what could not be understood on the way."""
    errors: list[str] = []
    found: dict[str, Found] = {}
    here = cwd or Path()
    for source in _sources(flags or {}, os.environ if env is None else env, here, errors):
        _take(source, found, errors)
    defaults = msgspec.structs.asdict(Settings())
    state_dir = found["state_dir"].value if "state_dir" in found else defaults["state_dir"]
    if isinstance(state_dir, Path):
        origin = str(state_dir / STACK_FILE)
        _take(_Source(origin, here, stack_values(state_dir), lambda each: f"{origin}: {each.name}"), found, errors)
    return {name: found.get(name, Found(value, "default")) for name, value in defaults.items()}, errors


def _struct(found: Mapping[str, Found]) -> Settings:
    return msgspec.structs.replace(Settings(), **{name: each.value for name, each in found.items()})


def _sources(flags: Mapping[str, str], env: Mapping[str, str], cwd: Path, errors: list[str]) -> Iterator[_Source]:
    """Strongest first."""
    yield _Source("command line", cwd, flags, lambda each: each.flag)
    # An empty variable is an unset one: unit files and compose files cannot unset.
    said = {name: env[each.variable] for name, each in SETTINGS.items() if env.get(each.variable)}
    yield _Source("environment", cwd, said, lambda each: each.variable)
    for file in files(cwd):
        try:
            yield _file_source(file)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, ValueError) as error:
            errors.append(f"{file}: {error.strerror if isinstance(error, OSError) else error}")


def files(cwd: Path) -> tuple[Path, ...]:
    """Where settings may stand, strongest first; none of them need exist."""
    return cwd / FILE, config_home() / "clusterctl" / FILE, SYSTEM_FILE


def _file_source(file: Path) -> _Source:
    text = file.read_text("utf-8")
    import tomllib  # noqa: PLC0415  # 3 ms that only those with a file pay

    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{error}; text stands in quotes, as in lease = '10m'") from None
    return _Source(str(file), file.parent, values, lambda each: f"{file}: {each.name}")


def _take(source: _Source, found: dict[str, Found], errors: list[str]) -> None:
    """Add what *source* says and no stronger one has said."""
    for name, value in source.values.items():
        setting = SETTINGS.get(name)
        try:
            if setting is None:
                guess = _near(name)
                raise ValueError("no such setting" + (f": did you mean {guess}?" if guess else ""))
            understood = _understand(setting, value, source.base)
        except ValueError as error:
            errors.append(f"{source.naming(setting) if setting else f'{source.origin}: {name}'}: {error}")
        else:
            found.setdefault(name, Found(understood, _exactly(source, setting)))


def _exactly(source: _Source, setting: Setting) -> str:
    return setting.variable if source.origin == "environment" else source.origin


def _understand(setting: Setting, value: object, base: Path) -> object:
    """*value*, from a file (text or a number) or elsewhere (text), in the setting's inner unit."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("put the value in quotes" if not isinstance(value, dict) else "settings are not nested")
    if not isinstance(value, str) and setting.unit not in NUMBERS:
        raise ValueError("put the value in quotes")
    text = str(value).strip()
    if setting.unit == "path":
        return _path(text, base)
    if setting.unit == "choice" and text not in setting.choices:
        raise ValueError(f"{text!a} is none of {', '.join(setting.choices)}")
    return _PARSERS[setting.unit](text)


def understand(name: str, text: str) -> object:
    """What *text* means as the setting *name*, in its inner unit. Raises ValueError."""
    return _understand(SETTINGS[name], text, Path())


def _path(text: str, base: Path) -> Path | None:
    if not text:
        return None
    try:
        return (base / Path(text).expanduser()).absolute()
    except (RuntimeError, OSError) as error:
        raise ValueError(f"{text!a} cannot be resolved: {error}") from None


def _positive_duration(text: str) -> float:
    seconds = units.parse_duration(text)
    if seconds <= 0:
        raise ValueError("it must be longer than 0s")
    return seconds


def _count(text: str, least: int = 1) -> int:
    if not (text.isascii() and text.isdigit() and least <= int(text[:10]) <= 1_000_000):
        raise ValueError(f"{text!a} is not a whole number from {least} to 1,000,000")
    return int(text)


def _number(text: str) -> int:
    return _count(text, least=0)


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = -1.0
    if not 0 <= weight <= 1_000_000:
        raise ValueError(f"{text!a} is not a number from 0 to 1,000,000")
    return weight


_PARSERS: Mapping[Unit, Callable[[str], object]] = {
    "duration": _positive_duration,
    "span": units.parse_duration,
    "weight": _weight,
    "memory": units.parse_memory,
    "count": _count,
    "number": _number,
    "text": str,
    "url": str,
    "choice": str,
}


def _near(name: str, among: Sequence[str] = tuple(SETTINGS)) -> str | None:
    import difflib  # noqa: PLC0415  # 3 ms that only a misspelling pays

    return next(iter(difflib.get_close_matches(name, among, n=1, cutoff=0.8)), None)
