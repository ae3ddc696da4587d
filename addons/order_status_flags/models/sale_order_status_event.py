from odoo import fields, models


class SaleOrderStatusEvent(models.Model):
    """Something that happens to an order and may set a status by itself.

    Addons add records here and call ``sale.order._trigger_status_event(code)`` when it
    happens; which status it sets is the administrator's choice on ``sale.order.status``.
    """

    _name = "sale.order.status.event"
    _description = "Order Status Event"
    _order = "id"

    code = fields.Char(required=True, readonly=True, copy=False)
    name = fields.Char(required=True, translate=True)

    _code_uniq = models.Constraint("UNIQUE(code)", "An event with this code exists already.")

    def write(self, vals):
        res = super().write(vals)
        if "code" in vals:
            self.env.registry.clear_cache()
        return res

    def unlink(self):
        """Extend the codebook to mail nobody about delays that an addon uncovers as it goes."""
        # sudo: of orders that who uninstalls it need not read
        with self.env["sale.order"].sudo()._keeping_uncovered_delays_quiet():
            res = super().unlink()
            self.env.registry.clear_cache()
        return res
