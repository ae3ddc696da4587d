from odoo import models

# What decides which customers read that all goods of their order have left.
TOLD_BY = {"category", "event_ids", "is_public"}


class SaleOrderStatus(models.Model):
    """The codebook of statuses: who changes it mails no customer.

    Where an ERP ships and transfers stay open, only the status keeps a customer from being told of
    a delay.
    """

    _inherit = "sale.order.status"

    def write(self, vals):
        """Extend the codebook to mail nobody about delays that a change of it uncovers."""
        if TOLD_BY.isdisjoint(vals):
            return super().write(vals)
        # sudo: of orders that who changes the codebook need not read
        with self.env["sale.order"].sudo()._keeping_uncovered_delays_quiet():
            return super().write(vals)

    def unlink(self):
        """Extend the codebook as `write` does: an addon that goes takes its statuses along."""
        # sudo: as in `write`
        with self.env["sale.order"].sudo()._keeping_uncovered_delays_quiet():
            return super().unlink()
