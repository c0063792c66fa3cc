"""Text from strangers, made safe to show: the one border between data and a terminal.

Names, commands and output are data. On their way to a terminal (and to a log that someone will read in one)
every character that could move the cursor, hide, or reorder its neighbours becomes a visible escape.
"""

from __future__ import annotations

import re
import unicodedata

# What may never reach a terminal: C0 and DEL, C1 (8-bit escape sequences), line and paragraph separators,
# lone surrogates (what os.fsdecode makes of bad bytes), bidi controls ("Trojan Source", CVE-2021-42574),
# zero-width and other invisible format characters, interlinear marks, tag characters.
_HOSTILE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_SECRETS = (
    (re.compile(r"(://[^\s:/@]*:)\S*@"), r"\1***@"),
    (re.compile(r"\b((?:ssl)?password\s*=\s*)(?:'(?:[^'\\]|\\.)*'|[^\s&'\"]+)", re.IGNORECASE), r"\1***"),
    (re.compile(r"\b(Bearer\s+)[^\s'\"]+", re.IGNORECASE), r"\1***"),
)
_SHORT = {"\t": "\\t", "\n": "\\n", "\r": "\\r", "\x1b": "\\e"}


def visible(text: str, width: int | None = None, *, keep: str = "") -> str:
    r"""*text* with every dangerous character as an escape such as ``\e`` or ``\u202e``.

    With *width* the result takes at most so many terminal cells, the last an ``…`` if something was cut; an
    escape is never cut in two. Characters in *keep* (``"\n\t"`` for a log) are left as they are.
    A backslash is not doubled: this is for eyes, not for parsing back.
    """
    if width is None and not _needs(text):
        return text
    if width is not None and len(text) > 4 * max(width, 1) + 64:
        text = text[: 4 * max(width, 1) + 64]  # a megabyte of hostile name costs no more than its first cells
        cut = True
    else:
        cut = False
    pieces = [_escaped(letter) if letter not in keep else letter for letter in text] if _needs(text) else list(text)
    return "".join(pieces) if width is None else _fit(pieces, width, cut)


def cells(text: str) -> int:
    """How many terminal cells *text* takes: wide East Asian letters and emoji two, combining marks none."""
    return len(text) if text.isascii() else sum(_cells_of(letter) for letter in text)


def masked(text: str) -> str:
    """*text* without the passwords of the URLs and connection strings in it. Masks rather too much than too little."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def _needs(text: str) -> bool:
    if text.isascii() and text.isprintable():  # almost all that is ever shown, known in a tenth of the time
        return False
    return _HOSTILE.search(text) is not None


def _escaped(letter: str) -> str:
    if not _HOSTILE.match(letter):
        return letter
    code = ord(letter)
    if letter in _SHORT:
        return _SHORT[letter]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _fit(pieces: list[str], width: int, cut: bool) -> str:
    """As many whole *pieces* as fit into *width* cells, with an ellipsis if any is left over."""
    room, kept = width, 0
    for piece in pieces:
        room -= cells(piece)
        if room < 0:
            break
        kept += 1
    if kept == len(pieces) and not cut:
        return "".join(pieces)
    while kept and sum(map(cells, pieces[:kept])) > width - 1:
        kept -= 1
    return "".join(pieces[:kept]) + "…" if width > 0 else ""


def _cells_of(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
