"""What a check of the codebooks finds."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class CodebookFinding:
    """One thing in the codebooks that may not be meant.

    :ivar str kind: a key of the selection ``kind`` of ``sale.order.status.finding``
    :ivar record: what it is about; the administrator is led there
    :ivar str message: in words
    """

    kind: str
    record: Any
    message: str
