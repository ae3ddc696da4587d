from dataclasses import dataclass
from typing import Any

# Sentinel: "leave this value as it is", distinct from False, which empties it.
KEEP = object()

CATEGORY_RANK = {"new": 0, "in_progress": 1, "done": 2, "rejected": 3}


@dataclass(slots=True, eq=False)
class StatusChange:
    """One wish to change the status and/or flag of one order, and what became of it.

    The caller fills the first block; ``sale.order._plan_status_changes`` fills the
    second one; ``sale.order._apply_status_changes`` writes those whose ``outcome`` is
    ``'apply'``. Several changes of one order in a list are applied one after the other.

    :ivar order: a single ``sale.order``
    :ivar status: ``sale.order.status`` to set; an empty one clears; ``KEEP`` leaves it
        (a flag then brings its own status)
    :ivar flag: ``sale.order.flag`` to set; an empty one clears; ``KEEP`` leaves it
    :ivar flag_note: text beside the flag; ``KEEP`` = the flag's default note when the flag
        changes, else the present one
    :ivar note: text kept in the history row only
    """

    order: Any
    status: Any = KEEP
    flag: Any = KEEP
    flag_note: Any = KEEP
    note: Any = False

    outcome: str = ""  # 'apply' | 'unchanged' | 'refused'
    message: str = ""
    previous_status: Any = None
    new_status: Any = None
    previous_flag: Any = None
    new_flag: Any = None
    new_flag_note: Any = False

    @property
    def enters_status(self):
        """Whether the order gets another status (and not only another flag or note)."""
        return self.new_status != self.previous_status
