"""What the forms beside the box for an answer held when they were refused, so that nothing typed is lost."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

TEMPLATE, PRIVATE = "template", "private"  # which form


@dataclass(frozen=True, slots=True)
class Filled:
    """``panel``: TEMPLATE (then ``template`` and ``values``, by variable) or PRIVATE (then the two texts)."""

    panel: str
    submission: UUID | None = None
    template: int | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    public_text: str = ""
