import re
from datetime import timedelta
from unittest.mock import patch

from markupsafe import Markup, escape

from odoo import fields
from odoo.tests import tagged

from odoo.addons.portal.controllers.portal import CustomerPortal

from .portal import PortalCommon


@tagged("post_install", "-at_install")
class TestPortalList(PortalCommon):
    def _listed(self, url="/my/orders"):
        response = self._get(url)
        self.assertEqual(response.status_code, 200, url)
        return set(re.findall(r"/my/orders/(\d+)\?", response.text))

    def _ids(self, *orders):
        return {str(order.id) for order in orders}

    def test_placed_orders_are_listed_and_quotations_are_not(self):
        confirmed = self._create_order()
        cancelled = self._create_order()
        cancelled._action_cancel()
        web = self._create_order(confirm=False, document_type="web")
        web.action_quotation_sent()
        quotation = self._create_order(confirm=False)
        quotation.action_quotation_sent()
        declined = self._create_order(confirm=False)
        declined._action_cancel()
        draft = self._create_order(confirm=False, document_type="web")
        self._login(self.buyer)
        listed = self._listed()
        self.assertEqual(listed, self._ids(confirmed, cancelled, web))
        quotes = self._get("/my/quotes").text
        self.assertIn(quotation.name, quotes)
        for order in (confirmed, cancelled, web, declined, draft):
            self.assertNotIn(f"/my/orders/{order.id}?", quotes)

    def test_orders_of_one_moment_keep_their_order(self):
        """Imported orders have a day and no hour; a list that shuffles them loses some between
        its pages.
        """
        orders = self.env["sale.order"].concat(*(self._create_order() for _each in range(5)))
        for order in orders.sorted("id", reverse=True)[1:3] + orders[:1]:
            order.date_order = "2026-03-02 00:00:00"  # also moves the row to the table's end
            order.flush_recordset()
        (orders - orders[:1]).date_order = "2026-03-02 00:00:00"
        self._login(self.buyer)
        newest_first = [str(order.id) for order in orders.sorted("id", reverse=True)]
        with patch.object(CustomerPortal, "_items_per_page", 2):
            pages = [self._get(f"/my/orders/page/{page}").text for page in (1, 2, 3)]
        shown = [re.findall(r"/my/orders/(\d+)\?", page) for page in pages]
        self.assertEqual(
            [list(dict.fromkeys(page)) for page in shown],
            [newest_first[:2], newest_first[2:4], newest_first[4:]],
        )

    def test_counters(self):
        self._login(self.buyer)
        counters = {"counters": ["order_count", "quotation_count"]}
        self.assertEqual(
            self.make_jsonrpc_request("/my/counters", counters),
            {"order_count": 0, "quotation_count": 0},
        )
        web = self._create_order(confirm=False, document_type="web")
        web.action_quotation_sent()
        self.assertEqual(
            self.make_jsonrpc_request("/my/counters", counters),
            {"order_count": 1, "quotation_count": 0},
        )
        self._create_order(confirm=False).action_quotation_sent()
        self.assertEqual(
            self.make_jsonrpc_request("/my/counters", counters),
            {"order_count": 1, "quotation_count": 1},
        )

    def test_filter_by_the_status_the_customer_sees(self):
        internal = self._create_status("Waiting for the bank", is_public=False)
        saved = self._create_order()
        hidden = self._create_order()
        hidden.set_order_status(internal.id)
        moved = self._create_order()
        moved.set_order_status(self.in_progress.id)
        self._login(self.buyer)
        url = "/my/orders?filterby=%s"
        self.assertEqual(self._listed(url % self.saved.id), self._ids(saved, hidden))
        self.assertEqual(self._listed(url % self.in_progress.id), self._ids(moved))
        # An internal status is no filter, nor shown.
        self.assertEqual(self._listed(url % internal.id), self._ids(saved, hidden, moved))
        self.assertNotIn("Waiting for the bank", self._get("/my/orders").text)

    def test_codebook_is_read_once_and_its_changes_are_seen(self):
        self.env["res.lang"]._activate_lang("sl_SI")
        order, status = self._create_order(), self._create_status("Packed")
        order.set_order_status(status.id)

        def seen(lang="en_US", companies=self.company):
            orders = order.with_context(lang=lang, allowed_company_ids=companies.ids)
            filters = orders._get_portal_status_filters()
            name = filters[status.id][0] if status.id in filters else None
            return name, str(orders._get_customer_badges()[order.id])

        self.assertEqual(seen(), seen("sl_SI"))
        with self.assertQueryCount(0):
            self.assertEqual(seen()[0], "Packed")
        for values, name in (({"name": "Boxed"}, "Boxed"), ({"name": "<Taped>"}, "<Taped>")):
            status.write(values)
            self.assertEqual(seen()[0], name)
            self.assertIn(escape(name), seen()[1])
        status.update_field_translations("name", {"sl_SI": "Zapakirano"})
        self.assertEqual(seen("sl_SI")[0], "Zapakirano")
        self.assertIn("Zapakirano", seen("sl_SI")[1])
        self.assertEqual(seen()[0], "<Taped>")
        # No choice any longer, and what the order had all the same.
        status.active = False
        self.assertEqual(seen()[0], None)
        self.assertIn("Taped", seen()[1])
        status.active = True
        status.company_id = self.company
        other = self.env["res.company"].create({"name": "Another company"})
        self.assertEqual(seen(companies=other)[0], None)
        self.assertEqual(seen()[0], "<Taped>")
        status.is_public = False
        self.assertEqual(seen()[0], None)
        self.assertNotIn("Taped", seen()[1])

    def test_statuses_of_one_name_are_one_choice(self):
        twin = self._create_status(self.in_progress.name, document_type="sale")
        order, other = self._create_orders(2)
        order.set_order_status(twin.id)
        other.set_order_status(self.in_progress.id)
        self._login(self.buyer)
        for status in (twin, self.in_progress):
            self.assertEqual(
                self._listed(f"/my/orders?filterby={status.id}"), self._ids(order, other)
            )
        page = self._get("/my/orders").text
        menu = page[page.index("portal_searchbar_filters") :]
        self.assertEqual(menu.count(f"<span>{self.in_progress.name}</span>"), 1)

    def test_garbage_in_the_url(self):
        order = self._create_order()
        self._login(self.buyer)
        for query in (
            "filterby=nonsense",
            "filterby=999999999999",
            "filterby=-1",
            "filterby=",
            "filterby=%00%27%22%3C",
            "page=zzz",
        ):
            self.assertEqual(self._listed(f"/my/orders?{query}"), self._ids(order), query)
            self.assertEqual(self._get(f"/my/quotes?{query}").status_code, 200, query)
        self.assertEqual(self._listed("/my/orders/page/999999999999999999999"), self._ids(order))

    def test_pager_keeps_the_filter(self):
        orders = self._create_orders(81)
        self._login(self.buyer)
        page = self._get(f"/my/orders?filterby={self.saved.id}").text
        links = re.findall(r'href="(/my/orders/page/2[^"]*)"', page)
        self.assertTrue(links)
        self.assertTrue(all(f"filterby={self.saved.id}" in link for link in links))
        second = self._listed(links[0].replace("&amp;", "&"))
        self.assertEqual(len(second), 1)
        self.assertLess(second, self._ids(*orders))
        unfiltered = re.findall(r'href="(/my/orders/page/2[^"]*)"', self._get("/my/orders").text)
        self.assertTrue(all("filterby" not in link for link in unfiltered))

    def test_status_in_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("pl_PL")
        self.saved.with_context(lang="pl_PL").name = "Zapisane"
        self.buyer.lang = "pl_PL"
        self._create_order()
        self._login(self.buyer)
        # Followed, since the page of another language may have another address.
        self.assertIn("Zapisane", self.url_open("/my/orders").text)

    def test_hidden_current_status_leaves_no_blank(self):
        order = self._create_order()
        order.set_order_status(self._create_status("Bank", is_public=False).id)
        self._login(self.buyer)
        for url in ("/my/orders", f"/my/orders/{order.id}"):
            page = self._get(url).text
            self.assertIn(self.saved.name, page)
            self.assertNotIn("Bank", page)

    def test_archived_status_still_shown(self):
        order = self._create_order()
        status = self._create_status("Packed in a box")
        order.set_order_status(status.id)
        status.active = False
        self._login(self.buyer)
        for url in ("/my/orders", f"/my/orders/{order.id}"):
            self.assertIn("Packed in a box", self._get(url).text)

    def test_phone_reads_the_promise_below_the_status(self):
        order, other = self._create_orders(2)
        texts = (order | other)._get_customer_status_texts({order.id: Markup("<b>5 May</b>")})
        badge = other._get_customer_badges()[other.id]
        self.assertEqual(texts[other.id], badge)
        self.assertEqual(
            texts[order.id], badge + Markup('<div class="small d-md-none"><b>5 May</b></div>')
        )
        self.assertIn("&lt;i&gt;", order._get_customer_status_texts({order.id: "<i>"})[order.id])

    def test_filter_without_javascript(self):
        status = self._create_status("<Packed>")
        self._create_order().set_order_status(status.id)
        self._login(self.buyer)
        page = self._get(f"/my/orders?filterby={status.id}").text
        options = page[page.index('id="order_status_filter"') : page.index("</select>")]
        self.assertIn('<option value="all">All</option>', options)
        self.assertIn(
            f'<option value="{status.id}" selected="selected">&lt;Packed&gt;</option>', options
        )
        self.assertEqual(options.count(" selected="), 1)
        self.assertIn(f'<option value="{self.saved.id}">{self.saved.name}</option>', options)

    def test_list_reads_its_orders_once(self):
        """Nothing of them a second time, and not with whatever else an order has."""
        self._create_orders(3, commitment_date=fields.Datetime.now() + timedelta(days=9))
        self._login(self.buyer)
        self._get("/my/orders")  # core mints a token a row on the first visit
        self.env.invalidate_all()
        model, reads = self.env.registry["sale.order"], []
        fetch = model._fetch_query

        def counted(orders, query, columns):
            if columns:
                reads.append([column.name for column in columns])
            return fetch(orders, query, columns)

        with patch.object(model, "_fetch_query", counted):
            self._get("/my/orders")
        self.assertEqual(len(reads), 1, reads)
        self.assertNotIn("create_date", reads[0])

    def test_query_count_does_not_grow(self):
        statuses = self.saved + self.in_progress + self.fulfilled

        def count(number):
            for index, order in enumerate(self._create_orders(number)):
                order.set_order_status(statuses[index % 3].id)
            # Core mints a token a row on the first visit; the second one counts.
            self._get("/my/orders")
            with self._count_queries() as queries:
                self.assertEqual(self._get("/my/orders").status_code, 200)
            return queries[0]

        self._login(self.buyer)
        self.assertNoMoreQueries(count(5), count(30))
