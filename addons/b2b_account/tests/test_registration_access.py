from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .test_registration import VAT, RegistrationCommon


@tagged("post_install", "-at_install")
class TestRegistrationAccess(RegistrationCommon):
    """A stranger with the VAT number of a customer: no login of it by a click on *Accept*."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.vat = VAT
        cls.registration = cls._create_registration(email="eve@stranger.example.org")
        cls.boss = cls.buyer_user.partner_id

    def test_customers_do_not_read_the_list_of_new_ones(self):
        for user in (self.buyer_user, self.rival_user, self.retail_user):
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.company.with_user(user).read(["b2b_registration_pricelist_id"])

    def _login_elsewhere(self, **values):
        """Return somebody of a customer of another company, with a login."""
        company = self.env["res.company"].create({"name": "Elsewhere"})
        user = self._create_portal_user("b2b_far", name="Far Anna")
        user.write({"company_ids": [(6, 0, company.ids)], "company_id": company.id})
        user.partner_id.company_id = company
        return user

    def test_login_of_another_company_is_not_named(self):
        user = self._login_elsewhere()
        registration = self._create_registration(email=user.login, vat="", partner_id=False)
        user.login = registration.email = "far@example.com"
        with self.assertRaises(UserError) as refused, self.cr.savepoint():
            registration.with_user(self.seller_user).action_accept()
        self.assertIn("far@example.com", str(refused.exception))
        self.assertNotIn("Far Anna", str(refused.exception))

    def test_contact_of_another_company_is_not_named(self):
        person = self._login_elsewhere().partner_id
        with self.assertRaises(UserError) as refused, self.cr.savepoint():
            self._as_clerk().checked_with_id = person.id
        self.assertNotIn("Far Anna", str(refused.exception))
        with self.assertRaisesRegex(UserError, self.rival_user.name), self.cr.savepoint():
            self._as_clerk().checked_with_id = self.rival_user.partner_id.id

    def _mails(self):
        return self.env["mail.mail"].search(
            [("model", "=", "b2b.registration"), ("subject", "like", "Welcome")]
        )

    def _logins(self):
        self.env.invalidate_all()
        return self.env["res.users"].search(
            [("partner_id.commercial_partner_id", "=", self.customer.id)]
        )

    def _reload(self):
        self.env.invalidate_all()
        return self._as_clerk()

    def test_accepting_gives_a_stranger_no_access(self):
        before = self._logins()
        registration = self._as_clerk()
        self.assertEqual(registration.partner_id, self.customer, "proposed, not decided")
        for part in (self.customer.name, "eve@stranger.example.org", "stranger.example.org is no"):
            self.assertIn(part, registration.access_danger)
        registration.action_accept()
        self.assertEqual(self._logins(), before)
        self.assertEqual((registration.state, registration.has_login), ("accepted", False))
        self.assertFalse(self._mails(), "a stranger hears nothing")
        self.assertIn("without access", str(registration.message_ids.mapped("body")))
        self.assertTrue(registration.access_danger, "still said")

    def test_registering_twice_makes_nobody_known(self):
        """The contact that the first one made is no address that the seller had before."""
        pending = self._create_registration(email="eve@stranger.example.org")
        self._as_clerk().action_accept()
        before = self._logins()
        later = self._create_registration(email="eve@stranger.example.org")
        for registration in (pending, later):
            self.assertIn("stranger.example.org is no domain", registration.access_danger)
            self._as_clerk(registration).action_accept()
            self.assertEqual(registration.contact_id, self.registration.contact_id)
            self.assertFalse(registration.has_login)
            with self.assertRaisesRegex(UserError, "Ask somebody of Buyer"), self.cr.savepoint():
                self._as_clerk(registration).action_give_access()
        self.assertEqual(self._logins(), before)

    def test_registering_again_after_a_confirmation(self):
        self._as_clerk().action_accept()
        self.registration.checked_with_id = self.boss
        again = self._create_registration(email="eve@stranger.example.org")
        self.assertFalse(again.access_danger, "somebody of the customer vouched for the address")
        self._as_clerk(again).action_accept()
        self.assertTrue(again.has_login)

    def test_stranger_does_not_vouch_for_another_one(self):
        self._as_clerk().action_accept()
        second = self._create_registration(email="eva@stranger.example.org")
        with self.assertRaises(ValidationError), self.cr.savepoint():
            second.checked_with_id = self.registration.contact_id
            self.env.flush_all()

    def test_access_needs_somebody_of_the_customer(self):
        registration = self._as_clerk()
        with self.assertRaisesRegex(UserError, "Accept the registration first"):
            registration.action_give_access()
        registration.action_accept()
        before = self._logins()
        with self.assertRaisesRegex(UserError, "Ask somebody of Buyer Ltd"), self.cr.savepoint():
            registration.action_give_access()
        self.assertEqual(self._logins(), before)
        registration = self._reload()
        registration.checked_with_id = self.boss
        self.assertIs(registration.action_give_access(), True)
        contact = self.registration.contact_id
        self.assertTrue(contact.user_ids.has_group("base.group_portal"))
        self.assertFalse(contact._b2b_may("administrate"))
        self.assertEqual(len(self._mails()), 1)
        note = self.customer.message_ids[0].body
        for part in (contact.name, "eve@stranger.example.org", self.boss.display_name):
            self.assertIn(part, note)
        self.assertFalse(registration.access_danger)

    def test_nobody_decides_past_the_buttons(self):
        """A registration that says so itself would give anybody's contact a login."""
        registrations = self.env["b2b.registration"].with_user(self.seller_user)
        values = {
            "company_name": "Eve Ltd",
            "vat": "SI15012557",
            "contact_name": "Eve",
            "email": "eve@stranger.example.org",
        }
        outsider = self.env["res.partner"].create({"name": "Outsider", "parent_id": self.rival.id})
        for name, value in {
            "state": "accepted",
            "contact_id": outsider.id,
            "agreement_id": self._create_agreement().id,
            "reject_reason": "No",
            "consent": True,
        }.items():
            default = {f"default_{name}": value}
            for attempt in (
                lambda: registrations.create({**values, name: value}),  # noqa: B023
                lambda: registrations.with_context(**default).create(values),  # noqa: B023
                lambda: self._as_clerk().write({name: value}),  # noqa: B023
            ):
                with self.subTest(name), self.assertRaises(UserError), self.cr.savepoint():
                    attempt()
        self.assertTrue(registrations.create(values))
        self.env.invalidate_all()
        self.assertFalse(outsider.user_ids)

    def test_what_was_decided_stays(self):
        registration = self._as_clerk()
        registration.write({"email": "eve@corrected.example.org", "partner_id": False})
        registration.action_reject("No")
        for values in (
            {"state": "new"},
            {"partner_id": self.rival.id},
            {"email": "boss@buyer.example.com"},
            {"reject_reason": "Yes"},
        ):
            with self.subTest(values), self.assertRaises(UserError), self.cr.savepoint():
                registration.write(values)
        self.env.invalidate_all()
        # What an import brings back as it is, is no change.
        registration.write({"state": "rejected", "email": registration.email, "note": "Called"})

    def test_access_again_makes_no_second_login(self):
        registration = self._as_clerk()
        registration.checked_with_id = self.boss
        registration.action_accept()
        before = self._logins()
        registration.action_give_access()
        self.assertEqual(self._logins(), before)

    def test_who_has_never_logged_in_is_invited_again(self):
        registration = self._as_clerk()
        registration.checked_with_id = self.boss
        registration.action_accept()
        user = self.registration.contact_id.user_ids

        def invitations():
            sent = self.env["mail.message"].search(
                [("model", "=", "res.users"), ("res_id", "=", user.id)]
            )
            return len(sent.filtered("mail_ids")) or len(sent)

        self.assertTrue(self._reload().is_invited)
        before, mails = invitations(), len(self._mails())
        self.assertIs(registration.action_invite_again(), True)
        self.assertEqual(invitations(), before + 1)
        self.assertEqual(len(self._mails()), mails, "welcomed once")
        self.env["res.users.log"].with_user(user).sudo().create({})
        self.assertFalse(self._reload().is_invited)
        with self.assertRaisesRegex(UserError, "has logged in already"):
            registration.action_invite_again()
        self.assertEqual(invitations(), before + 1)
        user.active = False
        with self.assertRaisesRegex(UserError, "has no access"):
            registration.action_invite_again()
        for login in (self.buyer_user, self.env.ref("base.public_user")):
            with self.assertRaises(AccessError):
                registration.with_user(login).action_invite_again()

    def test_registration_whose_draft_agreement_was_deleted(self):
        registration = self._as_clerk()
        registration.action_accept()
        # As deleting a draft leaves it.
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE b2b_registration SET agreement_id = NULL WHERE id = %s", [registration.id]
        )
        self.env.invalidate_all()
        registration.checked_with_id = self.boss
        registration.action_give_access()
        self.assertTrue(self._reload().is_invited)
        self.assertNotIn("agreement is in the portal", str(self._mails()[0].body_html))

    def test_address_that_is_none_is_nobodys(self):
        nobody = self.env["res.partner"].create({"name": "Nobody", "parent_id": self.customer.id})
        for address in ("anna(at)example.com", "a@x.example, b@x.example"):
            registration = self._create_registration(email="z@x.example", vat="")
            registration.email = address
            self.assertNotIn(nobody, registration._search_duplicates())
            self.assertNotEqual(registration._find_contact(self.customer), nobody)

    def test_login_belongs_to_the_seller_who_was_asked(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        self.seller_user.company_ids |= other
        registration = self._create_registration(vat="SI15012557", email="new@new.example.org")
        companies = [other.id, self.company.id]
        self._as_clerk(registration).with_context(allowed_company_ids=companies).action_accept()
        user = registration.contact_id.user_ids
        self.assertEqual((user.company_id, user.company_ids), (self.company, self.company))

    def test_welcome_promises_what_comes(self):
        def welcome(**values):
            registration = self._create_registration(company_name="Welcome Ltd", **values)
            self._as_clerk(registration).action_accept()
            return str((self._mails()[0]).body_html)

        text = welcome(vat="SI15012557", email="new@new.example.org")
        self.assertIn("set your password", text)
        self.assertIn("As soon as we have sent the agreement", text)
        self.env["res.users.log"].with_user(self.buyer_user).sudo().create({})
        self.buyer_user.login = self.boss.email
        text = welcome(email=self.boss.email)
        self.assertNotIn("password", text, "no other e-mail comes")
        self.assertIn("The shop is open to you", text)
        self.assertNotIn("agreement,", text)

    def test_confirmed_before_it_is_one_click(self):
        registration = self._as_clerk()
        registration.checked_with_id = self.boss
        self.assertFalse(registration.access_danger)
        registration.action_accept()
        self.assertTrue(self.registration.has_login)

    def test_who_can_confirm(self):
        registration = self._as_clerk()
        for person in (self.rival_user.partner_id, self.retail_user.partner_id, self.rival):
            with (
                self.subTest(person.name),
                self.assertRaises(ValidationError),
                self.cr.savepoint(),
            ):
                registration.checked_with_id = person
                self.env.flush_all()
            self.env.invalidate_all()
        registration.action_accept()
        with self.assertRaises(ValidationError), self.cr.savepoint():
            registration.checked_with_id = registration.contact_id
            self.env.flush_all()
        registration = self._reload()
        registration.checked_with_id = self.customer  # the company itself, where nobody is known
        registration.action_give_access()

    def test_confirmation_does_not_move_to_another_customer(self):
        registration = self._as_clerk()
        registration.checked_with_id = self.boss
        with self.assertRaises(ValidationError), self.cr.savepoint():
            registration.partner_id = self.rival
            self.env.flush_all()

    def test_customer_that_the_clerk_chose_is_no_safer(self):
        registration = self._create_registration(vat="SI15012557", email="x@other.example.org")
        self.assertFalse(registration.access_danger, "a new customer")
        registration.partner_id = self.rival
        self.assertIn(self.rival.name, registration.access_danger)
        self._as_clerk(registration).action_accept()
        self.assertFalse(registration.contact_id.user_ids)

    def test_address_of_the_customer_is_known(self):
        colleague = self.env["res.partner"].create(
            {"name": "Nora", "email": "Nora@Buyer.example.com", "parent_id": self.customer.id}
        )
        registration = self._create_registration(email="nora@buyer.example.com")
        self.assertFalse(registration.access_danger)
        self._as_clerk(registration).action_accept()
        self.assertEqual(registration.contact_id, colleague)
        self.assertTrue(registration.has_login)

    # === ADDRESSES THAT COLLEAGUES TYPED === #

    def _submit_address(self, **form):
        """Send the form of an address as a colleague; return the address."""
        self._login(self.buyer_user)
        form = {
            "name": "Depot",
            "phone": "+48123456789",
            "street": "Street 1",
            "city": "Town",
            "zip": "00-001",
            "country_id": self.env.ref("base.pl").id,
            "address_type": "delivery",
            **form,
        }
        self._post("/my/address/submit", form)
        self.env.invalidate_all()
        return self.env["res.partner"].search([("email", "=", form["email"])])

    def _expect_no_access(self, email):
        registration = self._create_registration(email=email)
        self.assertIn(email, registration.access_danger)
        before = self._logins()
        self._as_clerk(registration).action_accept()
        self.assertEqual(self._logins(), before)

    def test_address_that_a_colleague_made_is_not_known(self):
        """He would let in whom he likes, past the administrator of his company."""
        depot = self._submit_address(email="eva@friend.example.org")
        self.assertEqual(depot.parent_id, self.customer)
        self._expect_no_access("eva@friend.example.org")
        registration = self._create_registration(email="ewa@friend.example.org")
        self.assertIn("friend.example.org is no domain", registration.access_danger)
        with self.assertRaises(ValidationError), self.cr.savepoint():
            registration.checked_with_id = depot
            self.env.flush_all()

    def test_address_that_a_colleague_changed_is_not_known(self):
        depot = self.env["res.partner"].create(
            {
                "name": "Depot",
                "email": "depot@depot.example.com",
                "parent_id": self.customer.id,
                "type": "delivery",
            }
        )
        registration = self._create_registration(email="depot@depot.example.com")
        self.assertFalse(registration.access_danger, "the seller has entered it")
        self._submit_address(partner_id=depot.id, email="eva@friend.example.org")
        self.assertEqual(depot.email, "eva@friend.example.org")
        registration = self._create_registration(email="ewa@friend.example.org")
        registration.checked_with_id = depot  # the seller made it: somebody to ask
        self.env.flush_all()
        self._expect_no_access("eva@friend.example.org")

    def test_who_was_named_before_hinders_nothing(self):
        depot = self.env["res.partner"].create({"name": "Depot", "parent_id": self.customer.id})
        registration = self._create_registration(email="ewa@friend.example.org")
        registration.checked_with_id = depot
        self.env.flush_all()
        self.cr.execute(
            "UPDATE res_partner SET create_uid = %s WHERE id = %s", [self.buyer_user.id, depot.id]
        )
        self.env.invalidate_all()
        self._as_clerk(registration).action_accept()
        self.assertTrue(registration.has_login)

    def test_colleague_whom_the_administrator_invited_is_known(self):
        members = self.env["b2b.member"].with_user(self.admin_user)
        company = members._get_administrated_company()
        members._invite_b2b_colleague(company, "Nora", "nora@friend.example.org", {})
        registration = self._create_registration(email="nora@friend.example.org")
        self.assertFalse(registration.access_danger)

    def test_domain_is_compared_and_proves_nothing(self):
        registration = self._create_registration(email="eve@buyer.example.com")
        self.assertIn("buyer.example.com is a domain of this customer", registration.access_danger)
        self._as_clerk(registration).action_accept()
        self.assertFalse(registration.has_login)
        self.boss.email = "boss@gmail.com"
        registration = self._create_registration(email="eve@gmail.com")
        self.assertIn("gmail.com is no domain", registration.access_danger)

    def test_new_customer_needs_no_confirmation(self):
        registration = self._create_registration(vat="SI15012557", email="new@new.example.org")
        self._as_clerk(registration).action_accept()
        self.assertTrue(registration.has_login)
        self.assertEqual(len(self._mails()), 1)

    def test_rejected_gets_nothing(self):
        self._as_clerk().action_reject()
        with self.assertRaises(UserError):
            self._as_clerk().action_give_access()

    def test_only_salespeople(self):
        self._as_clerk().action_accept()
        self.registration.checked_with_id = self.boss
        for user in (self.buyer_user, self.rival_user, self.retail_user):
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.registration.with_user(user).action_give_access()
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.registration.with_user(user).read(["checked_with_id", "access_danger"])
        self.assertFalse(self.registration.has_login)

    def test_form_asks_for_it(self):
        arch = self.registration.with_user(self.seller_user).get_view(view_type="form")["arch"]
        for name in ("access_danger", "checked_with_id", "action_give_access"):
            self.assertIn(name, arch)
