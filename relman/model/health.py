"""What a health URL answered."""

# Annotations are no strings here: the last board is read by them, and each would be compiled at every start.

from datetime import datetime

from msgspec import Struct


class HealthCheck(Struct, frozen=True, omit_defaults=True):
    """What to ask. ``version`` says where the answer tells its version: a JSON path or ``header:NAME``."""

    name: str
    url: str
    version: str = ""
    timeout: float = 5.0  # seconds


class Health(Struct, frozen=True, omit_defaults=True):
    """One answer. ``ok`` for a 2xx answer; ``status`` None when there was none.

    ``error`` says why it is not ok; with ``ok``, why the version could not be read. Clean text.
    """

    name: str
    url: str
    ok: bool
    status: int | None = None
    latency: float | None = None  # seconds
    version: str | None = None
    error: str = ""
    checked_at: datetime | None = None
