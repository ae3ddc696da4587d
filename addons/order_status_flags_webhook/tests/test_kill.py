from datetime import timedelta

from odoo import fields
from odoo.tests import TransactionCase, tagged

from odoo.addons.mail_delivery_retry.tests.common import Race

from ..dispatcher import Answer
from ..models.order_status_webhook_delivery.sending import CLAIM


@tagged("post_install", "-at_install")
class TestKill(Race, TransactionCase):
    """Several processes, each with a real transaction, on committed rows that are removed."""

    def setUp(self):
        super().setUp()
        with self._transaction() as env:
            partner = env["res.partner"].create({"name": "Race", "email": "race@example.com"})
            product = env["product.product"].create({"name": "Race", "type": "service"})
            line = [(0, 0, {"product_id": product.id, "product_uom_qty": 1})]
            webhook = env["order.status.webhook"].create(
                {"name": "Race", "url": "https://hooks.example.com/race"}
            )
            orders = env["sale.order"].create([{"partner_id": partner.id, "order_line": line}] * 2)
            orders.action_confirm()
            orders[0].set_order_status(env.ref("order_status_flags.status_in_progress").id)
            env["order.status.webhook.delivery"]._make_bodies()
            self.webhook_id, self.order_ids = webhook.id, orders.ids
            self.addCleanup(self._remove, partner.id, product.product_tmpl_id.id)

    def _remove(self, partner_id, template_id):
        with self._transaction() as env:
            cr, order_ids = env.cr, tuple(self.order_ids)
            env["order.status.webhook"].browse(self.webhook_id).unlink()
            cr.execute("DELETE FROM sale_order WHERE id IN %s", [order_ids])
            cr.execute(
                "DELETE FROM mail_message WHERE model = 'sale.order' AND res_id IN %s", [order_ids]
            )
            cr.execute("DELETE FROM res_partner WHERE id = %s", [partner_id])
            cr.execute("DELETE FROM product_template WHERE id = %s", [template_id])

    def _claim(self, env, busy=()):
        found = env["order.status.webhook.delivery"]._claim(busy)
        return [message for message in found if message.endpoint == self.webhook_id]

    def _order_of(self, env, message):
        return env["order.status.webhook.delivery"].browse(message.id).order_id.id

    def test_two_servers_never_claim_the_same(self):
        first_order, second_order = self.order_ids
        with self._transaction() as one, self._transaction() as two:
            (mine,) = self._claim(one)
            (theirs,) = self._claim(two)  # what the first one holds is skipped
            self.assertEqual(self._order_of(one, mine), first_order)
            self.assertEqual(self._order_of(two, theirs), second_order)
            one.cr.commit()
            two.cr.commit()
            # The second message of the first order waits for the first, whoever sends that one.
            self.assertEqual(self._claim(one) + self._claim(two), [])

    def test_killed_process_sends_only_what_was_on_its_way_again(self):
        with self._transaction() as env:
            (sent,) = self._claim(env)
            env.cr.commit()
            env["order.status.webhook.delivery"]._settle_all([(sent, Answer(200, "200 OK"))])
            env.cr.commit()
            (lost,) = self._claim(env)
            env.cr.commit()
        # Killed here: nobody knows what became of the second one.
        with self._transaction() as env:
            later = [message.id for message in self._claim(env)]
            self.assertNotIn(lost.id, later)
            env.cr.rollback()
            delivery = env["order.status.webhook.delivery"].browse(lost.id)
            self.assertLessEqual(delivery.claimed_until, fields.Datetime.now() + CLAIM)
            delivery.claimed_until = fields.Datetime.now() - timedelta(seconds=1)
            again = [message.id for message in self._claim(env)]
            self.assertIn(lost.id, again)
            self.assertNotIn(sent.id, again)
            self.assertEqual(delivery.message_id, lost.message_id)
            env.cr.rollback()
