from datetime import date

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import AgreementCommon


@tagged("post_install", "-at_install")
class TestRenewal(AgreementCommon):
    """An agreement that ends goes on with the next one."""

    def test_renew_makes_one_draft_from_the_day_after(self):
        agreement = self._create_agreement(
            state="signed",
            date_start="2027-01-01",
            date_end="2027-12-31",
            minimum_order_amount=500,
            po_number_required=True,
        )
        self.assertIs(agreement.action_renew(), True)
        agreement.action_renew()
        renewal = agreement.renewal_ids
        self.assertEqual(len(renewal), 1)
        self.assertEqual(renewal.state, "draft")
        # 2028 is a leap year: a year is a year.
        self.assertEqual(renewal.date_start, date(2028, 1, 1))
        self.assertEqual(renewal.date_end, date(2028, 12, 31))
        self.assertEqual(renewal.minimum_order_amount, 500)
        self.assertEqual(renewal.pricelist_id, agreement.pricelist_id)
        self.assertEqual(renewal.body, agreement.body)
        self.assertFalse(renewal.signature or renewal.signed_by or renewal.signed_body_hash)

    def test_renewal_has_its_own_dates_in_the_text(self):
        template = self.env["b2b.agreement.template"].create(
            {"name": "T", "body": "<p>{{ number }}, until {{ date_end }}, {{ minimum_order }}</p>"}
        )
        agreement = self._create_signed_agreement(body=False, template_id=template.id)
        agreement.action_renew()
        self.assertIn(agreement.renewal_ids.name, agreement.renewal_ids.body)
        self.assertNotIn(agreement.name, agreement.renewal_ids.body)

    def test_edited_text_is_renewed_as_it_is(self):
        template = self.env["b2b.agreement.template"].create({"name": "T", "body": "<p>x</p>"})
        agreement = self._create_signed_agreement(template_id=template.id)
        agreement.action_renew()
        self.assertEqual(agreement.renewal_ids.body, agreement.body)

    def test_renew_refuses_open_ended_and_unsigned_ones(self):
        with self.assertRaises(UserError):
            self._create_signed_agreement(date_end=False).action_renew()
        with self.assertRaises(UserError):
            self._create_agreement(partner_id=self.rival.id).action_renew()

    def test_renew_refuses_what_ends_with_the_calendar(self):
        for start, end in (("2026-01-01", "9999-12-31"), ("2026-01-01", "9000-01-01")):
            agreement = self._create_agreement(state="signed", date_start=start, date_end=end)
            with self.subTest(end=end), self.assertRaisesRegex(UserError, "ends too late"):
                agreement.action_renew()
            agreement.action_terminate()

    def test_renewal_that_was_terminated_can_be_made_again(self):
        agreement = self._create_signed_agreement(date_end=date(2300, 12, 31))
        self.assertTrue(agreement.can_renew)
        agreement.action_renew()
        self.assertFalse(agreement.can_renew)
        renewal = agreement.renewal_ids
        renewal.action_send()
        renewal.action_terminate()
        self.assertTrue(agreement.can_renew)
        agreement.action_renew()
        self.assertEqual(len(agreement.renewal_ids), 2)
