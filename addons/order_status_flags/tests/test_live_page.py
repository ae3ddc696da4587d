from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.fields import Command
from odoo.models import BaseModel
from odoo.tests import freeze_time, tagged

from odoo.addons.base.models.ir_qweb import IrQweb

from .portal import TrackingCommon


@tagged("post_install", "-at_install")
class TestLivePage(TrackingCommon):
    def setUp(self):
        super().setUp()
        self.authenticate(None, None)
        self.order = self._create_order(commitment_date=fields.Datetime.now() + timedelta(days=20))

    def _etag(self, query=""):
        return self._get(self._url(self.order) + query).headers["ETag"]

    def _again(self, etag, query=""):
        return self._get(self._url(self.order) + query, headers={"If-None-Match": etag})

    def test_unchanged_page_is_not_rendered(self):
        etag = self._etag()
        with patch.object(IrQweb, "_render", side_effect=AssertionError("rendered")):
            response = self._again(etag)
        self.assertEqual(response.status_code, 304)
        self.assertFalse(response.content)
        self.assertEqual(response.headers["ETag"], etag)
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        self.assertEqual(response.headers["Referrer-Policy"], "no-referrer")
        self.assertIn("noindex", response.headers["X-Robots-Tag"])

    def test_page_knows_its_own_etag(self):
        response = self._get(self._url(self.order))
        name = response.headers["ETag"].replace('"', "&#34;")
        self.assertIn(f'data-etag="{name}"', response.text)
        self.assertEqual(response.headers["Cache-Control"], "no-store")

    def test_other_etags_get_the_page(self):
        for etag in ('"x"', 'W/"x"', "x", '"x", W/"y"', ""):
            self.assertEqual(self._again(etag).status_code, 200)
        self.assertEqual(self._again(f'"x", {self._etag()}').status_code, 304)

    def test_every_change_changes_it(self):
        order, line = self.order, self.order.order_line
        for name, change in {
            "status": lambda: order.set_order_status(self.in_progress.id),
            "name of the status": lambda: self.in_progress.write({"name": "Busy"}),
            "description": lambda: self.in_progress.write({"description": "Now"}),
            "qualifier": lambda: self.in_progress.write({"cancellation_qualifier": "allowed"}),
            "hidden status": lambda: self.in_progress.write({"is_public": False}),
            "reference": lambda: order.write({"client_order_ref": "X"}),
            "promised date": lambda: order.write(
                {"commitment_date": order.commitment_date + timedelta(days=3)}
            ),
            "line": lambda: line.write({"name": "Red paint"}),
            "quantity": lambda: line.write({"product_uom_qty": 7}),
            "company": lambda: self.company.write({"name": "New name"}),
            "company's zone": lambda: self.company.partner_id.write({"tz": "Asia/Tokyo"}),
            "one more language": lambda: self.env["res.lang"]._activate_lang("de_DE"),
            "format of dates": lambda: (
                self.env["res.lang"]._lang_get("en_US").write({"date_format": "%d/%m/%Y"})
            ),
            "setting": lambda: self.company.write({"order_status_cancel_reason_required": True}),
            "question": lambda: order._receive_question("Where is it?"),
            "answer": lambda: order.with_user(self.seller).message_post(
                body="Here", message_type="comment", subtype_xmlid="mail.mt_comment"
            ),
            "answer edited": lambda: order.question_ids.answer_id.write({"body": "There"}),
            "unit": lambda: line.product_uom_id.write({"name": "Tins"}),
            "customer": lambda: order.partner_id.write({"tz": "Asia/Tokyo"}),
            "article": lambda: line.product_id.write({"name": "Red paint"}),
            "lock": order.action_lock,
        }.items():
            with self.subTest(name):
                etag = self._etag()
                change()
                self.env.flush_all()
                self.assertEqual(self._again(etag).status_code, 200)
                self.assertEqual(self._again(self._etag()).status_code, 304)

    def test_refund_changes_it(self):
        """It is of the payment, not of the order, and decides whether one can be cancelled."""
        order = self.order
        values = {
            "provider_id": self.env["payment.provider"].create({"name": "T", "code": "none"}).id,
            "payment_method_id": self.env["payment.method"].create({"name": "T", "code": "t"}).id,
            "amount": order.amount_total,
            "currency_id": order.currency_id.id,
            "partner_id": order.partner_id.id,
        }
        transactions = self.env["payment.transaction"]
        paid = transactions.create(
            {**values, "reference": "paid", "sale_order_ids": [Command.set(order.ids)]}
        )
        etag = self._etag()
        transactions.create(
            {
                **values,
                "reference": "refunded",
                "operation": "refund",
                "amount": -order.amount_total,
                "source_transaction_id": paid.id,
            }
        )
        self.env.flush_all()
        self.assertEqual(self._again(etag).status_code, 200)

    def test_language_day_and_reader(self):
        self.env["res.lang"]._activate_lang("pl_PL")
        etag = self._etag()
        self.assertEqual(self._again(etag, "?lang=pl_PL").status_code, 200)
        with freeze_time(fields.Datetime.now() + timedelta(days=1)):
            self.assertEqual(self._again(etag).status_code, 200)
        self.customer.tz = "Asia/Tokyo"
        self.env.flush_all()
        self.assertEqual(self._again(etag).status_code, 200)

    def test_notice_is_told_whatever_the_visitor_has(self):
        self._post(self._url(self.order) + "/message", message="")
        etag = self._etag()  # with the notice, and forgets it
        self.assertEqual(self._again(etag).status_code, 304)
        self._post(self._url(self.order) + "/message", message="")
        response = self._again(etag)
        self.assertEqual(response.status_code, 200)
        self.assertTrue(self._alerts(response.text))

    def test_dead_links_stay_dead(self):
        etag = self._etag()
        url = self._url(self.order)
        self.order.rotate_tracking_token()
        self.env.flush_all()
        for value in (etag, "*"):
            response = self._get(url, headers={"If-None-Match": value})
            self.assertEqual(response.status_code, 404)
            self.assertNotIn("ETag", response.headers)

    def test_closed_page_stays_closed(self):
        etag = self._etag()
        self.company.order_status_tracking_page = False
        self.env.flush_all()
        for value in (etag, "*"):
            response = self._get(self._url(self.order), headers={"If-None-Match": value})
            self.assertEqual(response.status_code, 404)
            self.assertNotIn("ETag", response.headers)

    def test_unchanged_page_reads_no_record(self):
        """Its statement, and what Odoo asks for any page."""
        etag = self._etag()
        self._again(etag)
        self._get("/order/status/short")
        with self._count_queries() as dead:
            self._get("/order/status/short")
        with self._count_queries() as queries:
            self.assertEqual(self._again(etag).status_code, 304)
        self.assertLessEqual(queries[0], dead[0] + 1)

    def test_nothing_is_written(self):
        etag = self._etag()
        self.env.flush_all()
        self.env.cr.execute("SELECT xmin FROM sale_order WHERE id = %s", [self.order.id])
        before = self.env.cr.fetchall()
        self._again(etag)
        self.env.cr.execute("SELECT xmin FROM sale_order WHERE id = %s", [self.order.id])
        self.assertEqual(self.env.cr.fetchall(), before)

    def test_page_reads_little(self):
        """Of the order and what belongs to it what it shows, and not all that they have."""
        reads = {}
        url, fetch = self._url(self.order), BaseModel._fetch_query

        def noted(records, query, columns):
            if columns:
                reads.setdefault(records._name, []).append(len(columns))
            return fetch(records, query, columns)

        with patch.object(BaseModel, "_fetch_query", noted):
            self.assertEqual(self._get(url).status_code, 200)
        for model in ("sale.order", "sale.order.line", "res.company", "res.partner"):
            self.assertLess(max(reads[model]), 30, model)
        self.assertLess(max(reads["sale.order.status.history"]), 10)
        self.assertNotIn("product.template", reads)  # nothing of it was delivered

    def test_query_count_does_not_grow(self):
        counts = []
        for changes in (0, 0, 12):
            for number in range(changes):
                self.order.set_order_status((self.saved if number % 2 else self.in_progress).id)
            self.env.flush_all()
            etag = self._etag()
            with self._count_queries() as queries:
                self.assertEqual(self._again(etag).status_code, 304)
            counts.append(queries[0])
        self.assertNoMoreQueries(counts[1], counts[2])
