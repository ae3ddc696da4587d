from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.mail_delivery_retry.tests.common import Race

from .common import WithdrawalCommon


@tagged("post_install", "-at_install")
class TestWithdrawalRace(Race, WithdrawalCommon):
    """Two clerks answer two parts of one order at the same moment: neither sees the other."""

    def setUp(self):
        super().setUp()
        with self._transaction() as env:
            partner = env["res.partner"].create({"name": "Race", "email": "race@example.com"})
            products = env["product.product"].create(
                [{"name": name, "type": "service", "invoice_policy": "order", "taxes_id": False}
                 for name in ("Race", "Race delivery")]
            )  # fmt: skip
            order = env["sale.order"].create(
                {
                    "partner_id": partner.id,
                    "document_type": "web",
                    "order_line": [
                        Command.create(
                            {
                                "product_id": product.id,
                                "product_uom_qty": quantity,
                                "price_unit": 7,
                            }
                        )
                        for product, quantity in zip(products, (2, 1), strict=True)
                    ],
                }
            )
            order.action_confirm()
            self._mark_delivery(order.order_line[1])
            one = [Command.create({"order_line_id": order.order_line[0].id, "quantity": 1})]
            parts = env["sale.withdrawal"].create([{"order_id": order.id, "line_ids": one}] * 2)
            self.order_id, self.part_ids = order.id, parts.ids
            templates = products.product_tmpl_id.ids
        self.addCleanup(self._remove, partner.id, templates)

    def _remove(self, partner_id, template_ids):
        with self._transaction() as env:
            cr = env.cr
            cr.execute("DELETE FROM sale_withdrawal WHERE id = ANY(%s)", [self.part_ids])
            cr.execute("DELETE FROM account_move WHERE partner_id = %s", [partner_id])
            cr.execute("DELETE FROM sale_order WHERE id = %s", [self.order_id])
            for table, name in (("mail_message", "model"), ("mail_activity", "res_model")):
                cr.execute(
                    f"DELETE FROM {table} WHERE {name} = 'sale.order' AND res_id = %s",
                    [self.order_id],
                )
                cr.execute(
                    f"DELETE FROM {table} WHERE {name} = 'sale.withdrawal' AND res_id = ANY(%s)",
                    [self.part_ids],
                )
            cr.execute("DELETE FROM res_partner WHERE id = %s", [partner_id])
            cr.execute("DELETE FROM product_template WHERE id = ANY(%s)", [template_ids])

    def _answer_both(self, method):
        """Have two clerks press the same button of the two parts, the second while the first's
        transaction is open."""
        with self._transaction() as holder, self._transaction() as waiting:
            first, last = (
                env["sale.withdrawal"].browse(part_id)
                for env, part_id in zip((holder, waiting), self.part_ids, strict=True)
            )
            self.assertEqual(last.state, "received")  # its snapshot begins here
            getattr(first, method)()
            holder.flush_all()
            self._run_against(holder, waiting, getattr(last, method))

    def test_parts_accepted_at_once_cancel_the_order(self):
        self._answer_both("action_accept")
        with self._transaction() as env:
            self.assertEqual(env["sale.order"].browse(self.order_id).state, "cancel")

    def test_parts_credited_at_once_refund_the_delivery_once(self):
        with self._transaction() as env:
            env["sale.order"].browse(self.order_id)._create_invoices(final=True).action_post()
        self._answer_both("action_create_credit_note")
        with self._transaction() as env:
            notes = env["sale.withdrawal"].browse(self.part_ids).credit_note_ids
            self.assertEqual(sorted(notes.mapped("amount_total")), [7, 14])
