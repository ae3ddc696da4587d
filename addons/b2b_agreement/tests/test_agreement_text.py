from datetime import timedelta

from odoo import fields
from odoo.tools import format_amount

from .common import SIGNATURE
from .seal import SealCommon


class TestTextOfTheTemplate(SealCommon):
    """Placeholders as people write, paste and format them."""

    def _render(self, body):
        self.template.body = body
        return self._create_agreement(body=False, template_id=self.template.id)

    def test_ways_to_write_a_placeholder(self):
        for written, expected in (
            ("{{ customer }}", "Buyer Ltd"),
            ("{{customer}}", "Buyer Ltd"),
            ("{{  customer\t}}", "Buyer Ltd"),
            ("{{&nbsp;customer&nbsp;}}", "Buyer Ltd"),
            ("{{\xa0customer }}", "Buyer Ltd"),
            ("{{ <b>customer</b> }}", "<b>Buyer Ltd</b>"),
            ("<b>{{</b> customer <b>}}</b>", "<b></b>Buyer Ltd<b></b>"),
            ("{{ <i><b>customer</b></i> }}", "<i><b>Buyer Ltd</b></i>"),
        ):
            with self.subTest(written=written):
                agreement = self._render(f"<p>With {written}.</p>")
                self.assertIn(f"With {expected}.", agreement.body)
                self.assertFalse(agreement._get_sending_obstacle())
                self.assertTrue(agreement._has_text_of_template())

    def test_what_is_no_placeholder_is_pointed_out(self):
        for written in (
            "{{ custommer }}",
            "{{ customer",
            "customer }}",
            "{{ customer name }}",
            "{{ }}",
            "{<b>{</b> customer }}",
        ):
            with self.subTest(written=written):
                agreement = self._render(f"<p>With {written}.</p>")
                self.assertIn("placeholder", agreement._get_sending_obstacle())

    def test_single_braces_are_text(self):
        agreement = self._render("<p>{{ customer }}, {as agreed}</p>")
        self.assertFalse(agreement._get_sending_obstacle())

    def test_names_are_put_in_as_text(self):
        self.customer.name = "{{ number }} & <script>Sons</script>"
        agreement = self._render("<p>With {{ customer }}.</p>")
        self.assertNotIn("<script>", agreement.body)
        self.assertNotIn(agreement.name, agreement.body)

    def test_no_minimum_is_said_in_words(self):
        self.env["res.lang"]._activate_lang("pl_PL")
        self.env["res.lang"]._activate_lang("sl_SI")
        self.env["ir.module.module"]._load_module_terms(["b2b_agreement"], ["pl_PL", "sl_SI"])
        words = {"en_US": "none", "pl_PL": "bez wymaganej kwoty", "sl_SI": "brez omejitve"}
        for lang, word in words.items():
            with self.subTest(lang=lang):
                self.customer.lang = lang
                agreement = self._render("<p>Smallest order: {{ minimum_order }}.</p>")
                self.assertEqual(agreement.body, f"<p>Smallest order: {word}.</p>")
                agreement.minimum_order_amount = 250
                self.assertIn("250", agreement.body)
                self.assertNotIn(word, agreement.body)

    def test_text_with_a_minimum_of_zero_still_follows_the_terms(self):
        """Texts that an earlier version wrote are not taken for edited ones."""
        agreement = self._render("<p>Smallest order: {{ minimum_order }}.</p>")
        zero = format_amount(self.env, 0, agreement.currency_id)
        agreement.body = f"<p>Smallest order: {zero}.</p>"
        self.assertTrue(agreement._has_text_of_template())
        agreement.minimum_order_amount = 250
        self.assertIn("250", agreement.body)
        agreement.body = f"<p>Smallest order: {zero}.</p>"
        self.assertFalse(agreement._has_text_of_template())

    def test_empty_texts(self):
        for body in (False, "", "<p></p>", "<p><br></p>", "<div> </div>"):
            with self.subTest(body=body):
                agreement = self._create_agreement(body="<p>x</p>")
                agreement.body = body
                self.assertIn("no text", agreement._get_sending_obstacle())


class TestActivityTypeIsGone(SealCommon):
    def test_signing_and_reminding_go_on_without_it(self):
        self.env.ref("b2b_agreement.mail_activity_type_renew").unlink()
        today = fields.Date.today()
        agreement = self._create_agreement(
            state="signed",
            user_id=self.seller_user.id,
            date_start=today - timedelta(days=300),
            date_end=today + timedelta(days=5),
        )
        agreement._try_remind()
        self.assertEqual(len(agreement.activity_ids), 1)
        agreement.action_renew()
        renewal = agreement.renewal_ids
        renewal.state = "sent"
        renewal._sign("Anna", SIGNATURE, self.buyer_user.partner_id)
        agreement.action_terminate()
