from odoo.tests import TransactionCase, tagged

from ..attempt import may_be_told
from ..language import get_active_lang
from ..models.ir_mail_server import in_one_line


@tagged("post_install", "-at_install")
class TestHeaders(TransactionCase):
    """What is put right before an e-mail is made."""

    def test_headers_are_in_one_line(self):
        self.assertEqual(in_one_line("Sam\r\n Seller\u2028x"), "Sam Seller x")
        self.assertEqual(in_one_line(["a\nb", "c"]), ["a b", "c"])
        self.assertIs(in_one_line(False), False)
        message = self.env["ir.mail_server"]._build_email__(
            email_from='"Sam\nSeller" <s@example.com>',
            email_to=['"Buy\ner" <b@example.com>'],
            subject="An\norder",
            body="x",
            email_cc=['"Co\npy" <c@example.com>'],
            reply_to='"Ca\ntch" <all@example.com>',
            headers={"X-Msg-To-Add": '"Bu\nyer" <b@example.com>'},
        )
        for name in ("From", "To", "Subject", "Cc", "Reply-To", "X-Msg-To-Add"):
            self.assertNotIn("\n", str(message[name]))

    def test_who_has_no_address_sends_as_the_company(self):
        """A visitor by a link causes e-mails about an order; others fail as in plain Odoo."""
        server = self.env["ir.mail_server"]
        self.patch(self.registry["ir.mail_server"], "_get_default_from_address", lambda _self: None)
        self.patch(
            self.registry["mail.mail"], "_get_retried_models", lambda _mails: {"res.partner"}
        )
        self.env.company.email = "shop@example.com"
        values = {"email_to": ["b@example.com"], "subject": "x", "body": "x"}
        message = server._build_email__(email_from=False, object_id="1-res.partner", **values)
        self.assertIn("shop@example.com", str(message["From"]))
        with self.assertRaises(AssertionError):
            server._build_email__(email_from=False, object_id="1-res.users", **values)

    def test_language_in_use(self):
        self.assertEqual(get_active_lang(self.env, "xx_XX", "en_US"), "en_US")
        self.env.company.partner_id.lang = "en_US"
        self.assertEqual(get_active_lang(self.env, "xx_XX"), "en_US")
        self.assertEqual(get_active_lang(self.env, False), "en_US")

    def test_template_in_a_language_switched_off(self):
        self.patch(
            self.registry["mail.mail"], "_get_retried_models", lambda _mails: {"res.partner"}
        )
        partner = self.env["res.partner"].create({"name": "Kunde", "email": "k@example.com"})
        template = self.env["mail.template"].create(
            {
                "name": "Hello",
                "model_id": self.env.ref("base.model_res_partner").id,
                "subject": "Hello",
                "lang": "de_XX",
                "use_default_to": True,
            }
        )
        mail = self.env["mail.mail"].browse(template.send_mail(partner.id))
        self.assertEqual(mail.subject, "Hello")

    def test_customer_without_a_language(self):
        self.env["res.lang"]._activate_lang("pl_PL")
        partner = self.env["res.partner"].create(
            {"name": "Klient", "email": "k@example.com", "lang": False}
        )
        company = self.env["res.company"].create({"name": "Polska"})
        company.partner_id.lang = "pl_PL"
        partner.company_id = company
        template = self.env["mail.template"].create(
            {
                "name": "Hello",
                "model_id": self.env.ref("base.model_res_partner").id,
                "lang": "{{ object.lang }}",
            }
        )
        self.assertFalse(template._render_lang(partner.ids)[partner.id], "as in plain Odoo")
        self.patch(
            self.registry["mail.mail"], "_get_retried_models", lambda _mails: {"res.partner"}
        )
        self.assertEqual(template._render_lang(partner.ids), {partner.id: "pl_PL"})
        partner.lang = "en_US"
        self.assertEqual(template._render_lang(partner.ids), {partner.id: "en_US"})

    def test_copies_alone_are_sent_as_an_email_to_them(self):
        self.patch(
            self.registry["mail.mail"], "_get_retried_models", lambda _mails: {"res.partner"}
        )
        partner = self.env["res.partner"].create({"name": "Kunde", "email": "k@example.com"})
        values = {"email_cc": "c@example.com", "model": "res.partner", "res_id": partner.id}
        mail = self.env["mail.mail"].create(values)
        self.assertEqual((mail.email_to, mail.email_cc), ("c@example.com", False))

    def test_who_may_be_told(self):
        partner = self.env["res.partner"].create({"name": "Kunde"})
        user = self.env.ref("base.user_admin")
        self.assertTrue(may_be_told(partner, user))
        self.assertFalse(may_be_told(partner, self.env["res.users"]))
        partner.company_id = self.env["res.company"].create({"name": "Elsewhere"})
        user.company_ids -= partner.company_id
        self.assertFalse(may_be_told(partner, user))
