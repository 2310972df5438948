"""A figure with its conditions, and the table on screen."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table and of build/bench.json."""

    name: str
    value: float
    unit: str
    conditions: str

    def as_json(self) -> dict[str, object]:
        """As the contract for operators has it."""
        return {"value": self.value, "unit": self.unit, "conditions": self.conditions}


def show(figures: Sequence[Figure]) -> None:
    """Print them, aligned."""
    width = max((len(figure.name) for figure in figures), default=0)
    for figure in figures:
        print(f"{figure.name:<{width}}  {figure.value:>10,.1f} {figure.unit:<12} {figure.conditions}")
