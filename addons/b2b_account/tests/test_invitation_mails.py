import smtplib
from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models.b2b_member import administration
from .test_colleagues import PAGE, ColleagueCommon


@tagged("post_install", "-at_install")
class TestInvitationMails(ColleagueCommon):
    """What becomes of the e-mail of an invitation, and of one that is refused."""

    def setUp(self):
        super().setUp()
        self._login(self.admin_user)

    def _get_mails(self, email="nina@buyer.example.com"):
        users = self._get_contact(email).user_ids
        return self.env["mail.mail"].search(
            [("model", "=", "res.users"), ("res_id", "in", users.ids)]
        )

    def _invite_in_vain(self, error):
        """Invite a colleague while the mail server refuses e-mails; return the page."""

        def refuse(*args):
            raise error

        with (
            self.mock_smtplib_connection(),
            mute_logger("odoo.addons.mail.models.mail_mail"),
        ):
            self.testing_smtp_session.send_message = refuse
            form = {"name": "Nina New", "email": "nina@buyer.example.com"}
            answer = self._post(f"{PAGE}/invite", form)
        self.env.invalidate_all()
        return answer

    def test_invitation_leaves_once_it_is_sure(self):
        """A request that is run again mails nobody twice, and none waits while it holds locks."""
        kept = []
        MailMail = self.registry["mail.mail"]
        with patch.object(MailMail, "send_after_commit", lambda mails: kept.append(mails.ids)):
            self._invite("nina@buyer.example.com")
        self.assertFalse(self.emails)
        self.assertEqual(kept, [self._get_mails().ids])
        self.assertEqual(self._get_mails().state, "outgoing")

    def test_invitation_is_tried_again(self):
        page = self._invite_in_vain(smtplib.SMTPDataError(451, b"try later"))
        mail = self._get_mails()
        self.assertEqual(mail.state, "outgoing")
        self.assertTrue(mail.scheduled_date)
        self.assertNotIn("could not be delivered", page.text)
        self.emails.clear()
        self._act(f"/{self._get_contact('nina@buyer.example.com').id}", again="1")
        self.assertEqual(len(self.emails), 1)
        self.assertEqual(mail.state, "cancel", "the first one is not sent as well")

    def test_invitation_that_cannot_be_delivered(self):
        page = self._invite_in_vain(smtplib.SMTPResponseException(550, b"no such user"))
        self.assertIn("could not be delivered", page.text)
        partner = self._get_contact("nina@buyer.example.com")
        self._act(f"/{partner.id}", again="1")
        self.assertNotIn("could not be delivered", self._get(PAGE).text)

    def test_invitation_of_whom_the_access_is_taken_away(self):
        self._invite_in_vain(smtplib.SMTPDataError(451, b"try later"))
        mail = self._get_mails()
        self._act(f"/{self._get_contact('nina@buyer.example.com').id}", remove="1")
        self.assertEqual(mail.state, "cancel")

    def test_other_mails_to_logins_are_not_tried_again(self):
        user = self.buyer_user
        mail = self.env["mail.mail"].create({"model": "res.users", "res_id": user.id})
        self.assertEqual(mail._filter_retried(), mail, "it was never used")
        self.env["res.users.log"].with_user(user).sudo().create({})
        self.assertFalse(mail._filter_retried())
        mail.res_id = self.seller_user.id
        self.assertFalse(mail._filter_retried())

    def test_a_company_mails_so_many_a_day(self):
        """Invited and taken away, strangers would be mailed without end in the seller's name."""
        with patch.object(administration, "MAX_INVITATIONS", 2):
            self._invite("nina@buyer.example.com")
            partner = self._get_contact("nina@buyer.example.com")
            self._act(f"/{partner.id}", again="1")
            self.emails.clear()
            self.assertIn("within a day", self._act(f"/{partner.id}", again="1")[0])
            self.assertIn("within a day", self._invite("nora@buyer.example.com")[0])
            self.assertFalse(self.emails)
            self.assertFalse(self._get_contact("nora@buyer.example.com"), "nothing half done")
            # The seller's own people go on.
            self.env["b2b.member"].with_user(self.seller_user)._invite_b2b_again(partner)

    def test_refused_invitation_keeps_what_was_typed(self):
        answer = self._post(
            f"{PAGE}/invite",
            {
                "name": "Nina New",
                "email": "nina@buyer.example.com",
                "may_approve": "1",
                "order_limit": "1.000,00.0",
            },
        )
        self.assertIn("1.000,00.0", self._alerts(answer)[0])
        (node,) = self._page(answer).xpath("//form[contains(@class, 'o_b2b_invite')]")
        self.assertEqual(node.get("data-b2b-page"), PAGE)
        form = dict(node.form_values())
        del form["csrf_token"]
        self.assertEqual(
            form,
            {
                "name": "Nina New",
                "email": "nina@buyer.example.com",
                "may_approve": "1",
                "order_limit": "1.000,00.0",
            },
        )
        (node,) = self._page(self._get(PAGE)).xpath("//form[contains(@class, 'o_b2b_invite')]")
        self.assertIsNone(node.get("data-b2b-page"), "nothing was sent")
        form = dict(node.form_values())
        self.assertLessEqual({"may_order", "may_see_finance"}, set(form))
        self.assertNotIn("may_approve", form)
