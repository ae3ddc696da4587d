from odoo import models


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def _action_done(self):
        """Override of `stock` to tell the orders that their goods are on the way."""
        # sudo: warehouse people may not read or write sales orders
        moves = self.sudo().move_ids.filtered(lambda move: move._ships_to_customer())
        # Before the transfer is done: a customer's cancellation that runs at this moment
        # either comes first or sees the shipped goods.
        moves.sale_line_id.order_id._touch_for_status()
        res = super()._action_done()
        # Read again: the transfer may have got moves of its own meanwhile.
        shipped = self.sudo().move_ids.filtered(
            lambda move: move.state == "done" and move._ships_to_customer()
        )
        shipped.sale_line_id.order_id._tell_deliveries()
        return res

    def _get_carrier_links(self):
        """Return where the customer can follow the parcels of these transfers.

        :return: list of dicts with ``name``, ``ref`` and ``url`` (each a text or False), empty
            without `stock_delivery`
        """
        if "carrier_tracking_ref" not in self._fields:
            return []
        return [
            {"name": picking.carrier_id.name, "ref": ref, "url": url}
            for picking in self.filtered("carrier_tracking_ref")
            for ref, url in picking._get_parcels()
        ]

    def _get_parcels(self):
        """Return ``(reference, link)`` of each parcel; only web links, never a script."""
        # Several parcels: carriers hand over a JSON list of [reference, link].
        several = self.get_multiple_carrier_tracking()
        if not isinstance(several, list):
            several = [(self.carrier_tracking_ref, self.carrier_tracking_url or "")]
        return [
            (ref, url if url.startswith(("https://", "http://")) else False) for ref, url in several
        ]
