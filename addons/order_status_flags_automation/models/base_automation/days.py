import logging

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL, safe_eval

from odoo.addons.base_automation.models.base_automation import DATE_RANGE

from .rule import DAYS_IN_STATUS, LOOK_BACK

_logger = logging.getLogger(__name__)

BATCH = 100
# With another transaction: they pass by themselves.
CLASHES = (ConcurrencyError, *PG_CONCURRENCY_EXCEPTIONS_TO_RETRY)
DEFAULT_DAYS = 3
HOURLY = {"active": True, "interval_number": 1, "interval_type": "hours"}
# What makes a rule meet other orders than before.
MEETING = {"trigger", "trg_field_ref", "trg_date_range", "trg_date_range_type", "filter_domain"}


class BaseAutomation(models.Model):
    """The trigger *Days in status*, run by Odoo's own scheduled action of the rules.

    Once for each order and each time it enters the status. What a rule has run on is kept, since
    a window of time, as other rules have it, would leave out what failed or came back. Orders that
    were due long before the rule was switched on are left alone: it meets no archive.
    """

    _inherit = "base.automation"

    order_status_since = fields.Datetime(
        string="Leaves alone what was due before",
        copy=False,
        help="30 days before the rule is switched on, or meets other orders, unless you give"
        " another time.",
    )
    order_tried_until = fields.Integer(
        string="Tried until",
        readonly=True,
        copy=False,
        help="In a run that takes several turns: up to this id, orders on which it failed wait for"
        " the next run.",
    )
    order_tried_run = fields.Datetime(
        string="Tried in the run after",
        readonly=True,
        copy=False,
        help="Which run that is: when the one before was through.",
    )
    order_due_count = fields.Integer(
        string="Orders due now",
        compute="_compute_order_due_count",
        help="The rule runs on them within the hour, or once it is switched on.",
    )

    # === COMPUTE METHODS === #

    @api.depends(*MEETING, "active", "order_status_since")
    def _compute_order_due_count(self):
        for rule in self:
            is_ready = rule.trigger == DAYS_IN_STATUS and rule.trg_field_ref
            try:
                rule.order_due_count = rule._count_due_orders() if is_ready else 0
            # No sensible domain, which the form is there to mend.
            except (ValueError, TypeError, psycopg2.DataError):
                rule.order_due_count = 0

    def _count_due_orders(self):
        # The database may refuse a value, and is asked on. What waits to be written comes before,
        # by itself: a form that is just being edited keeps what it has in memory.
        self.env.flush_all()
        with self.env.cr.savepoint(flush=False):
            return self.env["sale.order"].search_count(self._get_due_domain())

    def _compute_trg_date_range_data(self):
        """Override of `base_automation` to count days in a status, three unless told otherwise."""
        ours = self.filtered(lambda rule: rule.trigger == DAYS_IN_STATUS)
        res = super(BaseAutomation, self - ours)._compute_trg_date_range_data()
        for rule in ours:
            rule.trg_date_range = rule.trg_date_range or DEFAULT_DAYS
            rule.trg_date_range_type = rule.trg_date_range_type or "day"
            rule.trg_date_range_mode = "after"
        return res

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Override of `base_automation` to leave alone what was due long before."""
        rules = super().create(vals_list)
        rules.filtered(lambda rule: not rule.order_status_since)._leave_old_orders_alone()
        return rules

    def write(self, vals):
        """Override of `base_automation` to leave alone what was due long before a change."""
        asleep = self.filtered(lambda rule: not rule.active)
        res = super().write(vals)
        if not MEETING.isdisjoint(vals) and not vals.get("order_status_since"):
            self._leave_old_orders_alone()
        if vals.get("active"):
            # One that is given while the rule is off is meant for now.
            asleep.filtered(lambda rule: not rule.order_status_since)._leave_old_orders_alone()
        elif "active" in vals:
            self.filtered("order_status_since").write({"order_status_since": False})
        return res

    def _leave_old_orders_alone(self):
        """Have these rules meet only what has become due in the last 30 days, or will."""
        rules = self.filtered(lambda rule: rule.trigger == DAYS_IN_STATUS and rule.active)
        if rules:
            rules.write({"order_status_since": fields.Datetime.now() - LOOK_BACK})

    # === ACTION METHODS === #

    def action_view_due_orders(self):
        """List the orders that this rule runs on next, or would once it is switched on.

        :return: the list of orders
        :raise AccessError: for whoever may not read rules
        """
        self.ensure_one()
        self.check_access("read")
        orders = self.env["sale.order"].search(self._get_due_domain())
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Due now: %s", self.name),
            "res_model": "sale.order",
            "views": [(False, "list"), (False, "form")],
            "domain": [("id", "in", orders.ids)],
            "context": {"create": False},
        }

    # === SCHEDULED ACTION === #

    def _update_cron(self):
        """Override of `base_automation` to have the scheduled action run for our rules, too."""
        res = super()._update_cron()
        cron = self.env.ref(
            "base_automation.ir_cron_data_base_automation_check", raise_if_not_found=False
        )
        rules = self.with_context(active_test=True)
        is_needed = rules.search_count([("trigger", "=", DAYS_IN_STATUS)], limit=1)
        # Nobody can write it while it runs, as Odoo says above: then it is active anyway.
        if cron and is_needed and cron.try_lock_for_update(allow_referencing=True):
            # Odoo, or an administrator, may have set it to something shorter.
            is_short = cron.interval_type == "minutes" and cron.interval_number <= 60
            values = {"active": True} if is_short else HOURLY
            changed = {name: value for name, value in values.items() if cron[name] != value}
            if changed:
                cron.write(changed)
        return res

    @api.model
    def _cron_process_time_based_actions(self):
        """Override of `base_automation` to run the rules about days in a status first.

        Odoo's own have their turn once all of these are through. When the time is up, the rest is
        reported as remaining: the scheduled action begins again at once, with time of its own.
        """
        rules = self.with_context(active_test=True).search([("trigger", "=", DAYS_IN_STATUS)])
        progress = self.env["ir.cron"]
        if progress._commit_progress() > 0 and all(rule._run_if_possible() for rule in rules):
            return super()._cron_process_time_based_actions()
        progress._commit_progress(remaining=1)
        return None

    def _run_if_possible(self):
        """Run this rule on the orders that are due; one whose domain is broken stops no other.

        Nor does one that clashes with another transaction, which may take its time: what is left
        waits for the next run.

        :return: whether there is time left
        :rtype: bool
        """
        try:
            return self._run_on_due_orders()
        except Exception as error:  # whatever a domain may bring
            # What was done before is committed, see `_run_on_due_orders`.
            self.env.cr.rollback()
            self.env.invalidate_all()
            level = logging.INFO if isinstance(error, CLASHES) else logging.WARNING
            # By its id: it may be gone.
            _logger.log(level, "Rule %s cannot be run", self.id, exc_info=True)
            return True

    def _run_on_due_orders(self):
        """Run this rule on all orders that are long enough in its status, in batches.

        :return: whether there is time left
        :rtype: bool
        """
        progress, failed, seconds_left = self.env["ir.cron"], [], 1
        while seconds_left and (orders := self._find_due_orders(failed)):
            failed += [order.id for order in orders if not self._run_on_due_order(order)]
            if failed and self._is_scheduled():
                # They have had their turn, and hold up no other when the action begins again.
                self.write({"order_tried_until": max(failed), "order_tried_run": self._get_run()})
            # One commit a batch: what was done is not done again when a later one is stopped.
            seconds_left = progress._commit_progress(len(orders))
        if seconds_left:
            self.last_run = fields.Datetime.now()
            # A rule that comes next may be rolled back.
            progress._commit_progress()
        return seconds_left > 0

    def _run_on_due_order(self, order):
        """Run this rule on an order and keep that it has; one that fails stops no other."""
        try:
            with self.env.cr.savepoint():
                self._keep_run(order)
                self._process_or_take_back(order)
            return True
        except CLASHES:
            raise  # the rule waits for the next run
        except Exception as error:
            _logger.warning("Rule %s failed on %s", self.name, order.name, exc_info=True)
            self.env.invalidate_all()
            self._tell_first_failure(order, error)
            return False

    def _keep_run(self, order, has_failed=False):
        """Keep that this rule has run on an order since it entered its status.

        :param bool has_failed: it has done nothing, and is tried again
        :return: whether it is the first time
        :rtype: bool
        """
        values = {
            "automation_id": self.id,
            "order_id": order.id,
            "entered": order.order_status_date,
        }
        run = self.env["order.status.rule.run"].search(
            [(name, "=", value) for name, value in values.items()]
        )
        if run:
            run.has_failed = has_failed
        else:
            run.create({**values, "has_failed": has_failed})
        return not run

    def _tell_first_failure(self, order, error):
        """Say on an order that this rule failed, once for each time it enters the status.

        Not each time: the rule tries it again every hour.
        """
        try:
            with self.env.cr.savepoint():
                if self._keep_run(order, has_failed=True):
                    self._note_failure(order, error)
        except CLASHES:
            raise  # the rule waits for the next run
        except Exception:  # an order that is deleted at this moment, say: it stops no other
            _logger.warning("Order %s is not told of the failure", order.id, exc_info=True)
            self.env.invalidate_all()

    @api.model
    def _leave_out_imported(self, changes):
        """Have no rule about days run on orders whose status came by an import.

        :param list[StatusChange] changes: the applied ones
        """
        # sudo: rules and their runs are the administrators', whoever imports
        entered = {change.order.sudo() for change in changes if change.enters_status}
        # Those that are off, too: they look back when they are switched on.
        rules = self.sudo().with_context(active_test=False)
        rules = rules.search([("trigger", "=", DAYS_IN_STATUS)])
        self.env["order.status.rule.run"].sudo().create(
            [
                {
                    "automation_id": rule.id,
                    "order_id": order.id,
                    "entered": order.order_status_date,
                }
                for rule in rules
                for order in entered
                if order.order_status_id.id == rule.trg_field_ref
            ]
        )

    def _find_due_orders(self, left_out):
        """Return a batch of orders that have been in the status of this rule for its days.

        :param list left_out: ids of orders that are not to be found
        """
        due = self._get_due_domain() & self._get_turn_domain() & Domain("id", "not in", left_out)
        return self.env["sale.order"].search(due, limit=BATCH, order="id")

    def _get_turn_domain(self):
        """Return what leaves out the orders on which this rule has failed in this run already."""
        is_same_run = self._is_scheduled() and self.order_tried_run == self._get_run()
        return Domain("id", ">", self.order_tried_until if is_same_run else 0)

    @api.model
    def _is_scheduled(self):
        """Whether the scheduled action runs; nothing tells runs apart that others begin."""
        return bool(self.env.context.get("cron_id"))

    @api.model
    def _get_run(self):
        """Return what tells the runs of the scheduled action apart: when the one before was
        through. It stays while what remains is done."""
        return self.env.context.get("lastcall") or False

    def _get_due_domain(self):
        """Return what finds the orders on which this rule is to run now."""
        now, delay = fields.Datetime.now(), self._get_delay()
        since = self.order_status_since or now - LOOK_BACK
        due = Domain("order_status_id", "=", self.trg_field_ref)
        due &= Domain("order_status_date", "<=", now - delay)
        due &= Domain("order_status_date", ">=", since - delay)
        due &= Domain.custom(to_sql=self._select_not_done)
        return due & self._get_order_domain()

    def _get_delay(self):
        return DATE_RANGE[self.trg_date_range_type or "day"] * self.trg_date_range

    def _get_order_domain(self):
        """Return what else this rule asks of an order."""
        if not self.filter_domain:
            return Domain.TRUE
        return Domain(safe_eval.safe_eval(self.filter_domain, self._get_eval_context()))

    def _select_not_done(self, _model, alias, _query):
        """Return SQL that leaves out the orders on which this rule has run since they entered
        their status, and those whose status the installation of the addons gave them.

        Asked of each candidate: of a list of those that were done, the archive would be the most.
        """
        return SQL(
            """(
            NOT EXISTS (
                SELECT FROM order_status_rule_run run
                 WHERE run.automation_id = %(rule)s
                   AND run.order_id = %(order)s.id
                   AND run.entered = %(order)s.order_status_date
                   AND run.has_failed IS NOT TRUE
            )
            AND (
                SELECT row.source
                  FROM sale_order_status_history row
                 WHERE row.order_id = %(order)s.id
                   AND row.status_id IS DISTINCT FROM row.previous_status_id
              ORDER BY row.id DESC
                 LIMIT 1
            ) IS DISTINCT FROM 'install'
            )""",
            rule=self._origin.id or None,
            order=SQL.identifier(alias),
        )
