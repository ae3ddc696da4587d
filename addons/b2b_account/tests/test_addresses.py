from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import AccountCommon


@tagged("post_install", "-at_install")
class TestAddresses(AccountCommon):
    """Odoo lets each colleague change the addresses of the company; people are none of them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.person = cls.admin_user.partner_id
        cls.person.type = "invoice"
        cls.depot = cls.env["res.partner"].create(
            {"name": "Depot", "parent_id": cls.customer.id, "type": "delivery"}
        )
        cls.form = {
            "name": "Eve",
            "email": "eve@stranger.example.org",
            "phone": "+48123456789",
            "street": "Street 1",
            "city": "Town",
            "zip": "00-001",
            "country_id": cls.env.ref("base.pl").id,
        }

    def _submit(self, partner, **form):
        """Send the form of an address; return the answer's status."""
        form = {**self.form, "partner_id": partner.id, "address_type": "delivery", **form}
        with mute_logger("odoo.http"):
            status = self._post("/my/address/submit", form).status_code
        self.env.invalidate_all()
        return status

    def _add(self, **form):
        """Send the form of a new address; return what it is refused with, and what was made."""
        before = self.env["res.partner"].search([])
        answer = self._post("/my/address/submit", {**self.form, **form}).json()
        self.env.invalidate_all()
        return " ".join(answer.get("messages", [])), self.env["res.partner"].search([]) - before

    def _archive(self, partner):
        """Archive an address as the page does; return whether it was refused."""
        call = {"jsonrpc": "2.0", "method": "call", "params": {"partner_id": partner.id}}
        with mute_logger("odoo.http"):
            answer = self.url_open("/my/address/archive", json=call).json()
        self.env.invalidate_all()
        return "error" in answer

    def _edited(self, user=None):
        """Return for which addresses the page offers a change."""
        self._login(user or self.buyer_user)
        page = self._page(self._get("/my/addresses"))
        cards = page.xpath("//div[@name='address_card'][.//div[contains(@class, 'd-flex gap-1')]]")
        return {int(card.get("data-partner-id")) for card in cards}

    def test_nobody_changes_the_address_of_a_colleague(self):
        """An e-mail address that is somebody else's gets his approvals and his password."""
        self._login(self.buyer_user)
        before = self.person.email
        for kind in ("invoice", "delivery", "other"):
            self.person.type = kind
            with self.subTest(kind):
                self.assertEqual(self._submit(self.person), 403)
                self.assertEqual(self.person.email, before)
                url = f"/my/address?partner_id={self.person.id}"
                with mute_logger("odoo.http"):
                    self.assertEqual(self._get(url).status_code, 403)
                self.assertTrue(self._archive(self.person))
                self.assertTrue(self.person.active)
        self.assertNotIn(self.person.id, self._edited())

    def test_colleague_without_a_login_yet(self):
        self._login(self.buyer_user)
        invited = self.env["res.partner"].create(
            {"name": "Ivan", "parent_id": self.customer.id, "type": "other"}
        )
        member = self.env["b2b.member"].create({"partner_id": invited.id, "may_approve": True})
        self.assertEqual(self._submit(invited), 403)
        member.active = False  # has left, and may be invited again
        self.assertEqual(self._submit(invited), 403)

    def test_login_that_is_closed(self):
        self._login(self.buyer_user)
        self.administrator.unlink()
        self.admin_user.active = False
        self.assertEqual(self._submit(self.person), 403)

    def test_own_address_and_those_of_the_company(self):
        self._login(self.buyer_user)
        self.assertEqual(self._submit(self.depot), 200)
        self.assertEqual(self.depot.email, self.form["email"])
        self.assertFalse(self._archive(self.depot))
        self.assertFalse(self.depot.active)
        self.depot.active = True
        self._login(self.admin_user)
        self.assertEqual(self._submit(self.person, email="admin@buyer.example.com"), 200)
        self.assertEqual(self.person.email, "admin@buyer.example.com")
        self.assertEqual(self._edited(self.admin_user), {self.person.id, self.depot.id})
        self.assertEqual(self._edited(), {self.buyer_user.partner_id.id, self.depot.id})

    # === WHERE INVOICES GO === #

    def test_invoices_of_the_company_go_where_those_say_who_see_them(self):
        self.member.may_see_finance = False
        billing = self.depot.copy(
            {"name": "Billing", "type": "invoice", "parent_id": self.customer.id}
        )
        self._login(self.buyer_user)
        for kind in ("invoice", "other"):
            billing.write({"type": kind, "email": "accounts@buyer.example.com"})
            with self.subTest(kind):
                self.assertEqual(self._submit(billing), 403)
                self.assertEqual(billing.email, "accounts@buyer.example.com")
                self.assertTrue(self._archive(billing))
                self.assertTrue(billing.active)
        self.assertEqual(self._edited(), {self.buyer_user.partner_id.id, self.depot.id})
        self.assertEqual(self._submit(self.depot), 200, "goods go where he orders them to")
        self.member.may_see_finance = True
        self.assertEqual(self._submit(billing), 200)

    def test_new_billing_address_of_who_sees_no_invoices(self):
        self.member.may_see_finance = False
        self._login(self.buyer_user)
        told, made = self._add(address_type="billing")
        self.assertIn("Billing addresses are closed to you", told)
        self.assertFalse(made)
        answer = self._post("/my/address/submit", {**self.form, "address_type": "billing"}).json()
        self.assertEqual(answer["invalid_fields"], ["address_type"], "a hidden field of the form")
        page = self._page(self._get("/my/address?address_type=billing"))
        self.assertEqual(page.xpath("//*[@name='address_type']/@type"), ["hidden"])
        billing = "odoo.addons.portal.controllers.portal.CustomerPortal"
        billing += "._get_mandatory_billing_address_fields"
        for ticked in ("false", "true"):
            with patch(billing, lambda *_args: {"street2"}):
                told, made = self._add(address_type="delivery", use_delivery_as_billing=ticked)
            self.assertEqual((told, made.type, made.parent_id), ("", "delivery", self.customer))
        self.assertEqual(self.customer.address_get(["invoice"])["invoice"], self.person.id)

    def test_new_billing_address_of_who_sees_invoices(self):
        self._login(self.buyer_user)
        for form, kind in (
            ({"address_type": "billing"}, "invoice"),
            ({"address_type": "delivery", "use_delivery_as_billing": "true"}, "other"),
        ):
            told, made = self._add(**form)
            self.assertEqual((told, made.type), ("", kind))

    def test_button_of_a_new_billing_address(self):
        self.person.type = "other"  # deliveries and invoices go there
        self._login(self.buyer_user)
        for sees in (True, False):
            self.member.may_see_finance = sees
            page = self._page(self._get("/my/addresses"))
            (button,) = page.xpath("//a[contains(@class, 'o_add_billing_address_btn')]")
            (switch,) = page.xpath("//label[@id='use_delivery_as_billing_label']/..")
            for part in (button, switch):
                self.assertEqual(part.get("hidden"), None if sees else "hidden")
            hidden = "d-none" in page.xpath("//*[@id='billing_container']")[0].get("class")
            self.assertEqual(hidden, sees, "nobody else can show it")

    def test_more_addresses_take_no_more_queries(self):
        def count():
            addresses = self.env["res.partner"].search([("parent_id", "=", self.customer.id)])
            with self._count_queries() as counts:
                for one in addresses:
                    one._is_b2b_person()
            return counts[0]

        few = count()
        values = {"parent_id": self.customer.id, "type": "delivery"}
        self.env["res.partner"].create([{"name": f"Depot {i}", **values} for i in range(20)])
        self.assertNoMoreQueries(few, count())
