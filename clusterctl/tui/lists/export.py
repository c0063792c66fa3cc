"""What somebody takes away from the screen: a row, or all that is shown, as text. Pure."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from clusterctl.text import inert, visible

Form = Literal["csv", "json"]


def as_json(value: Any) -> str:
    """All fields of *value*, for eyes and programs."""
    return inert(msgspec.json.format(encoded(value), indent=2).decode())


def encoded(value: Any) -> bytes:
    """JSON on one line. Bytes of a path that are no text are lone surrogates, which it cannot say: visible escapes."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        text = json.dumps(msgspec.to_builtins(value), ensure_ascii=False)
        return re.sub("[\ud800-\udfff]", lambda found: f"\\\\u{ord(found[0]):x}", text).encode()


def as_csv(rows: Sequence[Any]) -> str:
    """A header and a line each; of an inner object each field is a column of its own, ``cpus.total``.

    A field that a spreadsheet would take for a formula begins with an apostrophe instead.
    """
    flat = [flattened(msgspec.to_builtins(row)) for row in rows]
    names = list(dict.fromkeys(name for row in flat for name in row))
    file = io.StringIO()
    writer = csv.DictWriter(file, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    return file.getvalue()


def flattened(plain: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Every field as text; lists and maps whose keys are anybody's as JSON."""
    found: dict[str, str] = {}
    for name, value in plain.items():
        if isinstance(value, Mapping) and name not in ("labels", "evidence", "detail", "reasons"):
            found.update(flattened(value, f"{prefix}{name}."))
        else:
            found[prefix + name] = field(value)
    return found


def field(value: Any) -> str:
    """One field."""
    if value is None:
        return ""
    if isinstance(value, (list, tuple, Mapping)):
        return inert(encoded(value).decode())
    if isinstance(value, bool):
        return str(value).lower()
    text = visible(str(value))
    # "=cmd|..." in a name is a formula to a spreadsheet: https://owasp.org/www-community/attacks/CSV_Injection
    return f"'{text}" if isinstance(value, str) and text[:1] in ("=", "+", "-", "@") else text


def as_line(row: Any) -> str:
    """A row as one line: its plain fields, with names."""
    plain = flattened(msgspec.to_builtins(row))
    return " ".join(f"{name}={value}" for name, value in plain.items() if value)


def exported(rows: Sequence[Any], form: Form) -> str:
    """All *rows* in that form."""
    return as_csv(rows) if form == "csv" else as_json(rows) + "\n"
