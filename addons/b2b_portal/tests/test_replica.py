from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestReplica(TransactionCase):
    def test_agreements_carts_and_prices_are_never_read_from_a_replica(self):
        """An agreement that ended a moment ago closes the shop with the next click."""
        rules = [
            rule
            for rule in self.env["ir.http"].routing_map().iter_rules()
            if rule.rule.startswith(("/my/b2b", "/my/agreements"))
        ]
        self.assertGreater(len(rules), 20)
        for rule in rules:
            self.assertFalse(rule.endpoint.routing["readonly"], rule.rule)
