from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .orders import B2bOrderCommon


@tagged("post_install", "-at_install")
class TestProformaMail(B2bOrderCommon):
    """Whom the pro-forma reaches, and what its template does when it is changed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.template = cls.env.ref("b2b_portal.mail_template_b2b_proforma")

    def _send(self, order, error=None):
        report = type(self.env["ir.actions.report"])
        pdf = (b"%PDF-1.4 test", "pdf")
        with (
            patch.object(report, "_render_qweb_pdf", return_value=pdf, side_effect=error),
            self.enter_registry_test_mode(),
        ):
            self.env.ref("order_status_flags.ir_cron_status_mail").method_direct_trigger()
        self.env.invalidate_all()
        return order.status_history_ids.filtered(lambda row: row.mail_kind == "b2b_proforma")

    def test_archived_buyer_gets_it(self):
        order = self._place()
        self.buyer_user.active = False
        self.buyer_user.partner_id.active = False
        row = self._send(order)
        self.assertEqual(row.mail_state, "pending", "it waits in the queue")
        self.assertEqual(row.mail_mail_id.recipient_ids, self.buyer_user.partner_id)

    def test_the_template_says_who_gets_it(self):
        depot = self.env["res.partner"].create({"name": "Depot", "email": "depot@example.com"})
        self.template.write({"use_default_to": False, "partner_to": str(depot.id)})
        order = self._place()
        self.buyer_user.partner_id.email = False
        row = self._send(order)
        self.assertEqual(row.mail_state, "pending")
        self.assertEqual(row.mail_mail_id.recipient_ids, depot)

    def test_language_switched_off_later(self):
        german = self.env["res.lang"].with_context(active_test=False)
        german = german.search([("code", "=", "de_DE")])
        german.active = True
        order = self._place()
        self.buyer_user.partner_id.lang = "de_DE"
        self.env.flush_all()
        self.buyer_user.active = False
        self.buyer_user.partner_id.active = False
        # As Odoo does it once nobody active reads the language, whatever the test system is in.
        self.env.cr.execute("UPDATE res_lang SET active = false WHERE code = 'de_DE'")
        self.env.registry.clear_cache("stable")
        self.env.invalidate_all()
        self.assertEqual(self._send(order).mail_state, "pending")

    @mute_logger("odoo.addons.mail_delivery_retry.attempt")
    def test_says_that_a_pdf_is_attached_where_it_is(self):
        self.env["res.lang"]._activate_lang("pl_PL")
        self.env["ir.module.module"]._load_module_terms(["b2b_portal"], ["pl_PL"])
        self.cart.unlink()
        for lang, words in (("en_US", "is attached"), ("pl_PL", "w załączniku")):
            self.buyer_user.partner_id.lang = lang
            for error in (None, UserError("no wkhtmltopdf")):
                with self.subTest(lang=lang, error=error):
                    order = self._place(self._create_draft("cart", [(self.product, 1)]))
                    body = self._send(order, error).mail_mail_id.mail_message_id.body
                    self.assertIn(order.name, body)
                    self.assertEqual(words in body, not error)

    def test_template_is_not_deleted_and_archived_sends_nothing(self):
        with self.assertRaisesRegex(UserError, "pro-forma"):
            self.template.unlink()
        order = self._place()
        self.template.active = False
        self.assertEqual(self._send(order).mail_state, "none")
