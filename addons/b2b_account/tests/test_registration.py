from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo.exceptions import AccessError, UserError
from odoo.tests import BaseCase, TransactionCase, tagged
from odoo.tools import SQL, mute_logger

from odoo.addons.mail_delivery_retry.tests.common import Race

from ..vat_number import clean_vat
from .common import AccountCommon

URL = "/b2b/register"
ADDRESS = "192.0.2.9"
VAT = "PL5260250995"
FORM = {
    "company": "Newcomer Ltd",
    "vat": "PL 526-025-09-95",
    "contact": "Nina New",
    "email": "nina@newcomer.example.com",
    "phone": "+48 123",
    "note": "Hello",
    "consent": "1",
}


@tagged("post_install", "-at_install")
class TestVatNumber(BaseCase):
    def test_spellings(self):
        for text, country, expected in (
            ("PL 526-025-09-95", "", VAT),
            ("5260250995", "PL", VAT),
            ("SI15012557", "PL", "SI15012557"),
            ("si 1501 2557", "PL", "SI15012557"),
            ("ATU13585627", "", "ATU13585627"),
            ("DE136695976", "SI", "DE136695976"),
        ):
            with self.subTest(text=text):
                self.assertEqual(clean_vat(text, country), expected)

    def test_what_cannot_be_one(self):
        for text in ("", "x", "PL5260250996", "SI15012558", "526025099", "ŁÓDŹ", "1" * 40, "PL"):
            with self.subTest(text=text):
                self.assertEqual(clean_vat(text, "PL"), "")


class RegistrationCommon(AccountCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write(
            {"b2b_registration": True, "b2b_registration_pricelist_id": cls.pricelist.id}
        )
        cls.registration = cls._create_registration()

    @classmethod
    def _create_registration(cls, **values):
        return cls.env["b2b.registration"].create(
            {
                "company_name": "Newcomer Ltd",
                "vat": VAT,
                "contact_name": "Nina New",
                "email": "nina@newcomer.example.com",
                **values,
            }
        )

    def _as_clerk(self, registration=None):
        return (registration or self.registration).with_user(self.seller_user)


@tagged("post_install", "-at_install")
class TestRegistrationPage(RegistrationCommon):
    def setUp(self):
        super().setUp()
        self.registration.unlink()
        self.authenticate(None, None)

    def _send(self, **values):
        return self._post(URL, {**FORM, **values})

    def _found(self):
        self.env.invalidate_all()
        return self.env["b2b.registration"].search([])

    def test_off_is_a_404(self):
        self.company.b2b_registration = False
        self.assertEqual(self._get(URL).status_code, 404)
        self.assertEqual(self._send().status_code, 404)
        self.assertFalse(self._found())

    def test_form(self):
        page = self._page(self._get(URL))
        names = {node.get("name") for node in page.xpath("//form[@method='post']//*[@name]")}
        self.assertLessEqual(set(FORM), names)

    def test_address_of_somebody_else_is_not_guessed(self):
        for typed in ("nina kowalska@newcomer.example.com", "a@b.example,c@d.example"):
            with self.subTest(typed=typed):
                self.assertIn("e-mail address", self._alerts(self._send(email=typed))[0])
        self.assertFalse(self._found())
        self._send(email="Nina New <Nina@Newcomer.example.com>")
        self.assertEqual(self._found().email, "nina@newcomer.example.com")

    def test_registers(self):
        self._send()
        found = self._found()
        self.assertEqual(
            (found.company_name, found.vat, found.email, found.state, found.consent),
            ("Newcomer Ltd", VAT, "nina@newcomer.example.com", "new", True),
        )
        self.assertTrue(found.activity_ids, "a person is told")
        limits = self.env["order.status.limit"].search([])
        self.assertFalse([key for key in limits.mapped("key") if "127.0.0.1" in key])
        self.assertNotIn("127.0.0.1", str(found.read()))

    def test_pressed_twice(self):
        answers = {self._send(note="").url for _press in range(2)}
        found = self._found()
        self.assertEqual((len(answers), len(found), len(found.activity_ids)), (1, 1, 1))
        self._send(note="Call me")
        self.assertEqual(len(self._found()), 2)

    def test_clerk_is_told_in_his_language_by_the_queue(self):
        self.env["res.lang"]._activate_lang("pl_PL")
        clerk = self.env["b2b.registration"].new({"company_id": self.company.id})._get_clerk()
        clerk.write({"lang": "pl_PL", "email": "clerk@example.com", "notification_type": "email"})
        self._send()
        activity = self._found().activity_ids
        self.assertEqual((activity.user_id, activity.summary[:5]), (clerk, "Nowa "))
        mails = self.env["mail.mail"].search([("model", "=", "b2b.registration")])
        self.assertEqual(mails.mapped("state"), ["outgoing"])

    def test_optional_fields(self):
        self._send(phone="", note="", consent="")
        self.assertFalse(self._found().consent)

    def test_missing_and_wrong_fields_are_told(self):
        for values, words in (
            ({"company": " "}, "name of your company"),
            ({"vat": ""}, "enter your VAT number"),
            ({"vat": "PL5260250996"}, "cannot be a VAT number"),
            ({"contact": ""}, "enter your name"),
            ({"email": "x"}, "e-mail"),
            ({"email": "a@example.com, b@example.com"}, "e-mail"),
        ):
            with self.subTest(values=values):
                self.assertIn(words, " ".join(self._alerts(self._send(**values))))
        self.assertFalse(self._found())

    def test_always_the_same_answer(self):
        answers = set()
        self.customer.vat = VAT
        for values in (
            {},
            {"email": self.buyer_user.partner_id.email},
            {"email": "office@rival.example.com"},
            {"company": "Rival Ltd"},
            {"vat": "SI15012557"},
            {"email": "another@example.com"},  # the sixth: too many
        ):
            response = self._post(URL, {**FORM, **values}, allow_redirects=False)
            answers.add((response.status_code, response.headers["Location"]))
        self.assertEqual(len(answers), 1)
        self.assertEqual(len(self._found()), 5)

    def test_limit_is_per_address(self):
        Registration = self.env["b2b.registration"]
        values, _problems = Registration._prepare_registration(FORM)
        for index in range(7):
            kept = Registration._keep_registration(values, "192.0.2.1")
            self.assertEqual(bool(kept), index < 5)
        self.assertTrue(Registration._keep_registration(values, "192.0.2.2"))
        for index in range(6):
            kept = Registration._keep_registration(values, f"2001:db8::{index}")
            self.assertEqual(bool(kept), index < 5, "a network of IPv6 is one address")

    def test_get_changes_nothing(self):
        self._get(f"{URL}?company=X&vat={VAT}&contact=Y&email=z@example.com")
        self.assertFalse(self._found())

    def test_files_in_place_of_texts(self):
        files = dict.fromkeys(("company", "vat"), ("x", b"x"))
        data = {"contact": "N", "email": "n@example.com"}
        response = self._post(URL, data, files=files)
        self.assertIn("name of your company", " ".join(self._alerts(response)))


@tagged("post_install", "-at_install")
class TestRegistrationReview(RegistrationCommon):
    # === ACCEPT === #

    def test_accept(self):
        self.assertIs(self._as_clerk().action_accept(), True)
        registration = self.registration
        company, contact = registration.partner_id, registration.contact_id
        self.assertEqual(registration.state, "accepted")
        self.assertEqual(
            (company.name, company.vat, company.is_company), ("Newcomer Ltd", VAT, True)
        )
        self.assertEqual(contact.parent_id, company)
        self.assertTrue(contact.user_ids.has_group("base.group_portal"))
        agreement = registration.agreement_id
        self.assertEqual((agreement.state, agreement.partner_id), ("draft", company))
        self.assertEqual(agreement.pricelist_id, self.pricelist)
        self.assertTrue(contact._b2b_may("administrate"))

    def test_applicant_is_mailed_by_the_queue(self):
        self._as_clerk().action_accept()
        mail = self.env["mail.mail"].search(
            [("model", "=", "b2b.registration"), ("subject", "like", "Welcome")]
        )
        self.assertEqual(mail.state, "outgoing")
        addresses = [mail.email_to, *mail.recipient_ids.mapped("email")]
        self.assertIn("nina@newcomer.example.com", addresses)
        self.assertIn("b2b.registration", self.env["mail.mail"]._get_retried_models())

    def test_template_in_use_is_archived_not_deleted(self):
        template = self.env.ref("b2b_account.mail_template_registration_accepted")
        with self.assertRaisesRegex(UserError, "new customers are welcomed by it"):
            template.unlink()
        template.active = False
        self._as_clerk().action_accept()
        mails = self.env["mail.mail"].search([("model", "=", "b2b.registration")])
        self.assertFalse(mails.filtered(lambda mail: "Welcome" in (mail.subject or "")))

    def test_from_stranger_to_sent_agreement(self):
        registration = self._as_clerk()
        registration.action_accept()
        registration.action_send_agreement()
        self.assertEqual(self.registration.agreement_id.state, "sent")

    def test_decided_once(self):
        self._as_clerk().action_accept()
        for action in ("action_accept", "action_reject"):
            with self.subTest(action), self.assertRaisesRegex(UserError, "decided already"):
                getattr(self._as_clerk(), action)()

    def test_without_a_pricelist_nothing_is_half_done(self):
        self.company.b2b_registration_pricelist_id = False
        count = self.env["res.partner"].search_count([])
        with self.assertRaisesRegex(UserError, "pricelist for new customers"), self.cr.savepoint():
            self._as_clerk().action_accept()
        self.env.invalidate_all()
        self.assertEqual(self.registration.state, "new")
        self.assertEqual(self.env["res.partner"].search_count([]), count)

    def test_reject(self):
        self._as_clerk().action_reject("no reseller")
        self.assertEqual(self.registration.state, "rejected")
        self.assertEqual(self.registration.reject_reason, "no reseller")
        self.assertFalse(self.registration.partner_id)

    # === KNOWN COMPANIES AND ADDRESSES === #

    def test_customer_with_the_number_is_reused(self):
        self.customer.vat = VAT
        registration = self._create_registration()
        self.assertEqual(registration.partner_id, self.customer)
        self.assertIn(self.customer, registration.duplicate_partner_ids)
        self._as_clerk(registration).action_accept()
        self.assertEqual(registration.contact_id.parent_id, self.customer)
        self.assertFalse(registration.contact_id.user_ids, "nobody of the customer confirmed it")
        self.assertEqual(registration.agreement_id, self.agreement, "it has one in force")
        self.assertFalse(registration.contact_id._b2b_may("administrate"))

    def test_customer_is_found_however_the_number_is_spelt(self):
        country, number = VAT[:2], VAT[2:]
        self.customer.country_id = self.env["res.country"].search([("code", "=", country)])
        for spelt in (
            f"{country} {number[:3]}-{number[3:-2]}-{number[-2:]}",
            "-".join(number),
            f"{country.lower()}{number[:-1]} {number[-1]}",
        ):
            # As an import leaves it.
            self.env.cr.execute(
                "UPDATE res_partner SET vat = %s WHERE id = %s", [spelt, self.customer.id]
            )
            self.env.invalidate_all()
            with self.subTest(spelt=spelt):
                registration = self._create_registration()
                self.assertEqual(registration.partner_id, self.customer)
                self.assertIn(self.customer, registration.duplicate_partner_ids)

    def test_duplicates_are_shown(self):
        found = self._create_registration(company_name="rival ltd").duplicate_partner_ids
        self.assertIn(self.rival, found)
        found = self._create_registration(email="office@buyer.example.com").duplicate_partner_ids
        self.assertIn(self.customer, found)
        self.assertFalse(self.registration.duplicate_partner_ids)

    def test_archived_customers_are_shown_and_not_proposed(self):
        """Whoever was archived for not paying does not come back with a clean account."""
        for values in (
            {"vat": VAT},
            {"vat": "DE111111111", "email": "office@buyer.example.com"},
            {"vat": "DE111111111", "company_name": "buyer ltd"},
        ):
            with self.subTest(values=values):
                customer = self.customer.copy({"vat": VAT, "email": "office@buyer.example.com"})
                customer.write({"name": "Buyer Ltd", "active": False})
                registration = self._create_registration(**values)
                self.assertIn(customer, registration.duplicate_partner_ids)
                self.assertFalse(registration.partner_id)
                shown = self._as_clerk(registration).web_read(
                    {"duplicate_partner_ids": {"fields": {"display_name": {}, "active": {}}}}
                )[0]["duplicate_partner_ids"]
                self.assertIn((customer.id, False), [(one["id"], one["active"]) for one in shown])
        self.customer.vat = VAT
        self.assertEqual(self._create_registration().partner_id, self.customer)

    def test_number_is_looked_up_by_an_index(self):
        for way in ("seqscan", "indexscan"):  # of few contacts
            self.env.cr.execute(f"SET LOCAL enable_{way} = off")
        asked = []
        execute_query = type(self.env).execute_query

        def remember(env, query):
            asked.append(query)
            return execute_query(env, query)

        with patch.object(type(self.env), "execute_query", remember):
            self.registration._get_ids_of_number(VAT[2:])
        plan = "\n".join(row for (row,) in self.env.execute_query(SQL("EXPLAIN %s", asked[-1])))
        self.assertIn("res_partner_b2b_vat_number_idx", plan)

    def test_login_of_somebody_else_is_not_taken_over(self):
        user = self.rival_user
        user.write({"login": "Nina@newcomer.example.com"})
        self.assertEqual(self.registration.known_user_id, user)
        before = (user.partner_id.parent_id, user.partner_id.email, user.login)
        with self.assertRaisesRegex(UserError, "is the login of"), self.cr.savepoint():
            self._as_clerk().action_accept()
        self.env.invalidate_all()
        self.assertEqual((user.partner_id.parent_id, user.partner_id.email, user.login), before)

    def test_own_colleague_registers_again(self):
        self.buyer_user.write({"login": "nina@newcomer.example.com"})
        self.buyer_user.partner_id.email = "nina@newcomer.example.com"
        self.registration.partner_id = self.customer
        self._as_clerk().action_accept()
        self.assertEqual(self.registration.contact_id, self.buyer_user.partner_id)

    def test_customer_who_logs_in_as_the_customer_itself(self):
        """A sole trader, or who bought in the web shop: there is no contact below it."""
        user = self.retail_user
        for is_company, address in ((False, "nina@newcomer.example.com"), (True, "n@example.com")):
            user.login = user.partner_id.email = address
            user.partner_id.is_company = is_company
            registration = self._create_registration(email=address, partner_id=user.partner_id.id)
            self._as_clerk(registration).action_accept()
            self.assertEqual(registration.state, "accepted")
            self.assertEqual(registration.contact_id, user.partner_id)
            self.assertEqual(registration.agreement_id.partner_id, user.partner_id)
            self.assertFalse(user.partner_id.child_ids)

    def test_address_however_it_is_written(self):
        nora = self.env["res.partner"].create(
            {"name": "Nora", "email": "nora@buyer.example.com", "parent_id": self.customer.id}
        )
        values = {"email": "Nora@Buyer.example.com", "partner_id": self.customer.id}
        registration = self._create_registration(**values)
        self.assertIn(self.customer, registration.duplicate_partner_ids)
        self._as_clerk(registration).action_accept()
        self.assertEqual(registration.contact_id, nora)

    # === ACCESS === #

    def test_only_salespeople(self):
        for user in (self.buyer_user, self.rival_user, self.retail_user):
            Registration = self.env["b2b.registration"].with_user(user)
            for call in (
                lambda Registration=Registration: Registration.search([]),
                lambda Registration=Registration: Registration.create({"company_name": "x"}),
                lambda Registration=Registration: Registration.browse(
                    self.registration.id
                ).action_accept(),
                lambda Registration=Registration: Registration.browse(
                    self.registration.id
                ).action_reject(),
                lambda Registration=Registration: Registration.browse(
                    self.registration.id
                ).action_send_agreement(),
                lambda Registration=Registration: Registration.env["order.status.limit"].search([]),
            ):
                with self.subTest(user=user.login), self.assertRaises(AccessError):
                    call()
        self.assertEqual(self.registration.state, "new")


@tagged("post_install", "-at_install")
class TestRegistrationRace(Race, TransactionCase):
    def test_strangers_at_the_same_moment(self):
        """Two in the same moment: the second waits, and is run again by Odoo on fresh data."""
        values = {"company_name": "A", "vat": VAT, "contact_name": "B", "email": "b@example.com"}
        self.addCleanup(self._remove)
        for _again in range(2):
            with self._transaction() as first, self._transaction() as second:
                second["b2b.registration"].search_count([])  # when its picture is taken
                self.assertTrue(first["b2b.registration"]._keep_registration(values, ADDRESS))
                first.cr.commit()
                with mute_logger("odoo.sql_db"), self.assertRaises(SerializationFailure):
                    second["b2b.registration"]._keep_registration(values, ADDRESS)
                second.cr.rollback()

    def test_access_that_is_given_twice_at_the_same_moment(self):
        """Nothing of the row changes: who waited has to run again all the same."""
        values = {"company_name": "A", "vat": VAT, "contact_name": "B", "email": "b@example.com"}
        self.addCleanup(self._remove)
        with self._transaction() as env:
            registration_id = env["b2b.registration"].create(values).id
        with self._transaction() as first, self._transaction() as second:
            second["b2b.registration"].search_count([])
            first["b2b.registration"].browse(registration_id)._check_clerk()
            first.cr.commit()
            with mute_logger("odoo.sql_db"), self.assertRaises(SerializationFailure):
                second["b2b.registration"].browse(registration_id)._check_clerk()
            second.cr.rollback()

    def _remove(self):
        with self._transaction() as env:
            env["b2b.registration"].search([("email", "=", "b@example.com")]).unlink()
            env["order.status.limit"].search([]).unlink()
