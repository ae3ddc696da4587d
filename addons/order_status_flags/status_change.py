from dataclasses import dataclass
from typing import Any

# Sentinel: "leave this value as it is", distinct from False, which empties it.
KEEP = object()

CATEGORY_RANK = {"new": 0, "in_progress": 1, "done": 2, "rejected": 3}


@dataclass(slots=True, eq=False)
class StatusChange:
    """One wish to change the status and/or flag of one order, and what became of it.

    The caller fills the first block; a ``StatusPlan`` fills the second one;
    ``sale.order._apply_status_changes`` writes those whose ``outcome`` is ``'apply'``.
    Several changes of one order in a list are applied one after the other.

    :ivar order: a single ``sale.order``
    :ivar status: ``sale.order.status`` to set; an empty one clears; ``KEEP`` leaves it
        (a flag then brings its own status)
    :ivar flag: ``sale.order.flag`` to set; an empty one clears; ``KEEP`` leaves it
    :ivar flag_note: text beside the flag; ``KEEP`` = the flag's default note when the flag
        changes, else the present one
    :ivar note: text kept in the history row only
    :ivar undoes: row of the history that this change undoes, if it does
    :ivar since: since when the order counts as in the new status; False = now
    :ivar mail_due: when the e-mail is due that an undone change had overtaken
    :ivar history_id: id of the history row, once it was applied; a higher one came later
    :ivar source: that of the history row, once it was applied
    """

    order: Any
    status: Any = KEEP
    flag: Any = KEEP
    flag_note: Any = KEEP
    note: Any = False
    undoes: Any = False
    since: Any = False
    mail_due: Any = False

    outcome: str = ""  # 'apply' | 'unchanged' | 'refused'
    message: str = ""
    previous_status: Any = None
    new_status: Any = None
    previous_flag: Any = None
    previous_flag_note: Any = False
    new_flag: Any = None
    new_flag_note: Any = False
    history_id: Any = False
    source: str = ""

    @property
    def enters_status(self):
        """Whether the order gets another status (and not only another flag or note)."""
        return self.new_status != self.previous_status

    @property
    def overtakes_mails(self):
        """Whether what an e-mail that still waits would tell no longer holds for the customer.

        He sees the order enter a status, or lose the one that it had; or it is rejected, which
        leaves no good news, seen or not.
        """
        status = self.new_status
        return self.enters_status and (
            not status or status.is_public or status.category == "rejected"
        )

    @property
    def cancels_order(self):
        """Whether the order gets a flag that cancels it, anew and not by taking a change back."""
        if self.undoes or self.new_flag == self.previous_flag:
            return False
        return bool(self.new_flag.cancel_order)

    @property
    def moves_flag(self):
        """Whether the wish is about the flag or its note at all."""
        return self.flag is not KEEP or self.flag_note is not KEEP

    def work_out(self, status, flag, note):
        """Work out what the order will have, from what it has: status, flag and note."""
        self.previous_status, self.previous_flag = status, flag
        self.previous_flag_note = note
        # sudo: judged by rules that look at other companies and archived ones too; whether
        # the user may set them is one of those rules
        self.new_flag = flag if self.flag is KEEP else self.flag.sudo()
        self.new_flag_note = self._get_new_note(flag, note)
        self.new_status = self._get_new_status(status)

    def _get_new_note(self, flag, note):
        if not self.new_flag:
            return self.flag_note if self.flag_note not in (KEEP, False) else False
        if self.flag_note not in (KEEP, False):
            return self.flag_note
        if self.new_flag != flag:
            return self.new_flag.default_note
        return note if self.flag_note is KEEP else False

    def _get_new_status(self, status):
        if self.status is not KEEP:
            return self.status.sudo()  # sudo: see `work_out`
        if self.flag is not KEEP and self.new_flag.status_id:
            return self.new_flag.status_id
        return status
