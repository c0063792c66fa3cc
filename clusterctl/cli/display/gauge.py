"""A bar of cells that shows how full something is."""

from __future__ import annotations


def gauge(allocated: float, reserved: float, total: float, width: int = 10) -> str:
    """``█`` for what is allocated, ``▒`` reserved, ``░`` free.

    Something is at least a cell, and only what is full looks full.
    """
    if total <= 0:
        return "░" * width
    held = cells_of(allocated + reserved, total, width)
    solid = min(cells_of(allocated, total, width), held - 1 if reserved > 0 and held > 1 else held)
    return "█" * solid + "▒" * (held - solid) + "░" * (width - held)


def cells_of(amount: float, total: float, width: int) -> int:
    """How many of *width* cells stand for *amount*."""
    if amount <= 0:
        return 0
    return width if amount >= total else min(max(1, int(width * amount / total)), width - 1)
