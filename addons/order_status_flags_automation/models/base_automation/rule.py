import logging
from datetime import timedelta

from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError

from odoo.addons.mail_delivery_retry.attempt import try_in_parts
from odoo.addons.mail_delivery_retry.language import get_active_lang

_logger = logging.getLogger(__name__)

STATUS_SET = "on_order_status_set"
FLAG_SET = "on_order_flag_set"
DAYS_IN_STATUS = "on_days_in_order_status"
ORDER_TRIGGERS = (STATUS_SET, FLAG_SET, DAYS_IN_STATUS)
REFERENCES = {
    STATUS_SET: "sale.order.status",
    FLAG_SET: "sale.order.flag",
    DAYS_IN_STATUS: "sale.order.status",
}
# How far a rule looks back: what it would have met, and what it meets when it is switched on.
LOOK_BACK = timedelta(days=30)
# Keys of Odoo's own: the import of the web client, and `load`.
IMPORTING = {"import_file", "_import_current_module"}
# Sources of changes that a person of ours has made, and none that just happened.
BY_HAND = {"manual", "flag"}
# Of the cursor: which rules are running on which orders at this moment.
RUNNING = "order_status_flags_automation"


class BaseAutomation(models.Model):
    """Rules that begin with a status or a flag of an order.

    They are run by the hook of the writer, and not by the patches of `write` that other rules use:
    once for each change, with its row in the history, whoever caused it.
    """

    _inherit = "base.automation"

    trigger = fields.Selection(
        selection_add=[
            (STATUS_SET, "Order status is set to"),
            (FLAG_SET, "Flag is set to"),
            (DAYS_IN_STATUS, "Days in status"),
        ],
        ondelete=dict.fromkeys(ORDER_TRIGGERS, "cascade"),
    )

    # === COMPUTE METHODS === #

    def _compute_trg_field_ref_model_name(self):
        """Override of `base_automation` to refer to statuses and flags."""
        res = super()._compute_trg_field_ref_model_name()
        for rule in self.filtered(lambda rule: rule.trigger in REFERENCES):
            rule.trg_field_ref_model_name = REFERENCES[rule.trigger]
        return res

    # === CONSTRAINT METHODS === #

    @api.constrains("trigger", "model_id", "trg_field_ref")
    def _check_order_trigger(self):
        for rule in self.filtered(lambda rule: rule.trigger in ORDER_TRIGGERS):
            if rule.model_id.model != "sale.order":
                raise ValidationError(
                    self.env._("Statuses and flags are those of sales orders: choose that model.")
                )
            if not rule._get_order_reference():
                raise ValidationError(
                    self.env._(
                        "Choose the status or the flag with which “%(rule)s” begins.",
                        rule=rule.name,
                    )
                )

    def _get_order_reference(self):
        """Return the status or flag with which this rule begins, archived or not."""
        model = self.env[REFERENCES[self.trigger]].with_context(active_test=False)
        return model.browse(self.trg_field_ref or ()).exists()

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("trigger") == DAYS_IN_STATUS and "trg_date_range" in vals:
                # Odoo computes none of these fields where one of them is given.
                vals.setdefault("trg_date_range_type", "day")
                vals.setdefault("trg_date_range_mode", "after")
        rules = super().create(vals_list)
        self.env.registry.clear_cache()
        return rules

    def write(self, vals):
        res = super().write(vals)
        # Written at each run of the scheduled action, and decide nothing here.
        if vals.keys() - {"last_run", "order_status_since", "order_tried_until", "order_tried_run"}:
            self.env.registry.clear_cache()
        return res

    def unlink(self):
        res = super().unlink()
        self.env.registry.clear_cache()
        return res

    # === RUNNING === #

    @api.model
    @tools.ormcache()
    def _get_order_rules(self):
        """Return the active rules that begin with a status or flag.

        :return: ``{(trigger, status or flag id): (rule ids)}``
        :rtype: dict
        """
        # sudo: rules run whoever changes an order
        rules = self.sudo().with_context(active_test=True)
        found = {}
        for rule in rules.search([("trigger", "in", (STATUS_SET, FLAG_SET))], order="id"):
            key = rule.trigger, rule.trg_field_ref
            found[key] = (*found.get(key, ()), rule.id)
        return found

    @api.model
    def _run_order_rules(self, changes):
        """Run the rules that begin with what these changes have set.

        An import runs none: it brings what happened long ago. Nor does what is undone: the order
        has had that status and flag before, and their rules have run.

        :param list[StatusChange] changes: the applied ones
        """
        if not IMPORTING.isdisjoint(self.env.context):
            self._leave_out_imported(changes)
            return
        known = self._get_order_rules()
        if not known:
            return
        found = {}
        for change in changes:
            if change.undoes:
                continue
            keys = []
            if change.enters_status:
                keys.append((STATUS_SET, change.new_status.id))
            if change.new_flag != change.previous_flag:
                keys.append((FLAG_SET, change.new_flag.id))
            for key in keys:
                for rule_id in known.get(key, ()):
                    found.setdefault(rule_id, {})[change.order.id] = key
        is_by_hand = all(change.source in BY_HAND for change in changes)
        for rule_id, met in found.items():
            rule = self.browse(rule_id)
            orders = rule._filter_still_met(met)
            if is_by_hand:
                # Whoever sets a status reads what is wrong, as with Odoo's own rules.
                rule._process_orders(orders)
            else:
                try_in_parts(orders, rule._process_or_take_back, rule._tell_failure)

    def _filter_still_met(self, met):
        """Return the orders that still have what this rule begins with.

        :param dict met: ``{order id: (trigger, status or flag id)}``
        """
        # sudo: whether an order meets a rule does not depend on who changed it
        orders_sudo = self.env["sale.order"].sudo().browse(met)
        still = orders_sudo.filtered(
            lambda order: (
                (order.order_flag_id if met[order.id][0] == FLAG_SET else order.order_status_id).id
                == met[order.id][1]
            )
        )
        return still.with_env(self.env)

    def _process_orders(self, orders):
        """Run this rule on orders, except where it is running already.

        Rules that set each other's status would go on for ever. Odoo's own guard lies in the
        context, which code may drop; this one lies in the transaction.
        """
        running = self.env.cr.cache.setdefault(RUNNING, {})
        looping = orders.filtered(lambda order: (self.id, order.id) in running)
        for order in looping:
            self._tell_loop(order, running)
        keys = dict.fromkeys((self.id, order.id) for order in orders - looping)
        running.update(keys)
        try:
            self._process(self._filter_post(orders - looping))
        finally:
            for key in keys:
                running.pop(key, None)

    def _process_or_take_back(self, orders):
        """Run this rule on orders; if it fails, nothing is sent that waits for the commit.

        Webhooks do, for example. No savepoint of the caller's takes them back.
        """
        waiting = self.env.cr.postcommit
        count, known = len(waiting), set(waiting.data)
        try:
            self._process_orders(orders)
            # Now, and not at the end of the savepoint: it may fail.
            self.env.cr.flush()
        except Exception:
            while len(waiting) > count:
                waiting._funcs.pop()
            # What comes later and finds its key would not wait again.
            for key in waiting.data.keys() - known:
                del waiting.data[key]
            raise

    def _tell_failure(self, order, error):
        """Say in the log and on the order that this rule failed, and stopped nothing else."""
        # sudo: rules are readable by administrators only, their names are told
        rule = self.sudo()
        _logger.warning("Automation rule %s failed on %s", rule.name, order.name, exc_info=True)
        self._note_failure(order, error)

    def _note_failure(self, order, error):
        """Say on the order that this rule failed."""
        # sudo: as above
        rule = self.sudo()
        # sudo: whoever changes the order may not write on it
        told = order.sudo()
        # For the colleagues, whoever causes it.
        lang = get_active_lang(self.env, told.company_id.partner_id.lang)
        told = told.with_context(lang=lang)
        told._message_log(
            body=told.env._(
                "The automation rule “%(rule)s” failed: %(reason)s",
                rule=rule.with_context(lang=lang).name,
                reason=str(error)[:1000],
            ),
            author_id=self.env.ref("base.partner_root").id,
        )

    def _tell_loop(self, order, running):
        """Say in the log and on the order that rules set each other's status."""
        around = [rule_id for rule_id, order_id in running if order_id == order.id]
        # sudo: rules are readable by administrators only, their names are told
        names = " → ".join(rule.name for rule in self.sudo().browse([*around, self.id]))
        _logger.warning(
            "Automation rules go round in a circle on %s, and were stopped: %s", order.name, names
        )
        # sudo: whoever changes the order may not write on it
        order.sudo()._message_log(
            body=self.env._(
                "Automation rules set each other's status or flag in a circle, and were stopped:"
                " %(rules)s",
                rules=names,
            )
        )
