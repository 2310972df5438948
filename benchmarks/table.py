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
    curve: Sequence[Sequence[float]] = ()  # rows of a figure that has a course; the run says what the columns are

    def as_json(self) -> dict[str, object]:
        """As the contract for operators has it."""
        told = {"value": self.value, "unit": self.unit, "conditions": self.conditions}
        return told | ({"curve": self.curve} if self.curve else {})


def show(figures: Sequence[Figure]) -> None:
    """Print them, aligned."""
    width = max((len(figure.name) for figure in figures), default=0)
    for figure in figures:
        print(f"{figure.name:<{width}}  {figure.value:>10,.1f} {figure.unit:<12} {figure.conditions}")
