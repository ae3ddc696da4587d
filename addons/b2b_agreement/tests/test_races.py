from unittest.mock import patch

from psycopg2.errors import ExclusionViolation, SerializationFailure

from odoo.exceptions import ConcurrencyError, LockError, UserError
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import mute_logger

from odoo.addons.mail_delivery_retry.tests.common import Race

from .common import SIGNATURE


@tagged("post_install", "-at_install")
class TestRaces(Race, BaseCase):
    """Two transactions at once: real cursors, hence own records that are removed at the end."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        with self._transaction() as env:
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
        with self._transaction() as env:
            # Signed agreements are kept by design; the test's are removed past the guard.
            env.cr.execute("DELETE FROM b2b_agreement WHERE id = ANY(%s)", [self.agreement_ids])
            env["res.partner"].browse(self.customer_id).unlink()

    def _get_agreement(self, env, index):
        return env["b2b.agreement"].browse(self.agreement_ids[index])

    @mute_logger("odoo.sql_db")
    def test_two_agreements_signed_at_once_leave_one_in_force(self):
        """Each transaction sees only its own signature; the later one fails and is run again."""
        self._sign_at_once(ConcurrencyError)

    @mute_logger("odoo.sql_db")
    def test_two_agreements_signed_at_once_where_the_extension_is_not_allowed(self):
        Agreement = self.registry["b2b.agreement"]
        with patch.object(Agreement, "_has_overlap_constraint", lambda _self: False):
            self._sign_at_once(SerializationFailure)

    def _sign_at_once(self, failure):
        with self._transaction() as first_env, self._transaction() as second_env:
            first = self._get_agreement(first_env, 0)
            second = self._get_agreement(second_env, 1)
            # Both snapshots are taken before either signs.
            self.assertEqual((first.state, second.state), ("sent", "sent"))
            first._sign("Anna", SIGNATURE, first.partner_id)
            first_env.cr.commit()
            with self.assertRaises(failure):
                second._sign("Bob", SIGNATURE, second.partner_id)
            second_env.cr.rollback()
            # What Odoo does then: the request is run again, and now refused in words.
            with self.assertRaises(UserError):
                second._sign("Bob", SIGNATURE, second.partner_id)
            second_env.cr.rollback()
            self.assertEqual(second.state, "sent")

    @mute_logger("odoo.sql_db")
    def test_agreement_held_by_another_transaction_is_not_signed(self):
        with self._transaction() as first_env, self._transaction() as second_env:
            self._get_agreement(first_env, 0).lock_for_update()
            agreement = self._get_agreement(second_env, 0)
            with self.assertRaises(LockError):
                agreement._sign("Bob", SIGNATURE, agreement.partner_id)
            second_env.cr.rollback()

    def _get_as_seller(self, env, index):
        """Return the agreement as a user with sales rights, who is not trusted code."""
        agreement = self._get_agreement(env, index)
        return agreement.with_user(agreement.env.ref("base.user_admin"))

    @mute_logger("odoo.sql_db")
    def test_terms_changed_while_the_customer_signs_are_refused(self):
        """Who comes later sees what the other did, and is told so."""
        with self._transaction() as signer_env, self._transaction() as seller_env:
            signed = self._get_agreement(signer_env, 0)
            changed = self._get_as_seller(seller_env, 0)
            # Both snapshots are taken before either writes.
            self.assertEqual((signed.state, changed.state), ("sent", "sent"))
            signed._sign("Anna", SIGNATURE, signed.partner_id)
            signer_env.cr.commit()
            with self.assertRaises(SerializationFailure):
                changed.minimum_order_amount = 99999
                changed.flush_recordset()
            seller_env.cr.rollback()
            # What Odoo does then: the request is run again, and now refused in words.
            with self.assertRaisesRegex(UserError, "cannot be changed"):
                changed.minimum_order_amount = 99999
            seller_env.cr.rollback()
            self.assertTrue(signed.is_body_intact)

    @mute_logger("odoo.sql_db")
    def test_signing_while_the_terms_change_is_refused(self):
        with self._transaction() as signer_env, self._transaction() as seller_env:
            signed = self._get_agreement(signer_env, 0)
            changed = self._get_as_seller(seller_env, 0)
            shown = signed._get_statement_hash()
            changed.minimum_order_amount = 99999
            seller_env.cr.commit()
            with self.assertRaises((LockError, SerializationFailure)):
                signed._sign("Anna", SIGNATURE, signed.partner_id)
            signer_env.cr.rollback()
            with self.assertRaisesRegex(UserError, "not open for signature"):
                signed._sign("Anna", SIGNATURE, signed.partner_id)
            self.assertNotEqual(signed._get_statement_hash(), shown)
            signer_env.cr.rollback()

    @mute_logger("odoo.sql_db")
    def test_database_refuses_two_signed_agreements_on_one_day(self):
        with self._transaction() as env:
            cr = env.cr
            agreements = self._get_agreement(env, 0) | self._get_agreement(env, 1)
            statement = "UPDATE b2b_agreement SET state = 'signed' WHERE id = ANY(%s)"
            cr.execute(statement, [agreements.ids])
            with self.assertRaises(ExclusionViolation):
                cr.execute("SET CONSTRAINTS b2b_agreement_no_overlap IMMEDIATE")
            cr.rollback()
            cr.execute(statement, [agreements.ids])
            cr.execute(
                "UPDATE b2b_agreement SET date_end = '2019-12-31', date_start = '2019-01-01'"
                " WHERE id = %s",
                [agreements[0].id],
            )
            cr.execute("SET CONSTRAINTS b2b_agreement_no_overlap IMMEDIATE")
            cr.rollback()
