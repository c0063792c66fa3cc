"""What a job asks for and a worker has."""

from __future__ import annotations

import msgspec


class Resources(msgspec.Struct, frozen=True, order=False, gc=False):
    """An amount of each kind: CPUs in thousandths, memory in MiB, GPUs whole.

    ``a <= b`` means that *a* fits into *b* in every kind; it is a partial order, so
    ``not a <= b`` does not imply ``b <= a``.
    """

    cpu_milli: int = 0
    memory_mb: int = 0
    gpus: int = 0

    def __add__(self, other: Resources) -> Resources:
        return Resources(
            self.cpu_milli + other.cpu_milli,
            self.memory_mb + other.memory_mb,
            self.gpus + other.gpus,
        )

    def __sub__(self, other: Resources) -> Resources:
        return Resources(
            self.cpu_milli - other.cpu_milli,
            self.memory_mb - other.memory_mb,
            self.gpus - other.gpus,
        )

    def __le__(self, other: Resources) -> bool:
        return self.cpu_milli <= other.cpu_milli and self.memory_mb <= other.memory_mb and self.gpus <= other.gpus
