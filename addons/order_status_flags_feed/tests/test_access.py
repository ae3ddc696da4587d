import contextlib
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessDenied, AccessError, MissingError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .common import FeedCommon


@tagged("post_install", "-at_install")
class TestAccess(FeedCommon):
    def _call_all(self, feed):
        return (
            lambda: feed.push([]),
            lambda: feed.dry_run([]),
            feed.changes,
            feed.orders,
        )

    def test_only_clients_may_call(self):
        portal = new_test_user(self.env, "test_feed_portal", groups="base.group_portal")
        for user in (portal, self.seller, self.manager, self.env.ref("base.public_user")):
            for call in self._call_all(self.feed.with_user(user)):
                with self.assertRaises(AccessError):
                    call()

    def test_feed_of_another_company(self):
        company = self.env["res.company"].create({"name": "Branch"})
        feed = self._create_feed(company_id=company.id, mapping_ids=False)
        for call in self._call_all(feed.with_user(self.client)):
            with self.assertRaises(AccessError):
                call()

    def test_key_of_one_feed_opens_no_other_one(self):
        feeds = self.feed | self._create_feed(name="Of another program")
        for feed in feeds:
            feed._make_client_key(fields.Datetime.now() + timedelta(days=30))
        for feed, other in (feeds, feeds[::-1]):
            for call in self._call_all(feed.with_user(feed.client_user_id)):
                call()
            # Also while its own feed is switched off.
            for active in (True, False):
                feed.active = active
                for call in self._call_all(other.with_user(feed.client_user_id)):
                    with self.assertRaisesRegex(AccessError, "another flag feed"):
                        call()
            feed.active = True
            self.assertEqual(feed.with_user(self.client).push([]), [], "who was let in by hand")

    def test_key_of_one_feed_serves_those_without_one(self):
        self.feed._make_client_key(fields.Datetime.now() + timedelta(days=30))
        other = self._create_feed(name="Of the same program")
        for call in self._call_all(other.with_user(self.feed.client_user_id)):
            call()

    def test_which_feed_must_be_clear(self):
        feeds = self.env["order.flag.feed"].with_user(self.client)
        two = feeds.browse([self.feed.id, self._create_feed().id])
        for records in (feeds, two, feeds.browse(["1"]), feeds.browse([None])):
            for call in self._call_all(records):
                with self.assertRaisesRegex(UserError, "exactly one"):
                    call()
        for number in (0x7FFFFFFF, 2**40):
            for call in self._call_all(feeds.browse(number)):
                with self.assertRaises(MissingError):
                    call()

    def test_archived_feed_takes_nothing(self):
        self.feed.active = False
        with self.assertRaisesRegex(UserError, "switched off"):
            self.as_client.push([])

    def test_client_reads_and_writes_no_model_at_all(self):
        allowed = {
            name
            for name, model in self.env.items()
            if not model._abstract
            for right in ("read", "write", "create", "unlink")
            if model.with_user(self.client).has_access(right)
        }
        self.assertFalse(allowed)

    def test_client_has_no_user_type(self):
        self.feed._make_client_key(fields.Datetime.now() + timedelta(days=400))
        user = self.feed.client_user_id
        self.assertFalse(user._is_internal() or user._is_portal() or user._is_public())
        self.assertTrue(user._is_feed_client_only())
        self.assertEqual(
            user.all_group_ids, self.env.ref("order_status_flags_feed.group_feed_client")
        )
        self.assertEqual(user.company_ids, self.feed.company_id)

    def test_internal_user_who_is_a_client_too_is_not_shut_in(self):
        self.seller.group_ids = [
            Command.link(self.env.ref("order_status_flags_feed.group_feed_client").id)
        ]
        self.assertFalse(self.seller._is_feed_client_only())
        self.assertEqual(self.feed.with_user(self.seller).push([]), [])

    def test_client_cannot_log_in(self):
        key = self.feed._make_client_key(fields.Datetime.now() + timedelta(days=30))
        user = self.feed.client_user_id
        for interactive in (True, False):
            with self.assertRaises(AccessDenied):
                user.with_user(user)._check_credentials(
                    {"type": "password", "login": user.login, "password": key},
                    {"interactive": interactive},
                )

    def test_feed_goes_to_no_company_of_others(self):
        """Its client would read and change orders that its manager does not see."""
        company = self.env["res.company"].create({"name": "Elsewhere"})
        feed = self.feed.with_user(self.manager)
        feed._make_client_key(fields.Datetime.now() + timedelta(days=30))
        client = self.feed.client_user_id
        with self.assertRaises(AccessError), self.cr.savepoint():
            feed.company_id = company.id
        self.env.invalidate_all()
        self.assertEqual(self.feed.company_id | client.company_ids, self.company)
        self.manager.company_ids |= company
        both = (self.company | company).ids
        feed.with_context(allowed_company_ids=both).company_id = company.id
        self.assertEqual(self.feed.company_id | client.company_ids, company)

    def test_mapping_of_another_company_is_not_read_by_the_wizard(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        mapping = self._create_feed(company_id=company.id).mapping_ids[0]
        wizards = self.env["order.flag.feed.apply"].with_user(self.manager)
        wizard = wizards.create({"mapping_id": mapping.id})
        for name in ("external_flag", "flag_id", "feed_id"):
            with self.subTest(name), self.assertRaises(AccessError):
                wizard.read([name])

    def test_flag_of_another_company_is_not_named(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        secret = self._create_flag("Secret", company_id=company.id)
        mapping = self.feed.with_user(self.manager).mapping_ids[0]
        with self.assertRaisesRegex(UserError, "no such flag") as refused, self.cr.savepoint():
            mapping.flag_id = secret.id
        self.assertNotIn("Secret", str(refused.exception))
        self.manager.company_ids |= company
        with self.assertRaisesRegex(UserError, "Secret"), self.cr.savepoint():
            mapping.flag_id = secret.id

    def test_key_is_renewed_revoked_and_dies_with_the_feed(self):
        keys = self.env["res.users.apikeys"]
        until = fields.Datetime.now() + timedelta(days=300)

        def owner(key):
            return keys._check_credentials(scope="rpc", key=key)

        first = self.feed.with_user(self.manager)._make_client_key(until)
        user = self.feed.client_user_id
        self.assertEqual(owner(first), user.id)
        self.assertEqual(self.feed.key_expiration, until)
        second = self.feed._make_client_key(until)
        self.assertEqual(self.feed.client_user_id, user, "the user stays the same")
        self.assertEqual((owner(first), owner(second)), (None, user.id))
        self.feed.with_user(self.manager).action_revoke_key()
        self.assertIsNone(owner(second))
        self.assertFalse(self.feed.key_expiration)
        self.assertFalse(user.active)
        third = self.feed._make_client_key(until)
        self.assertTrue(user.active)
        self.feed.unlink()
        self.assertIsNone(owner(third))

    def test_expired_key_opens_nothing(self):
        key = self.feed._make_client_key(fields.Datetime.now() - timedelta(days=1))
        self.assertIsNone(self.env["res.users.apikeys"]._check_credentials(scope="rpc", key=key))

    def test_sellers_cannot_make_keys_or_change_feeds(self):
        feed = self.feed.with_user(self.seller)
        for call in (
            lambda: feed._make_client_key(fields.Datetime.now()),
            feed.action_revoke_key,
            lambda: feed.write({"name": "x"}),
            lambda: (
                self.env["order.flag.feed.key"].with_user(self.seller).create({"feed_id": feed.id})
            ),
            lambda: (
                self.env["order.flag.feed.import"]
                .with_user(self.seller)
                .create({"feed_id": feed.id})
            ),
            lambda: feed.read(["name"]),
            lambda: self.env["order.flag.feed.log"].with_user(self.seller).search([]),
            lambda: self.env["order.flag.feed.mapping"].with_user(self.seller).search([]),
        ):
            with self.assertRaises(AccessError):
                call()

    def test_log_cannot_be_altered(self):
        self._push(self._row(self._create_order()))
        log = self.feed.log_ids.with_user(self.manager)
        for call in (log.unlink, lambda: log.write({"key": "x"}), log.copy):
            with self.assertRaises(AccessError):
                call()

    def test_external_ref_is_internal(self):
        portal = new_test_user(
            self.env,
            "test_feed_customer",
            groups="base.group_portal",
            partner_id=self.customer.id,
        )
        order = self._create_order(external_ref="ZK 1")
        self.assertEqual(order.with_user(portal).name, order.name)
        with self.assertRaises(AccessError):
            order.with_user(portal).read(["external_ref"])
        self.assertEqual(order.with_user(self.seller).external_ref, "ZK 1")

    def test_nobody_makes_another_users_account_the_client(self):
        admin = self.env.ref("base.user_admin")
        feeds = self.env["order.flag.feed"].with_user(self.manager)
        for values, context in (
            ({"name": "x", "client_user_id": admin.id}, {}),
            ({"name": "x"}, {"default_client_user_id": admin.id}),
        ):
            with contextlib.suppress(AccessError), self.cr.savepoint():
                feed = feeds.with_context(**context).create(values)
                self.assertFalse(feed.client_user_id)
        with self.assertRaises(AccessError), self.cr.savepoint():
            self.feed.with_user(self.manager).client_user_id = admin
        # and if one got there all the same, neither key nor account of the person is touched
        self.feed.client_user_id = admin
        self.feed._close_clients()
        self.assertTrue(admin.active)
