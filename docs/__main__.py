"""``python -m docs``: write every page of ``docs/reference`` anew, and say which have changed."""

from __future__ import annotations

import sys

from docs.generate import PAGES, REFERENCE


def main() -> None:
    """Write the pages."""
    for name, page in PAGES.items():
        path, text = REFERENCE / name, page()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            sys.stderr.write(f"{name} has changed\n")


if __name__ == "__main__":
    main()
