from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo.exceptions import UserError
from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from odoo.addons.base.models.ir_actions_report import IrActionsReport

from ..attempt import try_in_parts, try_pdf, try_to_mail

LOGGER = "odoo.addons.mail_delivery_retry.attempt"


@tagged("post_install", "-at_install")
class TestAttempt(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner = cls.env["res.partner"].create({"name": "Buyer", "email": "b@example.com"})

    def _fail(self, error):
        self.partner.ref = "half done"
        self.env.flush_all()
        raise error

    @mute_logger(LOGGER)
    def test_pdf_that_fails_leaves_nothing_behind(self):
        self.assertEqual(try_pdf(self.partner, lambda: b"pdf"), (b"pdf", None))
        error = OSError(28, "No space left on device")
        self.assertEqual(try_pdf(self.partner, lambda: self._fail(error)), (None, error))
        self.assertFalse(self.partner.ref)

    def test_clash_is_no_failure(self):
        with self.assertRaises(SerializationFailure):
            try_pdf(self.partner, lambda: self._fail(SerializationFailure()))

    @mute_logger(LOGGER)
    def test_mail_that_fails_is_told_to_the_seller(self):
        given_up = []
        self.partner.user_id = self.env.user
        for error in (SerializationFailure(), UserError("no such address")):
            try_to_mail(
                self.partner, lambda error=error: self._fail(error), lambda: given_up.append(1)
            )
        self.assertEqual(given_up, [1], "a clash passes by itself")
        self.assertFalse(self.partner.ref)
        self.assertIn("no such address", self.partner.message_ids[0].body)
        self.assertEqual(self.partner.activity_ids.user_id, self.env.user)

    def test_bad_records_stop_no_others(self):
        partners = self.env["res.partner"].create([{"name": f"Buyer {n}"} for n in range(7)])
        bad = partners[1] | partners[6]
        given_up = []

        def work(records):
            records.ref = "done"
            self.env.flush_all()
            if records & bad:
                raise ValueError("bad")

        done = try_in_parts(partners, work, lambda one, error: given_up.append((one, str(error))))
        self.assertEqual(done, partners - bad)
        self.assertEqual(given_up, [(one, "bad") for one in bad])
        self.assertEqual(partners.filtered("ref"), done, "nothing is half done")
        with self.assertRaises(SerializationFailure):
            try_in_parts(partners, lambda _all: self._fail(SerializationFailure()), self.fail)

    def _create_template(self):
        reports = self.env["ir.actions.report"].create(
            [
                {"name": name, "model": "res.partner", "report_name": f"mail_delivery_retry.{name}"}
                for name in ("paper", "annex")
            ]
        )
        return self.env["mail.template"].create(
            {
                "name": "Paper",
                "model_id": self.env.ref("base.model_res_partner").id,
                "subject": "Paper",
                "report_template_ids": reports.ids,
            }
        )

    def _generate(self, **context):
        template = self._create_template()
        failing = patch.object(
            IrActionsReport, "_render_qweb_pdf", side_effect=UserError("no wkhtmltopdf")
        )
        with failing, mute_logger(LOGGER):
            return template.with_context(**context)._generate_template(
                self.partner.ids, ("subject", "report_template_ids")
            )

    def test_optional_pdf_stops_no_mail(self):
        values = self._generate(mail_pdf_optional=True)[self.partner.id]
        self.assertEqual(values["subject"], "Paper")
        self.assertFalse(values.get("attachments"))
        self.assertIn("no wkhtmltopdf", self.partner.message_ids[0].body)

    def test_pdf_that_fails_is_missing_in_one_mail(self):
        partners = self.env["res.partner"].create([{"name": f"Buyer {n}"} for n in range(3)])
        template = self._create_template().with_context(mail_pdf_optional=True)
        annex = template.report_template_ids[1]
        made = []

        def render(_reports, report, ids):
            made.append(ids)
            if report == annex and ids == partners[1].ids:
                raise ValueError("a bad picture")
            return b"pdf", "pdf"

        with patch.object(IrActionsReport, "_render_qweb_pdf", render), mute_logger(LOGGER):
            values = template._generate_template(partners.ids, ("subject", "report_template_ids"))
        counts = [len(values[partner.id].get("attachments", ())) for partner in partners]
        self.assertEqual(counts, [2, 0, 2], "neither, rather than one of two")
        self.assertEqual({values[partner.id]["subject"] for partner in partners}, {"Paper"})
        self.assertEqual(len(made), 6, "none is made twice")
        bodies = [" ".join(partner.message_ids.mapped("body")) for partner in partners]
        self.assertEqual(["a bad picture" in body for body in bodies], [False, True, False])

    def test_pdf_that_a_person_attaches_is_missed_aloud(self):
        with self.assertRaisesRegex(UserError, "no wkhtmltopdf"):
            self._generate()
