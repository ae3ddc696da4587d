from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import BaseCase

from odoo.addons.b2b_agreement.tests.common import SIGNATURE
from odoo.addons.mail_delivery_retry.tests.common import Race


class ShopRaceCommon(Race, BaseCase):
    """People of one customer at the same moment: real cursors, hence records to be removed again.

    :cvar tuple NAMES: the people
    :ivar dict users: `{name: id of the user}`
    :ivar dict ids: what is removed again, `{model: ids}`, in this order
    """

    NAMES = ("racer",)

    def setUp(self):
        super().setUp()
        with self._transaction() as env:
            self.ids = self._create_records(env)
            self.users = dict(zip(self.NAMES, self.ids["res.users"], strict=True))
        self.addCleanup(self._remove)

    def _create_records(self, env):
        """Create the customer, the people, an article for 10, and the agreement.

        :return: ids by model
        """
        customer = env["res.partner"].create({"name": "Race Ltd", "is_company": True})
        users = (
            env["res.users"]
            .with_context(no_reset_password=True)
            .create(
                [
                    {
                        "name": name,
                        "login": f"b2b_race_{name}",
                        "group_ids": [(6, 0, env.ref("base.group_portal").ids)],
                    }
                    for name in self.NAMES
                ]
            )
        )
        users.partner_id.parent_id = customer
        product = env["product.product"].create(
            {"name": "Race", "list_price": 10, "taxes_id": [(5,)]}
        )
        agreement = env["b2b.agreement"].create(
            {
                "partner_id": customer.id,
                "date_start": fields.Date.today() - timedelta(days=1),
                "body": "<p>Terms</p>",
                "state": "sent",
            }
        )
        agreement._sign("Racer", SIGNATURE, customer)
        return {
            "product.product": product.ids,
            "b2b.agreement": agreement.ids,
            "res.users": users.ids,
            "res.partner": (users.partner_id | customer).ids,
        }

    def _remove(self):
        """Take everything away again, past the guards that keep what is signed or ordered."""
        with self._transaction() as env:
            cr = env.cr
            orders = env["sale.order"].search([("partner_id", "in", self.ids["res.partner"])])
            self._remove_what_keeps(orders)
            cr.execute(
                "DELETE FROM sale_order_status_history WHERE order_id = ANY(%s)", [orders.ids]
            )
            cr.execute("DELETE FROM sale_order WHERE id = ANY(%s)", [orders.ids])
            cr.execute("DELETE FROM b2b_agreement WHERE id = ANY(%s)", [self.ids["b2b.agreement"]])
            env.invalidate_all()
            for model in self.ids:
                if model != "b2b.agreement":
                    env[model].browse(self.ids[model]).unlink()

    def _remove_what_keeps(self, orders):
        """Take away what would keep orders, and what else a race has left."""

    def _cart(self, env, create=False):
        agreement = env.user.partner_id._get_b2b_agreement()
        return env["sale.order"]._get_b2b_cart(agreement, create=create)

    def _fill_cart(self, name):
        with self._transaction(self.users[name]) as env:
            product = env["product.product"].sudo().browse(self.ids["product.product"])
            self._cart(env, create=True)._add_b2b_lines([(product, 1, product.uom_id)])

    def _check_out(self, env, **form):
        cart = self._cart(env)
        cart._lock_b2b_cart()
        cart._refresh_b2b_lines()
        cart._place_b2b_order(form)
        env.flush_all()
        return cart

    def _refused_against(self, holder, waiting, call):
        """Run a call that has to wait for another transaction; return what refuses it, if anything.

        :rtype: list[str]
        """
        told = []

        def attempt():
            try:
                call()
            except UserError as error:
                told.append(str(error))

        self._run_against(holder, waiting, attempt)
        return told
