"""The command palette: screens, things by their names, themes, deeds. What is typed may be a whole sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from clusterctl.model.proposals import Deed
from clusterctl.text import cells, visible
from clusterctl.tui.deeds import Offer
from clusterctl.tui.paint.pieces import Piece, fit
from clusterctl.tui.paint.tones import glyphs_of
from clusterctl.tui.setup import ThemeName

if TYPE_CHECKING:
    from clusterctl.tui.app import Console

THEMES: tuple[ThemeName, ...] = ("dark", "light", "ansi")
KINDS = ("job", "worker", "service", "claim")
OF_JOBS, OF_WORKERS = ("cancel", "requeue", "hold", "release"), ("drain", "resume")  # deeds that one may name
LONGEST_NUMBER = 18  # digits of a job: more are none
SURE = 10.0  # better than whatever is only alike
LONGEST = 120  # cells of a line


class Command(NamedTuple):
    """What can be done, how it is written, and what it is. ``verb``: how the command line calls it."""

    text: str
    help: str
    run: Callable[[], object]
    verb: str = ""


class Palette(Provider):
    """Textual asks it for every letter that is typed."""

    async def discover(self) -> Hits:
        for command in commands(cast("Console", self.app)):
            yield DiscoveryHit(safe(command.text, self.app), command.run, command.text, command.help)

    async def search(self, query: str) -> Hits:
        app = cast("Console", self.app)
        for command in sentences(app, query.strip().removeprefix(":").strip()):
            yield Hit(SURE, safe(command.text, app), command.run, text=visible(command.text), help=command.help)
        matcher = self.matcher(query)
        for command in (*commands(app), *not_now(app)):
            if (score := max(matcher.match(command.text), matcher.match(command.verb))) > 0:
                yield Hit(score, safe(command.text, app), command.run, text=command.text, help=command.help)


def safe(text: str, app: object) -> Content:
    """As a line that is no markup, in the letters that the console may draw with."""
    shown = visible(text, LONGEST)
    return Content("".join(piece.text for piece in fit([Piece(shown)], cells(shown), cut=glyphs_of(app).cut)))


def commands(app: Console) -> Iterator[Command]:
    """All that can be done without saying to what."""
    from clusterctl.tui.app import SCREENS  # noqa: PLC0415 - the console knows its palette

    for key, screen in SCREENS:
        about = f"the screen {screen.title}" + (f", key {key}" if key else "")
        if key:
            yield Command(screen.name_of, about, partial(app.action_show, screen.name_of))
    for offer in app.offers():
        if not offer.why_not:
            key = f"key {offer.key}" if offer.key else "no key of its own"
            yield Command(visible(offer.label, LONGEST), key, partial(app.begin, offer), verb_of(offer))
    for name in THEMES:
        yield Command(f"theme {name}", "colours", partial(app.take_theme, name))
    yield Command("help", "every key and every sign, key ?", app.action_help)
    yield Command("export", "what is shown, key e", app.action_export)
    yield Command("pause", "let the view stand still, or go on, key p", app.action_pause)
    yield Command("quit", "key q", app.action_quit)


def verb_of(offer: Offer) -> str:
    """``cancel``, ``prune``."""
    return offer.deed.verb.replace("_", " ") if offer.deed is not None else ""


def not_now(app: Console) -> Iterator[Command]:
    """Deeds that cannot be done just now, with the reason: whoever looks for one shall not think that there is none."""
    offers = app.offers()
    for offer in offers:
        if offer.why_not:
            label, reason = visible(offer.label, LONGEST), visible(offer.why_not, LONGEST)
            yield Command(label, f"not now: {reason}", partial(app.begin, offer), verb_of(offer))
    known = {verb_of(offer) for offer in offers}
    for verb in () if app.read_only else (*OF_JOBS, *OF_WORKERS):
        if verb not in known:
            what = "a job" if verb in OF_JOBS else "a worker"
            named = "42" if verb in OF_JOBS else "w1"
            told = Offer(verb, why_not=f"the row under the cursor is about no {what[2:]}; or write: {verb} {named}")
            yield Command(verb, f"of {what}: {verb} {named}", partial(app.begin, told), verb)


def sentences(app: Console, query: str) -> Iterator[Command]:
    """What *query* says, if it says something: ``job 42``, ``jobs state:failed``, ``goto w1``, ``cancel 42``."""
    from clusterctl.tui.app import SCREENS  # noqa: PLC0415 - as above

    verb, _, rest = query.partition(" ")
    rest = rest.strip()
    for subject in subjects(verb, rest):
        yield Command(f"go to {subject}", "where such things are listed", partial(app.go_to, subject))
    if not rest:
        return
    if not app.read_only and (deed := deed_of(verb, rest)) is not None:
        offer = Offer(query, deed=deed, things=len(deed.jobs) + len(deed.workers))
        yield Command(query, "shows first what would change", partial(app.begin, offer))
    for _, screen in SCREENS:
        if verb in (screen.name_of, screen.title.lower()):
            text = f"{screen.name_of} {rest}"
            yield Command(text, "that screen, filtered", partial(show_filtered, app, screen.name_of, rest))


def subjects(verb: str, rest: str) -> tuple[str, ...]:
    """Where one may want to go: a number alone may be that of several things."""
    if verb in KINDS:
        return (f"{verb}:{rest}",) if rest else ()
    name = rest if verb == "goto" else "" if rest else verb
    if name.isdecimal():
        return (f"job:{name}", f"service:{name}", f"claim:{name}") if verb == "goto" else (f"job:{name}",)
    return () if verb != "goto" or not name else (name if ":" in name else f"worker:{name}",)


def deed_of(verb: str, rest: str) -> Deed | None:
    """``cancel 42 43``, ``drain w1``; None if it says no such thing."""
    words = tuple(rest.split())
    if verb in OF_JOBS and all(word.isdecimal() and len(word) <= LONGEST_NUMBER for word in words):
        return Deed(verb=verb, jobs=tuple(map(int, words)))  # type: ignore[arg-type]  # one of those just looked for
    if verb in OF_WORKERS:
        return Deed(verb=verb, workers=words)  # type: ignore[arg-type]  # as above
    return None


def show_filtered(app: Console, name: str, filter: str) -> None:
    """A screen, as if somebody had typed that into its filter line."""
    app.action_show(name)
    app.filter_by(filter)
