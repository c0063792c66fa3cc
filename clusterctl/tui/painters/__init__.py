"""What rows and pages look like: frozen structs in, lines of pieces out. Pure: never a widget, a clock or a server."""
