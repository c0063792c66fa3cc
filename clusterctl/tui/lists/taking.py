"""What the operator takes away from the screen: an id, a row, all that is shown."""

from __future__ import annotations

import io
from pathlib import Path

from textual.binding import Binding
from textual.events import DeliveryComplete, DeliveryFailed

from clusterctl.text import visible
from clusterctl.tui.frame.pages import FormDialog, PageDialog
from clusterctl.tui.lists import gathering
from clusterctl.tui.lists.export import Form, as_json, as_line, exported
from clusterctl.tui.lists.gathering import Gathered
from clusterctl.tui.paint.pieces import Piece
from clusterctl.tui.shell import Shell


class Taking(Shell):
    """Copies through the terminal (OSC 52), saves into the directory for downloads; in a browser it downloads."""

    BINDINGS = [
        Binding("y", "copy_id", "Copy the id", show=False),
        Binding("Y", "copy_row", "Copy the row", show=False),
        Binding("e", "export", "Export the list", show=False),
        Binding("i", "inspect", "All fields", show=False),
    ]

    _saved = ""  # what the last export holds

    def action_copy_id(self) -> None:
        ids = [subject.partition(":")[2] for subject in self.here.subjects()]
        self.take(" ".join(ids), f"copied: {' '.join(ids)}")

    def action_copy_row(self) -> None:
        row = self.here.row()
        self.take("" if row is None else as_line(row), "copied the row")

    def take(self, text: str, told: str) -> None:
        """Put *text* where the terminal pastes from."""
        if not text:
            self.say("there is nothing under the cursor", "warning")
            return
        self.copy_to_clipboard(visible(text))
        self.say(told)

    def action_inspect(self) -> None:
        row = self.here.row()
        if row is None:
            self.say("there is nothing under the cursor", "warning")
            return
        lines = [[Piece(visible(line))] for line in as_json(row).splitlines()]
        _ = self.push_screen(PageDialog("All fields", lines, self.glyphs, copied=as_json(row)))

    def action_export(self) -> None:
        rows, look = self.here.shown(), self.look
        page = self.here.page_of(look) if look is not None else None
        if not rows:
            self.say("there is nothing to export here", "warning")
            return
        said = f"all {len(rows):,}, as they are now" if page is None else gathering.foretold(page)
        _ = self.push_screen(FormDialog(f"Export {self.here.title}", [[Piece(said)]], self.glyphs), self.export)

    def export(self, form: Form | None) -> None:
        """Save all that is in the list now, also what nobody has scrolled to: that is asked for."""
        if form is None:
            return
        here, want = self.here, self.here.want()
        name = f"clusterctl-{here.name_of}-{self.sight().at:%Y%m%dT%H%M%S}.{form}"
        if self.look is None or here.page_of(self.look) is None:
            self.save(Gathered(here.shown()), form, name)
            return
        self.errands.run(
            "export",
            lambda: gathering.gathered(self.source, want, here.page_of),
            lambda found: self.save(found, form, name),
            lambda error: self.say(f"not saved: {error}", "error"),
        )

    def save(self, found: Gathered, form: Form, name: str) -> None:
        """Into the directory for downloads, or where there is none into the one in which the console was started."""
        self._saved = found.told()
        downloads = Path.home() / "Downloads"
        where = downloads if downloads.is_dir() else Path.cwd()
        self.deliver_text(io.StringIO(exported(found.rows, form)), save_directory=where, save_filename=name)

    def on_delivery_complete(self, message: DeliveryComplete) -> None:
        self.say(f"{f'saved: {message.path}' if message.path else 'downloaded'}\n{self._saved}")

    def on_delivery_failed(self, message: DeliveryFailed) -> None:
        self.say(f"not saved: {message.exception}", "error")
