from odoo import models


class SaleOrder(models.Model):
    """The promise: from when on it counts.

    An order of the shop whose customer has still to pay is placed, and he reads when it is
    expected. But nobody packs it before the money is there, and nobody is late until then: neither
    a page nor an e-mail nor a list says so. When it is confirmed, the promise is made anew.
    """

    _inherit = "sale.order"

    def _starts_when_confirmed(self):
        """Whether what this order (sudo) promises counts only from its confirmation on.

        Hook: addons whose orders are as good as confirmed when they are placed.

        :rtype: bool
        """
        return True

    def _waits_to_start(self):
        """Whether this order (sudo), which was placed, waits for its customer at the moment."""
        self.ensure_one()
        return self.state == "sent" and self._starts_when_confirmed()

    def _start_promises(self):
        """Promise anew what waited until now: the time that the goods take begins.

        A day that was requested, or that a person gave, stays what it is.
        """
        values = {}
        for order in self.sudo():  # sudo: the promise is nobody's to write
            is_given = order.commitment_date or order.promise_moved_date
            if is_given or not order._starts_when_confirmed():
                continue
            promise = order._prepare_promise_values()
            if promise["promised_date"] != order.promised_date:
                values[order.id] = promise
        if values:
            self.sudo()._write_status_values(values, told=())  # sudo: as above
