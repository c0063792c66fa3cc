"""``settings.md``: every knob, what it is set to, and why one would turn it."""

from __future__ import annotations

import ast
import textwrap

from clusterctl.cli.verbs import FLAGS
from clusterctl.model.steering import STEERABLE
from clusterctl.settings import SETTINGS, Setting, checks
from clusterctl.settings.resolve import written
from docs.generate.markdown import code, document, table
from docs.generate.source import PRODUCT, syntax_of

INTRODUCTION = """\
A setting is a line in a TOML file (`lease = '10m'`), an environment variable (`CLUSTERCTL_LEASE=10m`) or, for a few of
them, an option of every command. The strongest that speaks wins: command line, environment, `./clusterctl.toml`,
`clusterctl.toml` in the user's configuration directory (`~/.config/clusterctl/`), `/etc/clusterctl/clusterctl.toml`,
the stack of `up` in the state directory, the default. `clusterctl config show` tells the value of each, and whence it
came. An unknown name in a file is an error; a variable that looks like a misspelt setting gets a hint."""
UNITS = """\
Durations are written `90`, `90s`, `500ms`, `10m`, `2h`, `1h30m`, `1:30:00`, `2-12:00:00`; a bare number is seconds, and
`2:30` is two minutes thirty. Memory is written `512M`, `4G`, `1.5G`, or as a number of MiB. Paths in a file begin where
the file is."""
STEERING = textwrap.fill(
    "Those of placement can also be set while the cluster runs, for whoever leads and from the next round on: "
    "`clusterctl config set NAME VALUE`. That wins over all of the above. They are "
    f"{', '.join(map(code, STEERABLE))}.",
    120,
)
UNUSED = "Nothing obeys it yet."
OF_THE_USER = {"state_dir": "`~/.local/state/clusterctl`"}  # differs from user to user


def page() -> str:
    """The page."""
    used = {*names_used(), *STEERABLE}  # those of placement are handed on all together
    rows = [row(setting, used=setting.name in used) for setting in SETTINGS.values()]
    head = ("setting", "default", "what it is for", "environment", "option")
    return document(
        "Settings",
        INTRODUCTION,
        STEERING,
        UNITS,
        table(head, rows),
        "## What must go together",
        table(("", ""), proportions()),
    )


def row(setting: Setting, *, used: bool) -> tuple[str, ...]:
    """One line of the table."""
    choices = f" One of {', '.join(map(code, setting.choices))}." if setting.choices else ""
    unused = "" if used else f" {UNUSED}"
    default = OF_THE_USER.get(setting.name) or code(written(setting, setting.default)) or "empty"
    flag = setting.flag if setting.name in FLAGS else ""
    return code(setting.name), default, f"{setting.reason}{choices}{unused}", code(setting.variable), code(flag)


def proportions() -> list[tuple[str, str]]:
    """The rules by which two settings can contradict each other, which is refused at the start."""
    return [
        (f"`{longer}` ≥ {f'{times} × ' if times > 1 else ''}`{shorter}`", f"{why}.")
        for longer, times, shorter, why in checks._PROPORTIONS
    ]


def names_used() -> set[str]:
    """The settings that some line of the product reads."""
    found: set[str] = set()
    for path, module in syntax_of(*PRODUCT):
        if not path.startswith("clusterctl/settings/"):
            found.update(name for node in ast.walk(module) if (name := setting_read(node)))
    return found


def setting_read(node: ast.AST) -> str:
    """The name in ``settings.NAME``, ``self._settings.NAME`` or ``asked.settings().NAME``; else empty."""
    match node:
        case ast.Attribute(value=ast.Call(func=owner), attr=name) | ast.Attribute(value=owner, attr=name):
            pass
        case _:
            return ""
    match owner:
        case ast.Name(id=called) | ast.Attribute(attr=called) if called.lstrip("_") == "settings" and name in SETTINGS:
            return name
    return ""
