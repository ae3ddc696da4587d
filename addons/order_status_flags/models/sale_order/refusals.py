from odoo import api, models

from ...status_plan import Refusal


class SaleOrder(models.Model):
    """Order status: what an order cannot have, and why.

    The rules judge a ``StatusCase`` and never see the order itself: orders of equal cases are
    judged once, and a ``Refusal`` is put into words for each of them.
    """

    _inherit = "sale.order"

    def _prepare_status_facts(self):
        """Return all of this order (sudo) that the rules may look at.

        Hook: addons whose rules look at more add it, with values that can be hashed.

        :rtype: dict
        """
        self.ensure_one()
        return {
            "was_placed": self.was_placed,
            "state": self.state,
            "document_type": self.document_type,
            "company_id": self.company_id,
            "locked": self.locked,
        }

    @api.model
    def _get_status_change_refusal(self, case):
        """Return why an order cannot take a change, or False.

        Hook: addons with rules of their own ask them after these.

        :param StatusCase case: what there is to judge
        :rtype: Refusal
        """
        if not case.was_placed:
            return Refusal(
                self.env._(
                    "%(order)s is not an order yet: a quotation or cart has no order status and no"
                    " flag. Confirm it first."
                )
            )
        # Before all that names them: one of a company that the user does not see is none.
        if not self._knows(case.new_status):
            return Refusal(self.env._("There is no such status, or it belongs to another company."))
        if not self._knows(case.new_flag):
            return Refusal(self.env._("There is no such flag, or it belongs to another company."))
        refusal = case.new_status != case.previous_status and self._get_status_refusal(case)
        return refusal or self._get_flag_refusal(case)

    @api.model
    def _knows(self, records):
        """Whether the user may know of statuses or flags: they are of no company of others.

        :param records: ``sale.order.status`` or ``sale.order.flag``, may be empty
        """
        companies = records.sudo().company_id  # sudo: the records may be out of sight
        # sudo: what is a company's is its branches' too, whose users do not read the company
        known = self.env.user.sudo().company_ids.parent_ids
        return self.env.su or companies <= known

    @api.model
    def _may_name(self, *records):
        """Whether words may name statuses or flags to whoever has caused them.

        Odoo checks constraints as the superuser; the user learns no names of others.

        :param records: recordsets, see ``_knows``
        """
        # no sudo: by the companies of whoever writes
        return all(map(self.sudo(False)._knows, records))

    @api.model
    def _get_status_refusal(self, case):
        status = case.new_status
        if case.state == "cancel" and status.category != "rejected":
            return Refusal(
                self.env._(
                    "%(order)s is cancelled: it can only have a status of category “Rejected”."
                )
            )
        if not status:
            return not case.force and Refusal(
                self.env._("The order status of %(order)s cannot be emptied.")
            )
        if not status.active and not case.takes_archived:
            return Refusal(
                self.env._(
                    "The status “%(status)s” is archived and can no longer be chosen"
                    " (order %(order)s)."
                ),
                status=status.name,
            )
        return self._get_misfit(case, status) or self._get_path_refusal(case)

    @api.model
    def _get_path_refusal(self, case):
        following = case.previous_status._get_followers()
        if not following or case.new_status in following or case.force or case.any_path:
            return False
        allowed = following.filtered("active")
        # Whoever has caused it reads it, an ERP too, for which a feed works as the superuser.
        known = allowed.filtered(self._may_name)
        if not allowed:
            text = self.env._(
                "%(order)s is “%(previous)s”, and “%(status)s” may not follow it."
                " All statuses that may are archived."
            )
        elif not known:
            text = self.env._(
                "%(order)s is “%(previous)s”, and “%(status)s” may not follow it."
                " Only statuses of another company may."
            )
        else:
            text = self.env._(
                "%(order)s is “%(previous)s”, and “%(status)s” may not follow it."
                " Allowed are: %(allowed)s."
            )
        return Refusal(
            text,
            previous=case.previous_status.name,
            status=case.new_status.name,
            allowed=", ".join(known.mapped("name")),
        )

    @api.model
    def _get_flag_refusal(self, case):
        if not case.new_flag and case.has_note:
            return Refusal(self.env._("%(order)s has no flag: set a flag before you write a note."))
        if not case.moves_flag:
            return False
        refusal = case.check_groups and self._get_group_refusal(case)
        if refusal or case.new_flag == case.previous_flag:
            return refusal
        return self._get_new_flag_refusal(case)

    @api.model
    def _get_group_refusal(self, case):
        # The real user's groups count, also where the caller works in sudo.
        user = self.env.user
        for moved in (case.new_flag, case.previous_flag):
            if not moved._may_be_moved_by(user):
                return Refusal(
                    self.env._(
                        "You are not among those who may set, replace or clear the flag"
                        " “%(flag)s” (order %(order)s)."
                    ),
                    flag=moved.name,
                )
        return False

    @api.model
    def _get_new_flag_refusal(self, case):
        flag = case.new_flag
        if not flag:
            return False
        if not flag.active and not case.takes_archived:
            return Refusal(
                self.env._(
                    "The flag “%(flag)s” is archived and can no longer be chosen (order %(order)s)."
                ),
                flag=flag.name,
            )
        if misfit := self._get_misfit(case, flag):
            return misfit
        if case.cancels_order and case.state != "cancel" and case.locked:
            return Refusal(
                self.env._(
                    "The flag “%(flag)s” cancels the order, but %(order)s is locked."
                    " Please unlock it first."
                ),
                flag=flag.name,
            )
        return False

    @api.model
    def _get_misfit(self, kind, record):
        """Return why a status or flag is not one for a kind of order, or False.

        :param kind: an order or a ``StatusCase``, with its document type and company
        :param record: ``sale.order.status`` or ``sale.order.flag``
        :rtype: Refusal
        """
        if record._fits(kind):
            return False
        if record.document_type in (False, kind.document_type):
            return Refusal(
                self.env._("“%(name)s” belongs to another company than %(order)s."),
                name=record.name,
            )
        types = dict(self._selection_document_type())
        return Refusal(
            self.env._(
                "“%(name)s” is only for documents of type “%(type)s”, and %(order)s is a"
                " “%(order_type)s”."
            ),
            name=record.name,
            type=types.get(record.document_type, record.document_type),
            order_type=types.get(kind.document_type, kind.document_type),
        )
