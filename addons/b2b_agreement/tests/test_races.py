from psycopg2.errors import SerializationFailure

from odoo import api
from odoo.exceptions import LockError, UserError
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import mute_logger

from .common import SIGNATURE


@tagged("post_install", "-at_install")
class TestRaces(BaseCase):
    """Two transactions at once: real cursors, hence own records that are removed at the end."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        with self.registry.cursor() as cr:
            env = api.Environment(cr, api.SUPERUSER_ID, {})
            customer = env["res.partner"].create({"name": "Race Ltd", "is_company": True})
            agreements = env["b2b.agreement"].create(
                [
                    {
                        "partner_id": customer.id,
                        "date_start": "2020-01-01",
                        "body": "<p>Terms</p>",
                        "state": "sent",
                    }
                ]
                * 2
            )
            self.customer_id, self.agreement_ids = customer.id, agreements.ids
        self.addCleanup(self._remove)

    def _remove(self):
        with self.registry.cursor() as cr:
            # Signed agreements are kept by design; the test's are removed past the guard.
            cr.execute("DELETE FROM b2b_agreement WHERE id = ANY(%s)", [self.agreement_ids])
            env = api.Environment(cr, api.SUPERUSER_ID, {})
            env["res.partner"].browse(self.customer_id).unlink()

    def _get_agreement(self, cr, index):
        env = api.Environment(cr, api.SUPERUSER_ID, {})
        return env["b2b.agreement"].browse(self.agreement_ids[index])

    @mute_logger("odoo.sql_db")
    def test_two_agreements_signed_at_once_leave_one_in_force(self):
        """Each transaction sees only its own signature; the later one fails and is run again."""
        with self.registry.cursor() as first_cr, self.registry.cursor() as second_cr:
            first = self._get_agreement(first_cr, 0)
            second = self._get_agreement(second_cr, 1)
            # Both snapshots are taken before either signs.
            self.assertEqual((first.state, second.state), ("sent", "sent"))
            first._sign("Anna", SIGNATURE, first.partner_id)
            first_cr.commit()
            with self.assertRaises(SerializationFailure):
                second._sign("Bob", SIGNATURE, second.partner_id)
            second_cr.rollback()
            # What Odoo does then: the request is run again, and now refused in words.
            with self.assertRaises(UserError):
                second._sign("Bob", SIGNATURE, second.partner_id)
            second_cr.rollback()
            self.assertEqual(second.state, "sent")

    @mute_logger("odoo.sql_db")
    def test_agreement_held_by_another_transaction_is_not_signed(self):
        with self.registry.cursor() as first_cr, self.registry.cursor() as second_cr:
            self._get_agreement(first_cr, 0).lock_for_update()
            agreement = self._get_agreement(second_cr, 0)
            with self.assertRaises(LockError):
                agreement._sign("Bob", SIGNATURE, agreement.partner_id)
            second_cr.rollback()
