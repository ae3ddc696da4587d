import json
import re

from odoo.tests import tagged

from odoo.addons.order_status_flags.status_change import StatusChange

from .common import WebhookCommon

KEYS = {
    *("order", "external_ref", "document_type", "previous_status", "status", "status_code"),
    *("category", "source", "tracking_url"),
}


@tagged("post_install", "-at_install")
class TestBody(WebhookCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.order = cls._create_order()
        cls.hidden = cls._create_status("Checked", is_public=False)
        cls.hidden_too = cls._create_status("Checked again", is_public=False)
        cls.packed = cls._create_status("Packed")

    def _read(self, webhook):
        self._deliveries(webhook)._make_bodies()
        return [json.loads(row.body) for row in self._deliveries(webhook)]

    def _told(self, webhook):
        return [
            (message["data"]["previous_status"], message["data"]["status"])
            for message in self._read(webhook)
        ]

    def test_message_is_as_promised(self):
        webhook = self._create_webhook()
        self.order.set_order_status(self.in_progress.id, note="Internal words")
        (message,) = self._read(webhook)
        self.assertEqual(list(message), ["type", "timestamp", "data"])
        self.assertEqual(message["type"], "order.status_changed")
        row = self._rows(self.order)[-1]
        self.assertEqual(message["timestamp"], row.date.isoformat() + "Z")
        self.assertEqual(
            message["data"],
            {
                "order": self.order.name,
                "external_ref": "",
                "document_type": "sale",
                "previous_status": "Saved",
                "status": "In progress",
                "status_code": self.in_progress.code,
                "category": "in_progress",
                "source": "manual",
                "tracking_url": self.order.tracking_url,
            },
        )
        self.assertEqual(set(message["data"]), KEYS)

    def test_nothing_is_told_that_is_nobodys_business(self):
        webhooks = [self._create_webhook(), self._create_webhook(is_internal=True)]
        self.order.client_order_ref = "PO-SECRET"
        self.order.set_order_flag(self.flag_in_progress.id, note="Words about the customer")
        for webhook in webhooks:
            (row,) = self._deliveries(webhook)
            row._make_bodies()
            for word in ("Wholesale", "buyer@", "Words about", "PO-SECRET", "50", "price"):
                text = row.body.replace(self.order.tracking_url, "")
                self.assertNotIn(word, re.sub(r"\d{4}-\d\d-\d\dT[\d:]+Z|S\d+", "", text))

    def test_flags_are_told_to_internal_endpoints_only(self):
        outside, inside = self._create_webhook(), self._create_webhook(is_internal=True)
        flag = self._create_flag("Look twice")
        self.order.set_order_flag(flag.id, note="one")
        self.order.set_order_flag(flag.id, note="another note is no change")
        self.order.set_order_flag(self.flag_in_progress.id)
        self.order.set_order_flag(False)
        self.assertEqual(
            [(m["data"]["flag"], m["data"]["status"]) for m in self._read(inside)],
            [("Look twice", "Saved"), ("In progress", "In progress"), ("", "In progress")],
        )
        (message,) = self._read(outside)
        self.assertEqual(set(message["data"]), KEYS)

    def test_hidden_statuses_are_not_told(self):
        webhook, inside = self._create_webhook(), self._create_webhook(is_internal=True)
        for status in (self.hidden, self.hidden_too, self.saved, self.hidden, self.packed):
            self.order.set_order_status(status.id)
        self.assertEqual(self._told(webhook), [("Saved", "Packed")])
        self.assertEqual(
            self._told(inside),
            [
                ("Saved", "Checked"),
                ("Checked", "Checked again"),
                ("Checked again", "Saved"),
                ("Saved", "Checked"),
                ("Checked", "Packed"),
            ],
        )

    def test_status_that_was_hidden_before_it_was_sent_is_not_told(self):
        webhook, inside = self._create_webhook(), self._create_webhook(is_internal=True)
        self.order.set_order_status(self.packed.id)
        self.packed.is_public = False
        self.assertEqual(self._told(webhook), [])
        self.assertEqual(self._told(inside), [("Saved", "Packed")])

    def test_placing_cancelling_and_back_to_quotation_are_told(self):
        webhook = self._create_webhook()
        order = self._create_order()
        order._action_cancel()
        order.action_draft()
        self.assertEqual(
            self._told(webhook), [("", "Saved"), ("Saved", "Rejected"), ("Rejected", "")]
        )
        self.assertEqual(self._read(webhook)[-1]["data"]["tracking_url"], "")
        self.assertEqual(self._read(webhook)[0]["data"]["source"], "event")

    def test_names_are_in_the_language_of_the_company(self):
        self.env["res.lang"]._activate_lang("pl_PL")
        self.env.company.partner_id.lang = "pl_PL"
        self.in_progress.with_context(lang="pl_PL").name = "W toku"
        webhook = self._create_webhook()
        self.order.with_context(lang="en_US").set_order_status(self.in_progress.id)
        self.assertEqual(self._told(webhook)[0][1], "W toku")

    # === WHO HEARS WHAT === #

    def test_filters_of_a_webhook(self):
        packed = self._create_webhook(status_ids=self.packed.ids)
        web = self._create_webhook(document_type="web")
        sale = self._create_webhook(document_type="sale")
        off = self._create_webhook(active=False)
        self.order.set_order_status(self.in_progress.id)
        self.order.set_order_status(self.packed.id)
        counts = [len(self._deliveries(webhook)) for webhook in (packed, web, sale, off)]
        self.assertEqual(counts, [1, 0, 2, 0])

    def test_changes_of_the_webhook_count_from_then_on(self):
        webhook = self._create_webhook(status_ids=self.packed.ids)
        self.order.set_order_status(self.in_progress.id)
        webhook.status_ids = False
        self.order.set_order_status(self.packed.id)
        webhook.active = False
        self.order.set_order_status(self.saved.id)
        self.assertEqual(self._told(webhook), [("In progress", "Packed")])

    def test_webhook_hears_its_company_and_its_branches(self):
        company = self.env["res.company"].create({"name": "Second"})
        branch = self.env["res.company"].create(
            {"name": "Branch", "parent_id": self.env.company.id}
        )
        own, other, every = (
            self._create_webhook(company_id=company_id)
            for company_id in (self.env.company.id, company.id, False)
        )
        for company_id in (company, branch):
            order = self._create_order(
                company_id=company_id.id, user_id=False, order_line=[], confirm=False
            )
            order.with_company(company_id).write({"state": "sale"})
        self.assertEqual([len(self._deliveries(w)) for w in (own, other, every)], [1, 1, 2])

    def test_one_change_of_orders_of_several_companies_and_kinds(self):
        company = self.env["res.company"].create({"name": "Second"})
        own, other, web, both = (
            self._create_webhook(company_id=company_id, document_type=document_type)
            for company_id, document_type in (
                (self.env.company.id, False),
                (company.id, False),
                (False, "web"),
                (company.id, "web"),
            )
        )
        foreign = self._create_order(
            company_id=company.id, user_id=False, order_line=[], confirm=False
        )
        bought = self._create_order()
        (self.order + foreign + bought).write({"state": "sale"})
        (foreign + bought).document_type = "web"
        webhooks = own + other + web + both
        self.env["order.status.webhook.delivery"].search([]).unlink()
        (self.order + foreign + bought).sudo().set_order_status(self.packed.id)
        self.assertEqual(
            [self._deliveries(webhook).order_id for webhook in webhooks],
            [self.order + bought, foreign, foreign + bought, foreign],
        )
        self._deliveries(own).order_id.sudo().set_order_status(self.in_progress.id)
        self.assertEqual([len(self._deliveries(w)) for w in webhooks], [4, 1, 3, 1])

    def test_two_changes_of_an_order_in_one_call_are_told_in_their_order(self):
        webhook = self._create_webhook()
        changes = [
            StatusChange(self.order, status=status) for status in (self.packed, self.in_progress)
        ]
        self.order._change_status(changes, source="manual")
        self.assertEqual(self._told(webhook), [("Saved", "Packed"), ("Packed", "In progress")])
        rows = self._deliveries(webhook)
        self.assertEqual(rows.mapped("history_row"), [change.history_id for change in changes])
        self.assertEqual(len(set(rows.mapped("message_id"))), 2)

    def test_nothing_is_asked_without_webhooks(self):
        orders = self._create_orders(3)
        with self._count_queries() as first:
            orders[0].set_order_status(self.in_progress.id)
        self._create_webhook(active=False)
        # A new endpoint clears the caches of all: what fills them is not counted.
        orders[2].set_order_status(self.in_progress.id)
        with self._count_queries() as second:
            orders[1].set_order_status(self.in_progress.id)
        self.assertNoMoreQueries(first[0], second[0])

    def test_a_thousand_changes_take_no_more_queries_than_ten(self):
        self._create_webhook()
        self._create_webhook(is_internal=True)
        few, many = self._create_orders(5), self._create_orders(25)
        self._create_orders(1).set_order_status(self.in_progress.id)
        with self._count_queries() as small:
            few.set_order_status(self.in_progress.id)
        with self._count_queries() as large:
            many.set_order_status(self.in_progress.id)
        self.assertNoMoreQueries(small[0], large[0])

    def test_many_messages_take_no_more_queries_than_few(self):
        webhook = self._create_webhook()
        counts = []
        for size in (2, 2, 20):
            self._create_orders(size).set_order_status(self.in_progress.id)
            with self._count_queries() as queries:
                self._deliveries(webhook)._make_bodies()
            counts.append(queries[0])
        self.assertFalse(self._deliveries(webhook, body=False))
        self.assertNoMoreQueries(counts[1], counts[2])

    def test_rolled_back_change_is_not_told(self):
        webhook = self._create_webhook()
        try:
            with self.env.cr.savepoint():
                self.order.set_order_status(self.in_progress.id)
                raise RuntimeError
        except RuntimeError:
            self.env.invalidate_all()
        self.assertFalse(self._deliveries(webhook))
