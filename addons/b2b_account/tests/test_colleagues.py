from odoo.tests import tagged

from odoo.addons.base.tests.common import MockSmtplibCase

from .common import AccountCommon

PAGE = "/my/b2b/colleagues"


class ColleagueCommon(MockSmtplibCase, AccountCommon):
    def _act(self, path="", **form):
        """Send a form of the page; return what the page tells afterwards."""
        with self.mock_smtplib_connection():
            answer = self._post(f"{PAGE}{path}", form)
        self.env.invalidate_all()
        return self._alerts(answer)

    def _invite(self, email, name="Nina New", **form):
        return self._act("/invite", name=name, email=email, **form)

    def _get_contact(self, email):
        return self.env["res.partner"].search([("email_normalized", "=", email)])


@tagged("post_install", "-at_install")
class TestColleaguePage(ColleagueCommon):
    def setUp(self):
        super().setUp()
        self._login(self.admin_user)

    def test_page_lists_who_may_what(self):
        page = self._page(self._get(PAGE))
        forms = page.xpath("//ul[contains(@class, 'o_b2b_colleagues')]//form")
        self.assertEqual(len(forms), 3, "administrator, buyer, and the one without a record")
        text = page.text_content()
        for user in (self.admin_user, self.buyer_user, self.buyer2_user):
            self.assertIn(user.partner_id.email, text)
        self.assertNotIn(self.rival_user.partner_id.email, text)

    def test_administrator_changes_rights(self):
        told = self._act(
            f"/{self.buyer_user.partner_id.id}", may_approve="1", order_limit="1500,50"
        )
        self.assertIn(self.buyer_user.partner_id.name, told[0])
        member = self.member
        self.assertEqual(
            (member.may_order, member.may_approve, member.may_see_finance, member.order_limit),
            (False, True, False, 1500.5),
        )
        self.assertEqual(self.customer.message_ids[0].author_id, self.admin_user.partner_id)

    def test_rights_that_changed_meanwhile_are_looked_at_again(self):
        partner_id = self.buyer_user.partner_id.id

        def get_seen():
            forms = self._page(self._get(PAGE)).xpath(f"//form[@action='{PAGE}/{partner_id}']")
            return dict(forms[0].form_values())["seen"]

        seen = get_seen()
        self.member.may_order = False  # another administrator
        self.env.flush_all()
        told = self._act(f"/{partner_id}", seen=seen, may_order="1", may_approve="1")
        self.assertIn("changed meanwhile", told[0])
        self.assertFalse(self.member.may_order or self.member.may_approve)
        self._act(f"/{partner_id}", seen=get_seen(), may_approve="1")
        self.assertTrue(self.member.may_approve)

    def test_colleague_without_record_gets_one(self):
        self._act(f"/{self.buyer2_user.partner_id.id}", may_order="1")
        member = self.buyer2_user.partner_id._get_b2b_member()
        self.assertTrue(member.may_order)
        self.assertFalse(member.may_see_finance)

    def test_bad_limit_changes_nothing(self):
        for text in ("lots", "-5", "1.000", "1e9", "5 0", "0,001"):
            told = self._act(f"/{self.buyer_user.partner_id.id}", order_limit=text)
            self.assertIn(text, told[0])
        self.assertTrue(self.member.may_order)

    def test_access_is_taken_away(self):
        self.template.b2b_template_shared = True
        cart = self.cart
        self._act(f"/{self.buyer_user.partner_id.id}", remove="1")
        self.assertFalse(self.buyer_user.active)
        self.assertFalse(self.member.active)
        self.assertFalse(self.buyer_user.partner_id._get_b2b_rights())
        self.assertNotIn(self.buyer_user.partner_id.email, self._get(PAGE).text)
        self.assertTrue(cart.exists() and self.template.exists(), "nothing is lost")
        self._login(self.buyer2_user)
        self.assertIn("Weekly", self._get("/my/b2b/templates").text)
        self._login(self.admin_user)
        self._invite(self.buyer_user.partner_id.email, may_order="1")
        self.assertTrue(self.buyer_user.active and self.member.active)

    def test_login_that_came_back_has_no_rights_until_they_are_given(self):
        """A seller grants access anew, or a contact leaves the company and returns."""
        self.member.active = False
        partner = self.buyer_user.partner_id
        page = self._get(PAGE)
        self.assertIn("No rights", page.text)
        (node,) = self._page(page).xpath(f"//form[@action='{PAGE}/{partner.id}']")
        form = dict(node.form_values())
        self.assertFalse({"may_order", "may_see_finance"} & set(form))
        told = self._act(f"/{partner.id}", **{**form, "may_order": "1"})
        self.assertIn("were saved", told[0])
        self.assertTrue(self.member.active)
        self.assertTrue(partner._b2b_may("order"))
        self.assertFalse(partner._b2b_may("see_finance"))

    def test_home_leads_there_with_an_agreement_only(self):
        names = {"counters": ["b2b_colleague_count"]}
        counted = self.make_jsonrpc_request("/my/counters", names)
        self.assertEqual(counted["b2b_colleague_count"], 1)
        self.env["b2b.agreement"].search([]).action_terminate()
        self.env.flush_all()
        counted = self.make_jsonrpc_request("/my/counters", names)
        self.assertEqual(counted["b2b_colleague_count"], 0)

    def test_who_has_left_is_not_asked(self):
        partner = self.buyer_user.partner_id
        self.administrator.with_user(self.seller_user).sudo().active = False
        self.customer.user_id = self.seller_user
        Member = self.env["b2b.member"]
        self.assertEqual(Member._get_b2b_whom_to_ask(partner), self.seller_user.name)
        self.seller_user.active = False
        self.assertEqual(Member._get_b2b_whom_to_ask(partner), self.company.name)

    def test_last_administrator_stays(self):
        partner_id = self.admin_user.partner_id.id
        for form in ({"may_order": "1"}, {"remove": "1"}):
            told = self._act(f"/{partner_id}", **form)
            self.assertIn("last administrator", told[0])
            self.assertTrue(self.administrator.is_administrator and self.administrator.active)
            self.assertTrue(self.admin_user.active)
        self.member.is_administrator = True
        self._act(f"/{partner_id}", may_order="1")
        self.assertFalse(self.administrator.is_administrator)

    def test_administrator_without_login_does_not_count(self):
        self.member.is_administrator = True
        self.buyer_user.active = False
        told = self._act(f"/{self.admin_user.partner_id.id}", may_order="1")
        self.assertIn("last administrator", told[0])

    def test_default_rights_are_set(self):
        self._act("/default", b2b_default_rights="look")
        self.assertEqual(self.customer.b2b_default_rights, "look")
        self._act("/default", b2b_default_rights="root")
        self.assertEqual(self.customer.b2b_default_rights, "look")

    def test_login_at_a_button_leads_to_the_page(self):
        self._login(self.admin_user)
        for button in ("invite", "default", self.buyer_user.partner_id.id):
            with self.subTest(button=button):
                answer = self._get(f"/my/b2b/colleagues/{button}")
                self.assertTrue(answer.url.endswith("/my/b2b/colleagues"), answer.url)
                self.assertIn("nothing was changed", self._alerts(answer)[0])

    def test_page_is_closed_without_an_agreement(self):
        self.agreement.action_terminate()
        answer = self._get(PAGE)
        self.assertTrue(answer.url.endswith("/my/agreements?closed=terminated"))
        self._act(f"/{self.buyer_user.partner_id.id}", may_approve="1")
        self.assertFalse(self.member.may_approve)

    def test_page_takes_no_more_queries_for_more_colleagues(self):
        self._get(PAGE)
        with self._count_queries() as few:
            self._get(PAGE)
        for number in range(8):
            user = self._create_portal_user(f"b2b_more{number}", parent_id=self.customer.id)
            if number % 2:
                self._create_member(user)
        self._get(PAGE)
        with self._count_queries() as many:
            self._get(PAGE)
        self.assertNoMoreQueries(few[0], many[0])


@tagged("post_install", "-at_install")
class TestInvitations(ColleagueCommon):
    def setUp(self):
        super().setUp()
        self._login(self.admin_user)

    def test_invited_colleague_can_log_in_and_order(self):
        told = self._invite("Nina@Buyer.example.com", may_order="1", order_limit="500")
        self.assertIn("Nina New", told[0])
        partner = self._get_contact("nina@buyer.example.com")
        self.assertEqual(partner.commercial_partner_id, self.customer)
        self.assertTrue(partner.user_ids._is_portal())
        self.assertEqual(partner._get_b2b_member().order_limit, 500)
        self.assertFalse(partner._b2b_may("see_finance"))
        self.assertTrue(
            any("nina@buyer.example.com" in mail["smtp_to_list"] for mail in self.emails)
        )
        notes = "".join(self.customer.message_ids.mapped("body"))
        self.assertIn("nina@buyer.example.com", notes)

    def test_addresses_that_are_none_are_told(self):
        for typed in ("nina kowalska@buyer.example.com", "n@a.example, n@b.example", "n@\t"):
            with self.subTest(typed=typed):
                self.assertIn("name and an e-mail address", self._invite(typed)[0])
        self.assertFalse(self._get_contact("kowalska@buyer.example.com"), "somebody else")

    def test_texts_that_no_database_takes_are_read_without_it(self):
        self._invite("nina\x00@buyer.example.com", name="Nina\x00", order_limit="\x00")
        partner = self._get_contact("nina@buyer.example.com")
        self.assertEqual(partner.name, "Nina")
        self.assertEqual(partner._get_b2b_member().order_limit, 0, "nothing is no limit of 1")

    def test_long_names_are_kept(self):
        self._invite("nina@buyer.example.com", name="N" * 200)
        self.assertEqual(self._get_contact("nina@buyer.example.com").name, "N" * 200)

    def test_contact_of_the_company_is_used(self):
        contact = self.env["res.partner"].create(
            {"name": "Old", "email": "old@buyer.example.com", "parent_id": self.customer.id}
        )
        self._invite("old@buyer.example.com")
        self.assertEqual(self._get_contact("old@buyer.example.com"), contact)
        self.assertTrue(contact.user_ids)

    def test_archived_contact_of_the_company_comes_back(self):
        partner = self.buyer_user.partner_id
        self._act(f"/{partner.id}", remove="1")
        partner.active = False
        self.env.flush_all()
        told = self._invite(partner.email, may_order="1")
        self.assertIn("was invited", told[0])
        self.assertTrue(partner.active and self.buyer_user.active and self.member.active)
        self.assertTrue(partner._b2b_may("order"))

    def test_login_of_the_company_itself_comes_back(self):
        user = self._create_portal_user("b2b_office", partner_id=self.customer.id)
        user.login = self.customer.email
        self._act(f"/{self.customer.id}", remove="1")
        self.assertFalse(user.active)
        self.assertIn("was invited", self._invite(self.customer.email)[0])
        self.assertTrue(user.active)

    def test_login_that_the_seller_archived_comes_back(self):
        self.buyer_user.active = False
        self.env.flush_all()
        self.assertIn("was invited", self._invite(self.buyer_user.partner_id.email)[0])
        self.assertTrue(self.buyer_user.active)

    def test_who_has_never_logged_in_is_invited_again(self):
        """The first e-mail may be lost, or be too old: its link ends after some days."""
        self._invite("nina@buyer.example.com")
        partner = self._get_contact("nina@buyer.example.com")

        def is_offered():
            path = f"//form[@action='{PAGE}/{partner.id}']//button[@name='again']"
            return bool(self._page(self._get(PAGE)).xpath(path))

        self.assertTrue(is_offered())
        self.emails.clear()
        self.assertIn("invited again", self._act(f"/{partner.id}", again="1")[0])
        self.assertEqual([mail["smtp_to_list"] for mail in self.emails], [[partner.email]])
        self.assertIn("has access already", self._invite("nina@buyer.example.com")[0])
        self.env["res.users.log"].with_user(partner.user_ids).sudo().create({})
        self.env.flush_all()
        self.assertFalse(is_offered())
        self.emails.clear()
        self.assertIn("logged in already", self._act(f"/{partner.id}", again="1")[0])
        self.assertFalse(self.emails)

    def test_more_invited_colleagues_take_no_more_queries(self):
        def count():
            with self._count_queries() as counts:
                self._get(PAGE)
            return counts[0]

        def invite(number):
            for one in range(number):
                self._create_member(
                    self._create_portal_user(f"b2b_{number}_{one}", parent_id=self.customer.id)
                )

        sizes = []
        for number in (2, 8):
            invite(number)
            count()  # new rights empty the caches of all
            sizes.append(count())
        self.assertNoMoreQueries(*sizes)

    def test_address_of_somebody_outside_is_refused_in_the_same_words(self):
        stranger = self.env["res.partner"].create(
            {"name": "Stranger", "email": "stranger@example.com"}
        )
        archived = self.env["res.partner"].create(
            {"name": "Gone", "email": "gone@example.com", "active": False}
        )
        answers = set()
        for partner in (
            self.rival_user.partner_id,
            self.rival,
            stranger,
            archived,
            self.seller_user.partner_id,
        ):
            partner.email = partner.email or f"{partner.id}@example.com"
            self.env.flush_all()
            told = self._invite(partner.email.upper(), name="X")
            answers.add(told[0].replace(partner.email.lower(), "..."))
            self.assertNotIn(partner.name, told[0])
            self.assertEqual(
                len(
                    self.env["res.partner"]
                    .with_context(active_test=False)
                    .search([("email_normalized", "=", partner.email_normalized)])
                ),
                1,
            )
        self.assertEqual(len(answers), 1, answers)
        login = self.rival_user.login  # a login that is no e-mail address of a contact
        self.rival_user.write({"login": "nobody@rival.example.com"})
        told = self._invite("nobody@rival.example.com")
        self.assertNotIn("Nina", told[0])
        self.rival_user.login = login

    def test_bad_input_is_told(self):
        for email, name in (("", "A"), ("nina", "A"), ("nina@x.example.com", " ")):
            self.assertTrue(self._invite(email, name=name))
            self.assertFalse(self._get_contact("nina@x.example.com"))
        told = self._invite("nina@x.example.com", order_limit="much")
        self.assertIn("much", told[0])
        self.assertFalse(self._get_contact("nina@x.example.com"), "nothing half done")

    def test_colleague_with_access_is_not_invited_again(self):
        told = self._invite(self.buyer_user.partner_id.email)
        self.assertIn("already", told[0])
