from odoo.addons.order_status_flags.tests.common import OrderStatusCommon

CRON = "base_automation.ir_cron_data_base_automation_check"


class RuleCommon(OrderStatusCommon):
    """Automation rules on orders, and what they have done."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["base.automation"].search([]).active = False
        cls.model_order = cls.env["ir.model"]._get("sale.order")
        cls.packed = cls._create_status("Packed")

    @classmethod
    def _create_rule(cls, trigger, reference, *actions, **values):
        """Make a rule; without an action it writes its name into the customer's reference."""
        rule = cls.env["base.automation"].create(
            {
                "name": values.pop("name", "Rule"),
                "model_id": cls.model_order.id,
                "trigger": trigger,
                "trg_field_ref": reference.id,
                **values,
            }
        )
        note = {
            "state": "code",
            "code": "record['client_order_ref'] = (record.client_order_ref or '') + '+'",
        }
        for action in actions or (note,):
            cls._create_action(rule, **action)
        return rule

    @classmethod
    def _create_action(cls, rule=None, **values):
        return cls.env["ir.actions.server"].create(
            {
                "name": "Action",
                "model_id": cls.model_order.id,
                "usage": "base_automation" if rule else "ir_actions_server",
                "base_automation_id": rule.id if rule else False,
                **values,
            }
        )

    def _create_rule_of_odoo(self):
        return self.env["base.automation"].create(
            {
                "name": "Rule of Odoo's own",
                "model_id": self.env["ir.model"]._get("res.partner").id,
                "trigger": "on_time_created",
                "trg_date_range": 1,
                "trg_date_range_type": "minutes",
                "filter_domain": "[('name', '=', 'nobody at all')]",
            }
        )

    def _set_status(self, status):
        return {"state": "set_order_status", "order_status_id": status.id}

    def _set_flag(self, flag):
        return {"state": "set_order_flag", "order_flag_id": flag.id}

    def _runs(self, order):
        """How often a rule without an action has run on the order."""
        return len(order.client_order_ref or "")


class DaysCommon(RuleCommon):
    """Rules about days in a status, and orders that have been in it for so long."""

    def _create_days_rule(self, *actions, days=3, **values):
        return self._create_rule(
            "on_days_in_order_status", self.packed, *actions, trg_date_range=days, **values
        )

    def _pack(self, days, **values):
        order = self._create_order(**values)
        order.set_order_status(self.packed.id)
        self._age(order, days)
        return order

    def _age(self, order, days):
        self.env.flush_all()
        for query in (
            "UPDATE sale_order SET order_status_date = order_status_date - %s * interval '1 day'"
            " WHERE id = %s",
            "UPDATE sale_order_status_history SET date = date - %s * interval '1 day'"
            " WHERE order_id = %s",
        ):
            self.env.cr.execute(query, [days, order.id])
        self.env.invalidate_all()

    def _run_cron(self):
        with self.enter_registry_test_mode():
            self.env.ref(CRON).method_direct_trigger()
        self.env.invalidate_all()
