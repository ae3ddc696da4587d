from psycopg2.errors import SerializationFailure

from odoo.exceptions import AccessError, UserError
from odoo.tests import BaseCase, tagged
from odoo.tools import mute_logger

from odoo.addons.mail_delivery_retry.tests.common import Race


@tagged("post_install", "-at_install")
class TestAdministratorRaces(Race, BaseCase):
    """Two administrators leave at the same moment: one of them stays."""

    def setUp(self):
        super().setUp()
        with self._transaction() as env:
            customer = env["res.partner"].create({"name": "Admin race Ltd", "is_company": True})
            users = (
                env["res.users"]
                .with_context(no_reset_password=True)
                .create(
                    [
                        {
                            "name": login,
                            "login": login,
                            "email": f"{login}@example.com",
                            "group_ids": [(6, 0, env.ref("base.group_portal").ids)],
                        }
                        for login in ("b2b_race_anna", "b2b_race_bob")
                    ]
                )
            )
            users.partner_id.parent_id = customer
            members = env["b2b.member"].create(
                [{"partner_id": one.id, "is_administrator": True} for one in users.partner_id]
            )
            self.users, self.members = users.ids, members.ids
            self.partners = (users.partner_id | customer).ids
        self.addCleanup(self._remove)

    def _remove(self):
        with self._transaction() as env:
            env["b2b.member"].browse(self.members).unlink()
            env["res.users"].browse(self.users).unlink()
            env["res.partner"].browse(self.partners).unlink()

    def _leave(self, env):
        members = env["b2b.member"]
        members._get_administrated_company()
        members._change_b2b_rights(env.user.partner_id, {"is_administrator": False})
        env.flush_all()

    def _remove_other(self, env):
        members = env["b2b.member"]
        company = members._get_administrated_company()
        other = env["res.users"].browse(self.users).sudo() - env.user
        members._change_b2b_rights(
            members._get_b2b_colleague(company, other.partner_id.id), {"is_administrator": False}
        )
        env.flush_all()

    def _count(self):
        with self._transaction() as env:
            return sum(env["b2b.member"].browse(self.members).mapped("is_administrator"))

    def test_both_cannot_leave(self):
        with self._transaction(self.users[0]) as first, self._transaction(self.users[1]) as second:
            second["b2b.member"]._get_b2b_whom_to_ask(second.user.partner_id)  # has a snapshot
            self._leave(first)
            first.cr.commit()
            with mute_logger("odoo.sql_db"), self.assertRaises(SerializationFailure):
                self._leave(second)
            second.cr.rollback()
            second.transaction.clear()
            with self.assertRaises(UserError):
                self._leave(second)
        self.assertEqual(self._count(), 1)

    def test_access_is_gone_though_somebody_asked_before_the_commit(self):
        """A login that another thread of the server puts into the cache does not stay valid."""
        with self._transaction() as env, self._transaction() as other:
            env["b2b.member"]._take_b2b_access(env["res.users"].browse(self.users[1]).partner_id)
            env.flush_all()
            former = other["res.users"].browse(self.users[1])._compute_session_token("sid")
            self.assertTrue(former)
            env.cr.commit()
        with self._transaction() as env:
            token = env["res.users"].browse(self.users[1])._compute_session_token("sid")
        self.assertNotEqual(token, former)

    def test_both_cannot_remove_each_other(self):
        with self._transaction(self.users[0]) as first, self._transaction(self.users[1]) as second:
            second["b2b.member"]._get_b2b_whom_to_ask(second.user.partner_id)
            self._remove_other(first)
            first.cr.commit()
            with mute_logger("odoo.sql_db"), self.assertRaises(SerializationFailure):
                self._remove_other(second)
            second.cr.rollback()
            second.transaction.clear()
            with self.assertRaises(AccessError):
                self._remove_other(second)
        self.assertEqual(self._count(), 1)

    # === THE SAME CLICK TWICE === #

    def _act_twice(self, call):
        """Do the same as the same administrator, in a second request that began before.

        :return: what the second one is told when Odoo runs it again, on fresh data
        """
        with self._transaction(self.users[0]) as first, self._transaction(self.users[0]) as second:
            second["b2b.member"]._get_b2b_whom_to_ask(second.user.partner_id)  # has a snapshot
            call(first)
            first.cr.commit()
            with mute_logger("odoo.sql_db"), self.assertRaises(SerializationFailure):
                call(second)
            second.cr.rollback()
            second.transaction.clear()
            try:
                call(second)
            except UserError as error:
                return str(error)
            second.cr.commit()
        return ""

    def test_invitation_that_is_clicked_twice(self):
        address = "b2b_race_nina@example.com"
        self.addCleanup(self._remove_invited, address)

        def invite(env):
            members = env["b2b.member"]
            company = members._get_administrated_company()
            members._invite_b2b_colleague(company, "Nina", address, {})
            env.flush_all()

        self.assertIn("has access already", self._act_twice(invite))

    def _remove_invited(self, address):
        with self._transaction() as env:
            partners = env["res.partner"].search([("email", "=", address)])
            env["b2b.member"].search([("partner_id", "in", partners.ids)]).unlink()
            partners.user_ids.unlink()
            partners.unlink()
            env["order.status.limit"].search([]).unlink()

    def test_first_rights_that_are_saved_twice(self):
        with self._transaction() as env:
            env["b2b.member"].browse(self.members[1]).unlink()

        def save(env):
            members = env["b2b.member"]
            company = members._get_administrated_company()
            colleague = env["res.users"].browse(self.users[1]).sudo().partner_id
            colleague = members._get_b2b_colleague(company, colleague.id)
            member = members._change_b2b_rights(colleague, {"may_approve": True})
            env.flush_all()
            self.members[1] = member.id

        self.assertEqual(self._act_twice(save), "")
