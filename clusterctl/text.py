"""Text from strangers, made safe to show: the one border between data and a terminal.

Names, commands and output are data. On their way to a terminal (and to a log that someone will read in one)
every character that could move the cursor, hide, or reorder its neighbours becomes a visible escape.
"""

from __future__ import annotations

import re

# What may never reach a terminal: C0 and DEL, C1 (8-bit escape sequences), line and paragraph separators,
# lone surrogates (what os.fsdecode makes of bad bytes), bidi controls ("Trojan Source", CVE-2021-42574),
# zero-width and other invisible format characters, fillers, interlinear marks, tag characters. And what makes
# terminals disagree about how wide its neighbour is: joiners, variation selectors, the skin tones of emoji.
# Last, marks that are piled up on one letter, or stand on none or on a blank, behind which a line may be broken:
# they would be drawn over what is beside the text.
_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
)
_HOSTILE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\ud800-\udfff"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U0001f3fb-\U0001f3ff\U000e0000-\U000e0fff]"
    f"|(?:\\A|(?<=\\s)|(?<=[{_MARKS}]{{4}}))[{_MARKS}]"
)
# Takes one cell a letter, in every version of Unicode: Latin, Greek, Cyrillic, dashes, arrows, boxes, braille.
_NARROW = re.compile(
    "[ -~\xa1-\xac\xae-\u02ff\u0370-\u0377\u037a-\u037f\u0384-\u0482"
    "\u2010-\u2027\u2190-\u2311\u2500-\u25fc\u2800-\u28ff]*"
)
# Of these JSON may have as escapes what would be obeyed, or reorder, where a terminal shows it.
_OBEYED = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
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
    pieces = list(text) if not _needs(text) else _pieces(text, keep)
    return "".join(pieces) if width is None else _fit(pieces, width, cut)


def inert(json: str) -> str:
    """The same JSON, which means the same, with nothing in it that a terminal obeys."""
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", json)


def cells(text: str) -> int:
    """How many terminal cells *text* takes: wide East Asian letters and emoji two, combining marks none.

    Counted by the tables of rich, as all is that the console draws: Python's own are as old as the Python.
    """
    if text.isascii() or _NARROW.fullmatch(text):
        return len(text)
    from rich.cells import cell_len  # noqa: PLC0415 - most commands never meet such a letter

    return cell_len(text)


def masked(text: str) -> str:
    """*text* without the passwords of the URLs and connection strings in it. Masks rather too much than too little."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def _needs(text: str) -> bool:
    if text.isascii() and text.isprintable():  # almost all that is ever shown, known in a tenth of the time
        return False
    return _HOSTILE.search(text) is not None


def _pieces(text: str, keep: str) -> list[str]:
    """The letters of *text*, each hostile one as its escape."""
    pieces = list(text)
    for found in _HOSTILE.finditer(text):
        if found[0] not in keep:
            pieces[found.start()] = _escaped(found[0])
    return pieces


def _escaped(letter: str) -> str:
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
