"""A job's matrix: its combinations where the file states them."""

# Annotations are no strings here: the last board is read by them, and each would be compiled at every start.

from msgspec import Struct

MAX_COMBINATIONS = 256


class Combination(Struct, frozen=True, omit_defaults=True):
    """One job of a matrix: its values in the order of the file, as text; ``base`` counts those of the axes.

    A value that is a list or a mapping is given as JSON in ``values`` and leaf by leaf in ``leaves``.
    """

    values: tuple[tuple[str, str], ...]
    leaves: tuple[tuple[str, ...], ...]
    base: int

    @property
    def suffix(self) -> str:
        """What GitHub puts behind the job's name: ``(ubuntu-latest, 3.12)``."""
        return f"({', '.join(leaf for leaves in self.leaves for leaf in leaves)})"

    @property
    def axis_suffix(self) -> str:
        """The suffix of the axes' values alone, without what ``include`` added."""
        return f"({', '.join(leaf for leaves in self.leaves[: self.base] for leaf in leaves)})"


class Matrix(Struct, frozen=True, omit_defaults=True):
    """``dynamic``: an expression decides, so the combinations are known only in the run.

    ``problem`` says why GitHub will fail the job instead of running it (no combination, or too many).
    """

    keys: tuple[str, ...] = ()
    combinations: tuple[Combination, ...] = ()
    dynamic: bool = False
    problem: str = ""


DYNAMIC = Matrix(dynamic=True)
