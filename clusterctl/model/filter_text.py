"""Reading a filter: ``state:failed,timeout name:train* age>2h -tenant:physics "out of memory"``.

Terms stand between blanks. Whatever cannot be read is BadInput that says where and why: it never means "all".
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

import msgspec

from clusterctl.model.errors import BadInput
from clusterctl.model.filter_values import amount, moment
from clusterctl.model.filter_words import Letter, Word, listed, pattern_of, refuse, split, text_of
from clusterctl.model.filters import SMALL, Filter, Kind, Operator, Term, Vocabulary, expression

LONGEST, MOST_TERMS = 10_000, 100  # characters, and terms, of one filter
SIGNS = ":=!<>~"
OPERATORS: dict[str, tuple[Operator, bool]] = {  # what it means, and whether it is negated
    ":": ("is", False), "=": ("is", False), "==": ("is", False), "!:": ("is", True), "!=": ("differs", False),
    "<": ("<", False), "<=": ("<=", False), ">": (">", False), ">=": (">=", False),
    ":<": ("<", False), ":<=": ("<=", False), ":>": (">", False), ":>=": (">=", False),
}  # fmt: skip
UNITS = ("mb", "s", "id")  # what may be left out at the end of a field's name
UNORDERED: tuple[Kind, ...] = ("text", "flag", "map")
CONNECTIVES = ("or", "and", "not", "|", "||", "&", "&&", "(", ")")  # of other languages
SURE = 0.7  # how like a known name must be that nothing else can have been meant, from 0 to 1


def parse(text: str, vocabulary: Vocabulary) -> Filter:
    """The filter that *text* means for rows with these fields. Raises BadInput."""
    if len(text) > LONGEST:
        raise BadInput(f"the filter is longer than {LONGEST:,} characters", "a selector takes ids: `clusterctl jobs -`")
    words = tuple(split(text))
    if not words:
        raise BadInput("the filter is empty", "leave --filter out to see all; or write for example state:failed")
    if len(words) > MOST_TERMS:
        raise BadInput(f"the filter has more than {MOST_TERMS} terms", "one takes several values: state:failed,timeout")
    return Filter(tuple(read_term(word, vocabulary) for word in words))


def read_term(word: Word, vocabulary: Vocabulary) -> Term:
    """What one word means. Raises BadInput."""
    letters = word.letters
    turned = len(letters) > 1 and letters[0] in (Letter("-", False), Letter("!", False))
    letters = letters[turned:]
    refuse_connectives(word, letters)
    signs = [at for at, letter in enumerate(letters) if not letter.quoted and letter.text in SIGNS]
    if not signs:
        return bare(word, letters, vocabulary, turned)
    begin = end = signs[0]
    while end in signs:
        end += 1
    sign = text_of(letters[begin:end])
    if sign not in OPERATORS:
        refuse(word, f"{sign!a} is no operator", "one of : = != !: < <= > >=; text with such signs stands in quotes")
    operator, negated = OPERATORS[sign]
    field, key, kind = find_field(word, text_of(letters[:begin]), vocabulary)
    term = Term(fields=(field,), operator=operator, key=key, negated=negated != turned)
    values = listed(letters[end:])
    found = with_values(word, term, kind, values)
    for value in values if field in vocabulary.words else ():
        refuse_unknown_word(word, field, value, found, vocabulary.words[field])
    return found


def refuse_connectives(word: Word, letters: Sequence[Letter]) -> None:
    """BadInput for what joins terms in other languages: taken for a text to look for, it would only match nothing."""
    said = text_of(letters).lower()
    if any(letter.quoted for letter in letters) or not (said in CONNECTIVES or said.startswith("(")):
        return
    either = "either of several values: state:failed,timeout"
    refuse(word, "terms are not joined by words or brackets", f"all terms must hold; {either}; -FIELD:VALUE is not")


def refuse_unknown_word(word: Word, field: str, value: Sequence[Letter], term: Term, known: Sequence[str]) -> None:
    """BadInput for a value, or a pattern, of *term* that is none of the words that *field* can be."""
    pattern = pattern_of(value)
    if pattern in term.patterns and not any(expression(pattern).fullmatch(each.translate(SMALL)) for each in known):
        refuse(word, f"{field} is never {text_of(value)!a:.60}", suggestion(text_of(value), known))


def suggestion(given: str, known: Iterable[str]) -> str:
    """What was perhaps meant; and unless that is sure, all that there is."""
    names = {each.translate(SMALL): each for each in known}
    near = difflib.get_close_matches(given.translate(SMALL), names, n=1)
    if near and difflib.SequenceMatcher(None, near[0], given.translate(SMALL)).ratio() >= SURE:
        return f"did you mean {names[near[0]]}?"
    one_of = f"one of {', '.join(names.values())}"
    return f"did you mean {names[near[0]]}? {one_of}" if near else one_of


def bare(word: Word, letters: Sequence[Letter], vocabulary: Vocabulary, turned: bool) -> Term:
    """A word alone: a part of the text of any field that is searched."""
    if not text_of(letters):
        refuse(word, "there is nothing to look for", "write a word, or FIELD:VALUE")
    return Term(fields=vocabulary.searched, patterns=(f"%{pattern_of(letters)}%",), negated=turned)


def find_field(word: Word, name: str, vocabulary: Vocabulary) -> tuple[str, str, Kind]:
    """The field that *name* means, its kind, and between them the key if it is one of a map. Raises BadInput."""
    small, kinds = name.lower(), vocabulary.kinds
    field = next((each for each in (small, *(f"{small}_{unit}" for unit in UNITS)) if each in kinds), "")
    if field:
        return field, "", kinds[field]
    first, _, key = name.partition(".")
    maps = (first.lower(), f"{first.lower()}s")  # label.gpu is one of the labels
    if key and (field := next((each for each in maps if kinds.get(each) == "map"), "")):
        return field, key, "text"
    objects = tuple(f"{each}." for each in (small, *(f"{small}_{unit}" for unit in UNITS)))
    if inner := [each for each in kinds if each.startswith(objects)]:
        refuse(word, f"{name} has parts: {', '.join(inner)}", f"for example {inner[0]}>1")
    return refuse(word, f"there is no field {name!a:.60}", suggestion(small, kinds))


def with_values(word: Word, term: Term, kind: Kind, values: Sequence[tuple[Letter, ...]]) -> Term:
    """*term* with what it compares with. Raises BadInput for what no field of that kind can be."""
    if not all(values):
        refuse(word, "a value is missing", "write FIELD:VALUE, FIELD:ONE,OTHER or, for what is empty, FIELD:none")
    bare = [text_of(value) if not value[0].quoted else "" for value in values]
    if "any" in bare:
        if len(values) > 1 or term.operator != "is":
            refuse(word, "any stands alone", "FIELD:any is whatever has that field, FIELD:none what has not")
        return msgspec.structs.replace(term, unknown=True, negated=not term.negated)
    given = [value for value, word_alone in zip(values, bare, strict=True) if word_alone != "none" and text_of(value)]
    unknown = len(given) < len(values)
    if term.operator not in ("is", "differs"):
        if kind in UNORDERED:
            refuse(word, "it has no order, it can only be : or !:", "write FIELD:VALUE, or -FIELD:VALUE for all others")
        if unknown or len(given) > 1:
            refuse(word, "it can be compared with one amount only", "write FIELD>AMOUNT; FIELD:ONE,OTHER takes several")
    return compared(word, msgspec.structs.replace(term, unknown=unknown), kind, given)


def compared(word: Word, term: Term, kind: Kind, values: Sequence[tuple[Letter, ...]]) -> Term:
    """*term* with these values, in what its kind is counted in."""
    if kind == "text":
        return msgspec.structs.replace(term, patterns=tuple(map(pattern_of, values)))
    if kind == "map" and values:
        refuse(word, f"{term.fields[0]} has keys", f"write {term.fields[0]}.KEY:VALUE")
    texts = [text_of(value) for value in values]
    try:
        if kind == "time":
            return msgspec.structs.replace(term, moments=tuple(map(moment, texts)))
        return msgspec.structs.replace(term, numbers=tuple(amount(term.fields[0], kind, text) for text in texts))
    except ValueError as error:
        refuse(word, str(error), "for example age>2h memory>=4G cpus:8 submitted_at>=2026-01-31")
