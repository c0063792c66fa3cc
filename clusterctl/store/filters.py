"""A filter as a condition of SQL: it says of the rows of a statement what ``model.filters.matches`` says of their JSON.

Nothing that somebody typed becomes a part of the statement: fields are looked up, values are bound, and the rest is put
together from constants.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import LiteralString, NamedTuple

from clusterctl.model.errors import BadInput
from clusterctl.model.filters import Filter, Kind, Term, literal
from clusterctl.model.filters import expression as expression_of


class Expression(NamedTuple):
    """What a field is in SQL, of what kind, and which of the tables that can be joined it ``needs``, a letter each."""

    sql: LiteralString
    kind: Kind
    needs: str = ""


class Condition(NamedTuple):
    """What must hold, what is bound in it, and which tables it needs. ``sql`` follows another condition."""

    sql: LiteralString = ""
    bound: Mapping[str, object] = {}
    needs: frozenset[str] = frozenset()


# What a field that has a value is; nothing, or emptiness, is unknown.
FILLED: dict[Kind, LiteralString] = {"text": " <> ''", "map": " <> '{}'"}
SIGNS: dict[str, LiteralString] = {"<": " < ", "<=": " <= ", ">": " > ", ">=": " >= "}


def condition(filter: Filter | None, known: Mapping[str, Expression]) -> Condition:
    """What *filter* asks of rows that have these fields. Raises BadInput for a field that they have not."""
    sql: LiteralString = ""
    bound: dict[str, object] = {}
    needs: set[str] = set()
    for number, term in enumerate(filter.terms if filter else ()):
        name = f"filter_{number}"
        expressions = [look_up(each, known) for each in term.fields]
        either = " OR ".join(test(each, term, name) for each in expressions)
        sql += f" AND NOT coalesce({either}, false)" if term.negated else f" AND ({either})"
        bound |= values(term, name)
        needs |= {table for each in expressions for table in each.needs}
    return Condition(sql, bound, frozenset(needs))


def order(sort: Sequence[str], known: Mapping[str, Expression], key: LiteralString) -> tuple[LiteralString, set[str]]:
    """Behind ORDER BY: fields by name, ``-field`` turned round, what has none last, then *key*; and what that needs.

    Raises BadInput for a field that rows have not.
    """
    keys: list[LiteralString] = []
    needs: set[str] = set()
    for each in sort:
        expression = look_up(each.removeprefix("-"), known)
        collation = ' COLLATE "C"' if expression.kind == "text" else ""
        keys.append(f"{expression.sql}{collation}{' DESC' if each.startswith('-') else ''} NULLS LAST")
        needs |= set(expression.needs)
    return ", ".join([*keys, key]), needs


def look_up(name: str, known: Mapping[str, Expression]) -> Expression:
    """The expression of that name."""
    if name not in known:
        raise BadInput(f"there is no field {name!a:.60}", f"the fields are {', '.join(known)}")
    return known[name]


def test(expression: Expression, term: Term, name: str) -> LiteralString:
    """Whether one field is what *term* says; false or NULL where there is nothing to compare."""
    sql, kind = expression.sql, expression.kind
    if term.key:
        sql, kind = f"({sql} ->> %({name}_key)s)", "text"
    filled = sql + FILLED.get(kind, " IS NOT NULL")
    compared = " OR ".join(comparisons(sql, kind, term, name)) or "false"
    if term.operator == "differs":
        return f"({filled} AND NOT ({compared}))"
    if any(expression_of(each).fullmatch("") for each in term.patterns):  # else what is empty does not match anyway
        compared = f"{filled} AND ({compared})"
    return f"({compared} OR NOT coalesce({filled}, false))" if term.unknown else f"({compared})"


def comparisons(sql: LiteralString, kind: Kind, term: Term, name: str) -> Iterator[LiteralString]:
    """One of these must hold: the field is one of the values, or is before or after the only one."""
    if term.patterns:
        sign = "=" if all(literal(each) is not None for each in term.patterns) else "LIKE"
        yield f"""lower(({sql})::text COLLATE "C") {sign} ANY (%({name})s)"""  # of "C": only A to Z have small letters
    if term.numbers and kind not in ("text", "time", "map"):
        amount = f"{sql}::int" if kind == "flag" else sql
        if term.operator in SIGNS:
            yield f"{amount}{SIGNS[term.operator]}%({name})s"
        else:
            yield f"{amount} = ANY (%({name})s)"
    if kind == "time":
        for number in range(len(term.moments)):
            begin, end = f"%({name}_{number}_begin)s", f"%({name}_{number}_end)s"
            against = {"<": f" < {begin}", "<=": f" < {end}", ">": f" >= {end}", ">=": f" >= {begin}"}
            yield sql + against.get(term.operator, f" >= {begin} AND {sql} < {end}")


def values(term: Term, name: str) -> dict[str, object]:
    """What is bound in the comparisons of one term."""
    bound: dict[str, object] = {f"{name}_key": term.key} if term.key else {}
    if term.patterns:
        texts = [literal(each) for each in term.patterns]
        bound[name] = list(term.patterns) if None in texts else texts
    elif term.numbers:
        whole = all(isinstance(each, int) for each in term.numbers)  # an index of whole numbers knows no others
        amounts = list(term.numbers) if whole else list(map(float, term.numbers))
        bound[name] = amounts[0] if term.operator in SIGNS else amounts
    for number, (begin, end) in enumerate(term.moments):
        bound[f"{name}_{number}_begin"] = datetime.fromtimestamp(begin, UTC)
        bound[f"{name}_{number}_end"] = datetime.fromtimestamp(end, UTC)
    return bound
