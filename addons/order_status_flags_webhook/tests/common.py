from odoo.addons.order_status_flags.tests.common import OrderStatusCommon

from ..models.order_status_webhook.webhook import ALLOW_PRIVATE
from .endpoint import Endpoint


class WebhookCommon(OrderStatusCommon):
    """Webhooks to an endpoint on this machine."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["order.status.webhook"].search([]).active = False
        cls.env["order.status.webhook.delivery"].search([]).unlink()
        cls.env["ir.config_parameter"].set_param(ALLOW_PRIVATE, "True")

    def _start(self, answer=200):
        return self.enterContext(Endpoint(answer).running())

    def _create_webhook(self, url="https://hooks.example.com/orders", **values):
        values.setdefault("name", "Warehouse")
        return self.env["order.status.webhook"].create({"url": url, **values})

    def _deliveries(self, webhook, **values):
        domain = [("webhook_id", "=", webhook.id), *((k, "=", v) for k, v in values.items())]
        return self.env["order.status.webhook.delivery"].search(domain, order="id")

    def _deliver(self):
        """Run the scheduled action, as the server would."""
        with self.enter_registry_test_mode():
            self.env.ref("order_status_flags_webhook.ir_cron_webhook").method_direct_trigger()
        self.env.invalidate_all()

    def _make_due(self, webhook):
        """Let the pauses of the waiting messages and of the endpoint be over."""
        webhook.resting_until = False
        waiting = self._deliveries(webhook, state="pending")
        waiting.write({"next_try": "2020-01-01", "claimed_until": False})
