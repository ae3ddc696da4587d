import errno
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.base.models.ir_actions_report import IrActionsReport

from .common import SIGNATURE, AgreementCommon


@tagged("post_install", "-at_install")
class TestAgreementPortal(AgreementCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agreement = cls._create_agreement(state="sent", body="<p>Zażółć gęślą</p>")

    def _login(self, user):
        self.authenticate(user.login, user.login)

    def _sign(self, agreement, text=None, name="Anna Buyer", signature=SIGNATURE):
        text = agreement._get_statement_hash() if text is None else text
        return self.make_jsonrpc_request(
            f"/my/agreements/{agreement.id}/sign?text={text}",
            {"name": name, "signature": signature},
        )

    def _get(self, path):
        return self.url_open(path, allow_redirects=False)

    # === PAGES === #

    def test_pages_need_a_login(self):
        self.authenticate(None, None)
        for path in (
            "/my/agreements",
            f"/my/agreements/{self.agreement.id}",
            f"/my/agreements/{self.agreement.id}/pdf",
        ):
            with self.subTest(path=path):
                response = self._get(path)
                self.assertEqual(response.status_code, 303)
                self.assertIn("/web/login", response.headers["Location"])

    def test_list_shows_own_agreements_only(self):
        draft = self._create_agreement()
        foreign = self._create_agreement(partner_id=self.rival.id, state="sent")
        self._login(self.buyer_user)
        response = self._get("/my/agreements")
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        self.assertIn(self.agreement.name, response.text)
        self.assertNotIn(draft.name, response.text)
        self.assertNotIn(foreign.name, response.text)
        for garbage in ("page=x", "page=-1", "page=9999", "closed=<b>", "page=1&page=2"):
            self.assertEqual(self._get(f"/my/agreements?{garbage}").status_code, 200)

    def test_empty_page_says_so(self):
        self._login(self.retail_user)
        page = self._get("/my/agreements").text
        self.assertRegex(page, r'role="alert"[^>]*>\s*There are no agreements')

    def test_pages_of_others_drafts_and_nothing_lead_back(self):
        draft = self._create_agreement()
        foreign = self._create_agreement(partner_id=self.rival.id, state="sent")
        foreign.message_subscribe(self.buyer_user.partner_id.ids)
        self._login(self.buyer_user)
        for agreement_id in (draft.id, foreign.id, 2**31 - 1):
            for suffix in ("", "/pdf"):
                with self.subTest(agreement_id=agreement_id, suffix=suffix):
                    response = self._get(f"/my/agreements/{agreement_id}{suffix}")
                    self.assertEqual(response.status_code, 303)
                    self.assertTrue(response.headers["Location"].endswith("/my/agreements"))
        nothing = self.agreement.browse(2**31 - 1)
        for agreement in (draft, foreign, nothing):
            result = self._sign(agreement, text="0")
            self.assertIn("error", result)
            self.assertEqual(
                result["error"],
                "This agreement was changed or withdrawn since you opened it. Please look at your"
                " agreements.",
            )
        self.assertEqual((draft.state, foreign.state), ("draft", "sent"))

    def test_agreement_changed_while_its_page_is_open(self):
        self._login(self.buyer_user)
        self._get(f"/my/agreements/{self.agreement.id}")
        self.agreement.with_user(self.seller_user).body = "<p>Other terms</p>"
        self.env.flush_all()
        self.assertEqual(self.agreement.state, "draft")
        self.assertIn("was changed or withdrawn", self._sign(self.agreement)["error"])
        self.assertFalse(self.agreement.signed_by)

    def test_page_shows_text_and_terms(self):
        self.agreement.minimum_order_amount = 1234.5
        self._login(self.buyer2_user)
        response = self._get(f"/my/agreements/{self.agreement.id}")
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        for words in ("Zażółć gęślą", "Buyer Ltd", "Buyer list", "portal.signature_form"):
            self.assertIn(words, response.text)

    def test_contact_is_somebody_at_work(self):
        seller = self.seller_user.copy({"login": "leaver", "name": "Lea Ver"})
        self.agreement.user_id = seller
        self._login(self.buyer_user)
        url = f"/my/agreements/{self.agreement.id}"
        for active in (True, False):
            seller.active = active
            self.env.flush_all()
            text = self._get(url).text
            self.assertEqual("Your contact" in text, active)
            self.assertEqual("Lea Ver" in text, active)

    def test_home_has_a_card(self):
        self._login(self.buyer_user)
        self.assertIn("/my/agreements", self._get("/my/home").text)
        counters = self.make_jsonrpc_request("/my/counters", {"counters": ["b2b_agreement_count"]})
        self.assertEqual(counters["b2b_agreement_count"], 1)

    # === SIGNING === #

    def test_any_contact_of_the_company_signs(self):
        self._login(self.buyer2_user)
        result = self._sign(self.agreement)
        self.assertEqual(
            result["redirect_url"], f"/my/agreements/{self.agreement.id}?message=signed"
        )
        self.assertEqual(self.agreement.state, "signed")
        self.assertEqual(self.agreement.signed_by, "Anna Buyer")
        self.assertEqual(self.agreement.signed_partner_id, self.buyer2_user.partner_id)
        self.assertEqual(self.agreement.signed_body_hash, self.agreement._get_body_hash())
        self.assertTrue(self.agreement.is_in_force)
        self.assertTrue(self.agreement.pdf_attachment_id)
        self.assertIn('role="alert"', self._get(result["redirect_url"]).text)
        self.assertEqual(self._get(f"/my/agreements/{self.agreement.id}/pdf").status_code, 200)

    def test_download_stores_nothing(self):
        agreement = self._create_signed_agreement()
        self.assertFalse(agreement.pdf_attachment_id)
        self._login(self.buyer_user)
        pdf = (b"%PDF-1.4 test", "pdf")
        with patch.object(IrActionsReport, "_render_qweb_pdf", return_value=pdf):
            response = self._get(f"/my/agreements/{agreement.id}/pdf")
        self.assertEqual(response.content, pdf[0])
        self.env.invalidate_all()
        self.assertFalse(agreement.pdf_attachment_id)

    def test_absurd_page_numbers(self):
        self._create_signed_agreement()
        self._login(self.buyer_user)
        for page in ("9" * 5000, "²", "-1", "x"):
            self.assertEqual(self._get(f"/my/agreements?page={page}").status_code, 200)

    def test_signature_stands_without_a_pdf(self):
        self._login(self.buyer_user)
        with (
            patch.object(
                IrActionsReport, "_render_qweb_pdf", side_effect=UserError("no wkhtmltopdf")
            ),
            mute_logger("odoo.addons.mail_delivery_retry.attempt"),
        ):
            self.assertIn("redirect_url", self._sign(self.agreement))
            response = self._get(f"/my/agreements/{self.agreement.id}/pdf")
        self.assertEqual(self.agreement.state, "signed")
        self.assertFalse(self.agreement.pdf_attachment_id)
        # Both sides know of it, and the PDF is made when that is possible.
        self.assertIn("message=no_pdf", response.headers["Location"])
        page = self.url_open(response.headers["Location"]).text
        self.assertRegex(page, r'role="alert">\s*The PDF cannot be made')
        bodies = " ".join(self.agreement.message_ids.mapped("body"))
        self.assertIn("could not be made", bodies)
        with self.enter_registry_test_mode():
            self.env.ref("b2b_agreement.ir_cron_agreement_reminder").method_direct_trigger()
        self.assertTrue(self.agreement.pdf_attachment_id)

    def test_signature_that_cannot_be_stored_signs_nothing(self):
        # An empty filestore: other tests may have stored the same picture in the usual one.
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.patch(self.registry["ir.attachment"], "_filestore", lambda _self: folder.name)
        self._login(self.buyer_user)

        def write_half(path, mode):
            if mode == "rb":
                return Path(path).open(mode)
            Path(path).write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")

        full = patch("odoo.addons.base.models.ir_attachment.open", write_half, create=True)
        with full, mute_logger("odoo.addons.b2b_agreement.controllers.agreement"):
            answer = self._sign(self.agreement)
        self.assertIn("nothing was signed", answer["error"])
        self.assertEqual(self.agreement.state, "sent")
        self.assertFalse(self.agreement.signed_by)

    def test_signing_twice_changes_nothing(self):
        self._login(self.buyer_user)
        self._sign(self.agreement)
        before = self.agreement.signed_on, self.agreement.signed_by
        self.assertIn("error", self._sign(self.agreement, name="Somebody Else"))
        self.assertEqual((self.agreement.signed_on, self.agreement.signed_by), before)

    def test_signing_a_text_that_changed_is_refused(self):
        text = self.agreement._get_statement_hash()
        self.agreement.body = "<p>Something else</p>"
        self._login(self.buyer_user)
        self.assertIn("error", self._sign(self.agreement, text=text))
        self.assertEqual(self.agreement.state, "sent")

    def _get_link(self, agreement):
        page = self._get(f"/my/agreements/{agreement.id}").text
        return re.search(r"sign\?text=(\w+)", page)[1]

    def test_page_signs_what_it_states(self):
        self._login(self.buyer_user)
        link = self._get_link(self.agreement)
        self.assertEqual(link, self.agreement._get_statement_hash())
        self.assertIn("redirect_url", self._sign(self.agreement, text=link))

    def test_signing_terms_that_changed_is_refused(self):
        self._login(self.buyer_user)
        seller = self.agreement.with_user(self.seller_user)
        for values in (
            {"minimum_order_amount": 99999},
            {"date_end": "2999-01-31"},
            {"pricelist_id": self.rival_pricelist.id},
            {"po_number_required": True},
        ):
            with self.subTest(values=values):
                link = self._get_link(self.agreement)
                seller.write(values)
                self.assertIn("error", self._sign(self.agreement, text=link))
                page = self._get(f"/my/agreements/{self.agreement.id}")
                self.assertTrue(page.headers["Location"].endswith("/my/agreements"))
                # Sent anew, the page that lies open is still of the former terms.
                seller.action_send()
                answer = self._sign(self.agreement, text=link)
                self.assertIn("has changed since you opened it", answer["error"])
                self.assertEqual(self.agreement.state, "sent")
        self.assertIn("redirect_url", self._sign(self.agreement))

    def test_refusals_say_what_to_correct(self):
        self._login(self.buyer_user)
        for values, words in (
            ({"name": "x" * 250}, "too long"),
            ({"name": "\n"}, "name is missing"),
            ({"signature": "...."}, "Signature is missing"),
            ({"signature": "PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg=="}, "Signature is missing"),
        ):
            with self.subTest(values=values):
                self.assertIn(words, self._sign(self.agreement, **values)["error"])
                self.assertEqual(self.agreement.state, "sent")
        self._sign(self.agreement, name="Anna\r\nBuyer")
        self.assertEqual(self.agreement.signed_by, "Anna Buyer")

    def test_page_says_that_signing_needs_javascript(self):
        self._login(self.buyer_user)
        page = self._get(f"/my/agreements/{self.agreement.id}").text
        self.assertRegex(page, r"(?s)<noscript>.*JavaScript.*</noscript>")

    def test_form_can_be_used_again_after_a_refusal(self):
        form = "#modal_sign_agreement"
        script = """
            const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
            const find = async (selector) => {
                for (let i = 0; i < 200; i++) {
                    const found = document.querySelector(selector);
                    if (found && !found.disabled) { return found; }
                    await sleep(100);
                }
                throw new Error("not there: " + selector);
            };
            (async () => {
                (await find("[data-bs-target='%(form)s']")).click();
                const name = await find("%(form)s input[name='signer']");
                await sleep(1000);
                name.value = "x".repeat(250);
                name.dispatchEvent(new Event("input", {bubbles: true}));
                await sleep(1000);
                (await find(".o_portal_sign_submit")).click();
                const error = await find(".o_portal_sign_error_msg");
                if (!error.textContent.includes("too long")) {
                    throw new Error(error.textContent);
                }
                const button = await find(".o_portal_sign_submit:not(.disabled)");
                if (!button.querySelector(".fa-check") || button.querySelector(".fa-spin")) {
                    throw new Error(button.innerHTML);
                }
                console.log("test successful");
            })().catch((error) => console.error(error.message));
        """
        self.browser_js(
            f"/my/agreements/{self.agreement.id}",
            script % {"form": form},
            ready=f"Boolean(document.querySelector(\"{form} input[name='signer']\"))",
            login=self.buyer_user.login,
            timeout=120,
        )
        self.assertEqual(self.agreement.state, "sent")

    # === THE KEPT PDF === #

    def _sign_with_pdf(self):
        """Sign on the page, with a PDF that is no real one."""
        self._login(self.buyer_user)
        pdf = (b"%PDF-1.4 as signed", "pdf")
        with patch.object(IrActionsReport, "_render_qweb_pdf", return_value=pdf):
            self.assertIn("redirect_url", self._sign(self.agreement))
        return pdf[0]

    def _download(self, expected):
        path = f"/my/agreements/{self.agreement.id}/pdf"
        fresh = (b"%PDF-1.4 made anew", "pdf")
        with patch.object(IrActionsReport, "_render_qweb_pdf", return_value=fresh):
            response = self._get(path)
        self.assertEqual(response.headers["Content-Type"], "application/pdf")
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        self.assertEqual(response.content, expected)

    def test_customer_and_seller_download_what_was_signed(self):
        pdf = self._sign_with_pdf()
        for user in (self.buyer_user, self.buyer2_user, self.seller_user):
            with self.subTest(user=user.login):
                self._login(user)
                self._download(pdf)
        self.agreement.with_user(self.seller_user).action_terminate()
        self._login(self.buyer_user)
        self._download(pdf)

    def test_pdf_of_others_is_not_served(self):
        self._sign_with_pdf()
        for user in (self.rival_user, self.retail_user):
            with self.subTest(user=user.login):
                self._login(user)
                response = self._get(f"/my/agreements/{self.agreement.id}/pdf")
                self.assertTrue(response.headers["Location"].endswith("/my/agreements"))

    @mute_logger("odoo.addons.b2b_agreement.models.b2b_agreement.seal")
    def test_no_other_file_comes_in_the_place_of_the_pdf(self):
        self._sign_with_pdf()
        secret = self.env["ir.attachment"].create({"name": "payroll", "raw": b"TOP SECRET"})
        self.env.flush_all()
        for table, column, value, record in (
            ("b2b_agreement", "pdf_attachment_id", secret.id, self.agreement),
            ("ir_attachment", "res_id", self.agreement.id + 1, self.agreement.pdf_attachment_id),
        ):
            with self.subTest(column=column):
                savepoint = self.env.cr.savepoint()
                self.env.cr.execute(
                    f"UPDATE {table} SET {column} = %s WHERE id = %s", [value, record.id]
                )
                self.env.invalidate_all()
                self._download(b"%PDF-1.4 made anew")
                savepoint.close(rollback=True)
                self.env.invalidate_all()

    def test_former_contact_does_not_sign(self):
        """Who left the company has the page open still."""
        self._login(self.buyer2_user)
        link = self._get_link(self.agreement)
        self.buyer2_user.partner_id.parent_id = self.rival
        self.env.flush_all()
        self.assertIn("error", self._sign(self.agreement, text=link))
        self.assertEqual(self.agreement.state, "sent")

    def test_link_of_one_agreement_does_not_sign_another(self):
        other = self._create_agreement(state="sent", body=self.agreement.body)
        self._login(self.buyer_user)
        link = self._get_link(self.agreement)
        self.assertIn("has changed", self._sign(other, text=link)["error"])
        self.assertEqual(other.state, "sent")

    def test_page_of_what_cannot_be_signed_says_so(self):
        self._login(self.buyer_user)
        self.agreement.body = False
        page = self._get(f"/my/agreements/{self.agreement.id}").text
        self.assertRegex(page, r'role="alert">\s*This agreement is not ready to be signed')
        self.assertNotIn("portal.signature_form", page)
        self.assertIn("not ready", self._sign(self.agreement)["error"])

    def test_employees_without_sales_rights_have_an_empty_page(self):
        clerk = new_test_user(self.env, "b2b_clerk", groups="base.group_user")
        self._login(clerk)
        self.assertIn("There are no agreements", self._get("/my/agreements").text)
        page = self._get(f"/my/agreements/{self.agreement.id}")
        self.assertTrue(page.headers["Location"].endswith("/my/agreements"))
        counters = self.make_jsonrpc_request("/my/counters", {"counters": ["b2b_agreement_count"]})
        self.assertEqual(counters["b2b_agreement_count"], 0)

    def test_signing_without_name_or_signature_is_refused(self):
        self._login(self.buyer_user)
        for values in (
            {"name": " "},
            {"name": None},
            {"name": "x" * 1000},
            {"name": ["a"]},
            {"signature": ""},
            {"signature": 5},
            {"signature": "not base64!"},
        ):
            with self.subTest(values=values):
                self.assertIn("error", self._sign(self.agreement, **values))
                self.assertEqual(self.agreement.state, "sent")

    def test_signing_what_overlaps_is_refused_in_words(self):
        self._create_signed_agreement()
        self._login(self.buyer_user)
        self.assertIn("another signed agreement", self._sign(self.agreement)["error"])
        self.env.invalidate_all()
        self.assertEqual(self.agreement.state, "sent")

    def test_get_does_not_sign(self):
        self._login(self.buyer_user)
        self._get(f"/my/agreements/{self.agreement.id}/sign?name=x&signature={SIGNATURE}")
        self.assertEqual(self.agreement.state, "sent")
