"""HTTP health checks: does it answer, how fast, and with which version."""

from relman.probes.probes import Probes

__all__ = ["Probes"]
