from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.b2b_agreement.tests.common import SIGNATURE

from .quotations import QuotationCommon

# What keeps a colleague from doing what a bearer of a link does.
LIMITS = ({"may_order": False}, {"order_limit": 1}, {"may_see_finance": False})
ALL = {"may_order": True, "order_limit": 0, "may_see_finance": True}


@tagged("post_install", "-at_install")
class TestLinks(QuotationCommon):
    """The link of an order is for whom it is sent to: no way around the limits of a colleague."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.boss = cls.admin_user.partner_id
        cls.order = cls._create_offer()
        cls.order.action_confirm()
        cls.orders = cls.offer | cls.order
        cls.tokens = [order._portal_ensure_token() for order in cls.orders]

    @classmethod
    def _create_offer(cls, **values):
        values = {"partner_id": cls.admin_user.partner_id.id, **values}
        return super()._create_offer(**values)

    def _limit(self, values):
        self.member.write({**ALL, **values})
        self._login(self.buyer_user)

    def _get_links(self, page, order):
        """Return the links of a page that lead to an order."""
        links = self._page(page).xpath("//a/@href")
        return [link for link in links if f"/my/orders/{order.id}?" in link]

    def _expect_no_token(self, text):
        for token in self.tokens:
            self.assertNotIn(token, text)

    # === PAGES === #

    def test_lists(self):
        for values in LIMITS:
            with self.subTest(values):
                self._limit(values)
                for url, order in (("/my/quotes", self.offer), ("/my/orders", self.order)):
                    page = self._get(url)
                    self._expect_no_token(page.text)
                    link = self._get_links(page, order)[0]
                    self.assertIn(order.name, self._get(link).text)

    def test_pages(self):
        """The neighbours of an order in the list are there, and what is done on its page."""
        self.offer.require_payment = True
        second = self._create_offer()
        self.tokens.append(second._portal_ensure_token())
        for values in LIMITS:
            with self.subTest(values):
                self._limit(values)
                self._get("/my/quotes")
                for order in self.orders | second:
                    page = self._get(f"/my/orders/{order.id}")
                    self.assertIn(order.name, page.text)
                    self._expect_no_token(page.text)
                pages = [self._get(f"/my/orders/{one.id}") for one in self.offer | second]
                self.assertTrue(
                    self._get_links(pages[0], second) or self._get_links(pages[1], self.offer)
                )

    def test_whoever_may_all_gets_the_links_of_odoo(self):
        self._limit({})
        self.assertIn(self.tokens[0], self._get("/my/quotes").text)
        self.assertIn(self.tokens[1], self._get("/my/orders").text)
        text = self._get(f"/my/orders/{self.offer.id}").text
        for part in ("decline?access_token=", 'data-token="', "/accept?access_token="):
            self.assertIn(f"{part}{self.tokens[0]}", text)

    def test_way_from_an_email(self):
        url = f"/mail/view?model=sale.order&res_id={self.offer.id}"
        for values in LIMITS:
            self._limit(values)
            page = self._get(url)
            self.assertTrue(page.url.partition("?")[0].endswith(f"/my/orders/{self.offer.id}"))
            self._expect_no_token(page.url)
            self._expect_no_token(page.text)
        self._limit({})
        self.assertIn(self.tokens[0], self._get(url).url)

    # === WHAT IS DONE THERE === #

    def test_signing(self):
        self._limit({"order_limit": 1000000})
        form = self._page(self._get(f"/my/orders/{self.offer.id}")).xpath("//form[@id='accept']")
        self.assertEqual(form[0].get("data-token"), "")
        answer = self._accept_by_login()
        self._expect_no_token(answer["redirect_url"])
        self.assertEqual(self.offer.state, "sale")
        self.assertIn("has been confirmed", self._get(answer["redirect_url"]).text)

    def _accept_by_login(self):
        data = {"name": "Anna", "signature": SIGNATURE}
        answer = self.make_jsonrpc_request(f"/my/orders/{self.offer.id}/accept", data)
        self.env.invalidate_all()
        return answer

    def test_rejecting(self):
        self._limit({"may_see_finance": False})
        (form,) = self._page(self._get(f"/my/orders/{self.offer.id}")).xpath(
            "//form[@id='decline']"
        )
        page = self._post(form.get("action"), {"decline_message": "Too dear"})
        self._expect_no_token(page.url)
        self.env.invalidate_all()
        self.assertEqual(self.offer.state, "cancel")
        page = self._post(form.get("action"), {"decline_message": "Again"})
        self._expect_no_token(page.url)

    def test_order_that_is_gone(self):
        self._limit({"may_see_finance": False})
        page = self._post("/my/orders/999999999/decline", {"decline_message": "Too dear"})
        self.assertEqual(page.status_code, 200)

    def test_paying(self):
        self.offer.write({"require_signature": False, "require_payment": True})
        provider = self.env["payment.provider"].create({"name": "Test", "code": "none"})
        self._limit({"may_see_finance": False})
        page = self._page(self._get(f"/my/orders/{self.offer.id}"))
        for form in page.xpath("//form[@id='o_payment_form']"):
            self.assertEqual(form.get("data-access-token"), "")
        url = f"/my/orders/{self.offer.id}/transaction"
        params = {"access_token": "", "provider_id": provider.id}
        with mute_logger("odoo.http"):
            answer = self.url_open(url, json={"params": params}).json()
        self.assertNotIn("access token", answer["error"]["data"]["message"])

    def test_pdf(self):
        self._limit({"may_see_finance": False})
        page = self._page(self._get(f"/my/orders/{self.order.id}"))
        (link,) = page.xpath("//a[@id='print_invoice_report']/@href")
        answer = self._get(link.replace("report_type=pdf", "report_type=html"))
        self.assertIn(self.order.name, answer.text)
        self._expect_no_token(answer.text)

    def test_options(self):
        self.offer.order_line = [
            Command.create({"display_type": "line_section", "name": "On", "is_optional": True}),
            Command.create({"product_id": self.product_b.id, "product_uom_qty": 0}),
        ]
        option = self.offer.order_line[-1]
        self._limit({"may_see_finance": False})
        page = self._page(self._get(f"/my/orders/{self.offer.id}"))
        (table,) = page.xpath("//table[@id='sales_order_table']")
        self.make_jsonrpc_request(
            f"/my/orders/{self.offer.id}/update_line_dict",
            {"line_id": option.id, "access_token": table.get("data-token"), "input_quantity": 3},
        )
        self.env.invalidate_all()
        self.assertEqual(option.product_uom_qty, 3)

    def test_messages(self):
        """What a colleague writes is mailed to the contact, with the link that is his."""
        self.offer.message_subscribe(self.boss.ids)
        orders, kept = self.registry["sale.order"], []
        get_groups = orders._notify_get_recipients_groups

        def remember(order, *args, **kwargs):
            groups = get_groups(order, *args, **kwargs)
            kept.append(next(one[2] for one in groups if one[0] == "portal_customer"))
            return groups

        self.patch(orders, "_notify_get_recipients_groups", remember)
        body = {"message_type": "comment", "subtype_xmlid": "mail.mt_comment"}
        for values in (*LIMITS, {}):
            self._limit(values)
            link = self._get_links(self._get("/my/quotes"), self.offer)[0]
            (log,) = self._page(self._get(link)).xpath("//*[@id='discussion']")
            given = {name: log.get(f"data-{name}") for name in ("token", "pid", "hash")}
            given = {name: value for name, value in given.items() if value}
            self.assertEqual(set(given), {"pid", "hash"} if values else {"token"})
            kept.clear()
            self.make_jsonrpc_request(
                "/mail/message/post",
                {
                    "thread_model": "sale.order",
                    "thread_id": self.offer.id,
                    "post_data": {"body": f"When? {values}", **body},
                    **given,
                },
            )
            self.env.invalidate_all()
            message = self.offer.message_ids[0]
            self.assertEqual(message.author_id, self.buyer_user.partner_id)
            self.assertTrue(kept)
            for group in kept:
                self.assertIn(self.tokens[0], group["button_access"]["url"])

    def test_log_is_read(self):
        """By token as Odoo does it, by the login alone, and by the link without any."""
        message = self.offer.message_post(
            body="Here", message_type="comment", subtype_xmlid="mail.mt_comment"
        )
        token = {"token": self.tokens[0]}
        for values, given in ((LIMITS[0], {}), ({}, token), ({}, {}), (None, token)):
            with self.subTest(values, **given):
                if values is None:
                    self.authenticate(None, None)
                else:
                    self._limit(values)
                params = {"thread_model": "sale.order", "thread_id": self.offer.id, **given}
                answer = self.make_jsonrpc_request("/mail/chatter_fetch", params)
                self.assertIn(message.id, answer["messages"])
                answer = self.make_jsonrpc_request("/portal/chatter_init", params)
                self.assertTrue(answer)

    def test_log_of_an_order_is_no_key_to_others(self):
        """Without tokens of their own the signatures of all orders would be the same."""
        self.orders.access_token = False
        self._limit({"may_see_finance": False})
        signs = set()
        for order in self.orders:
            page = self._page(self._get(f"/my/orders/{order.id}"))
            signs.add(page.xpath("//*[@id='discussion']/@data-hash")[0])
        self.assertEqual(len(signs), 2)

    # === RPC === #

    def test_nobody_of_the_customer_reads_or_guesses_the_token(self):
        guess = [("access_token", "=like", f"{self.tokens[0][:2]}%")]
        nested = [(f"order_id.{name}", operator, value) for name, operator, value in guess]
        for values in (*LIMITS, {}):
            self._limit(values)
            orders = self.orders.with_user(self.buyer_user)
            lines = orders.order_line
            for name, attempt in {
                "read": lambda orders=orders: orders.read(["access_token"]),
                "web_read": lambda orders=orders: orders.web_read({"access_token": {}}),
                "search": lambda orders=orders: orders.search(guess),
                "search_count": lambda orders=orders: orders.search_count(guess),
                "order": lambda orders=orders: orders.search([], order="access_token"),
                "group": lambda orders=orders: orders.formatted_read_group([], ["access_token"]),
                "domain": lambda orders=orders: orders.filtered_domain(guess),
                "lines": lambda lines=lines: lines.search(nested),
            }.items():
                with (
                    self.subTest(name, **values),
                    self.assertRaises(AccessError),
                    mute_logger("odoo.models"),
                ):
                    attempt()
            self.assertTrue(orders.read(["name", "amount_total"]))
            self.assertNotIn("access_token", orders.fields_get())

    def test_public_method_of_links(self):
        for values in LIMITS:
            self._limit(values)
            self._expect_no_token(self.offer.with_user(self.buyer_user).get_portal_url())
        self._limit({})
        self.assertIn(self.tokens[0], self.offer.with_user(self.buyer_user).get_portal_url())
        for user in (self.seller_user, self.env.ref("base.user_root")):
            self.assertIn(self.tokens[0], self.offer.with_user(user).get_portal_url())

    def test_link_goes_on_opening_the_order(self):
        self.member.write(LIMITS[0])
        self.authenticate(None, None)
        self.assertIn(self.offer.name, self._get(self._url()).text)
        self.assertNotIn("error", self._accept())
        self.assertEqual(self.offer.state, "sale")
