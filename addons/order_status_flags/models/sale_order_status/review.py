import re
from html import unescape

from odoo import api, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL

from ...codebook_finding import CodebookFinding

# What gives an order its first status.
ENTRY_EVENTS = ("order_placed", "order_confirmed")
MANAGER = "order_status_flags.group_status_manager"
# Shorter names are found in any text.
SHORTEST_NAME = 4
TRANSLATED = ("name", "description")


class SaleOrderStatus(models.Model):
    """The codebook of statuses: what in it may not be meant.

    Nothing here is an error, or it could not have been saved. A status that nothing leads to, or an
    e-mail that speaks of another status, is found by whoever looks at the whole.
    """

    _inherit = "sale.order.status"

    @api.model
    def action_check_codebook(self):
        """Check the codebooks and list what may not be meant.

        :return: the list, or one that says that nothing was found
        :raise AccessError: for whoever is no manager of the statuses
        """
        if not self.env.user.has_group(MANAGER):
            raise AccessError(
                self.env._("Only members of “Order status: Manager” may check the statuses.")
            )
        found = self._find_codebook_findings()
        lines = self.env["sale.order.status.finding"].create(
            [
                {
                    "kind": finding.kind,
                    "message": finding.message,
                    "res_model": finding.record._name,
                    "res_id": finding.record.id,
                    "record_name": finding.record.display_name,
                }
                for finding in found
            ]
        )
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "order_status_flags.sale_order_status_finding_action"
        )
        return {**action, "domain": [("id", "in", lines.ids)]}

    @api.model
    def _find_codebook_findings(self):
        """Return what may not be meant in the codebooks.

        Hook: addons with codebooks of their own add theirs.

        :rtype: list[CodebookFinding]
        """
        statuses = self.with_context(active_test=True).search(Domain.TRUE)
        return [
            *statuses._find_unreachable(),
            *statuses._find_dead_ends(),
            *self._find_idle_events(statuses),
            *self._find_archived_targets(),
            *_find_missing_translations(statuses, TRANSLATED),
            *_find_missing_translations(self.env["sale.order.flag"].search(Domain.TRUE), ["name"]),
            *statuses._find_mails_of_others(),
        ]

    # === WAYS === #

    def _meets(self, other):
        """Whether an order can have had this status when it gets the other one: kind and company
        fit both. Orders of a branch have those of the companies above it, too."""
        if self.document_type and other.document_type not in (False, self.document_type):
            return False
        # sudo: whoever manages the statuses of a branch may not read the companies above it
        mine, others = self.sudo().company_id, other.sudo().company_id
        return mine <= others.parent_ids or others <= mine.parent_ids

    def _get_ways(self):
        """Return which of these statuses may follow which. Taking up a rejected order again is
        an exception, and no way that an order goes.

        :return: ``{status: statuses}``
        :rtype: dict
        """
        ways = {}
        for status in self:
            following = status._get_followers()
            ways[status] = self.filtered(
                lambda other, status=status, following=following: (
                    other != status
                    and status.category != "rejected"
                    and status._meets(other)
                    and (not following or other in following)
                )
            )
        return ways

    def _find_unreachable(self):
        """Find statuses that no order can come to, from where orders begin."""
        carried = {status: set(status.event_ids.mapped("code")) for status in self}
        reached = self.filtered(lambda status: not carried[status].isdisjoint(ENTRY_EVENTS))
        if not reached:
            return []  # each order begins with what a clerk sets, which may be any
        # Cancelling leads out of every status, whatever may follow it.
        reached |= self.filtered(lambda status: "order_cancelled" in carried[status])
        ways, fresh = self._get_ways(), reached
        while fresh:
            fresh = self.browse().union(*(ways[status] for status in fresh)) - reached
            reached |= fresh
        return [
            CodebookFinding(
                "unreachable",
                status,
                self.env._(
                    "No order can come to “%(status)s”: no event begins with it, and it may follow"
                    " none of the statuses that orders come to.",
                    status=status.name,
                ),
            )
            for status in self - reached
        ]

    def _find_dead_ends(self):
        """Find statuses in which an order that is not done stays for ever."""
        ways = self._get_ways()
        ends = self.filtered(lambda status: status.category in ("done", "rejected"))
        done = ends.filtered(lambda status: status.category == "done")
        leading = done._find_leading_to(ways)
        # Where no status is done at all, what leads anywhere is no dead end.
        stuck = (self - ends).filtered(
            lambda status: status not in leading if done else not ways[status]
        )
        return [
            CodebookFinding(
                "dead_end",
                status,
                self.env._(
                    "“%(status)s” is a dead end: from it an order comes to no status of category"
                    " “Done”. Look at “May be followed by”.",
                    status=status.name,
                ),
            )
            for status in stuck
        ]

    def _find_leading_to(self, ways):
        """Return these statuses and all from which an order can come to one of them.

        :param dict ways: see ``_get_ways``
        """
        found = fresh = set(self)
        while fresh:
            fresh = {status for status, following in ways.items() if fresh & set(following)} - found
            found = found | fresh
        return self.union(*found)

    # === EVENTS, TARGETS === #

    @api.model
    def _find_idle_events(self, statuses):
        """Find events that set no status."""
        idle = self.env["sale.order.status.event"].search(Domain.TRUE) - statuses.event_ids
        return [
            CodebookFinding(
                "idle_event",
                event,
                self.env._(
                    "“%(event)s” sets no status: no status that is in use carries it.",
                    event=event.name,
                ),
            )
            for event in idle
        ]

    @api.model
    def _find_archived_targets(self):
        """Find flags in use that set an archived status."""
        flags = self.env["sale.order.flag"].search([("status_id.active", "=", False)])
        return [
            CodebookFinding(
                "archived_target",
                flag,
                self.env._(
                    "The flag “%(flag)s” sets the status “%(status)s”, which is archived: it can"
                    " no longer be set.",
                    flag=flag.name,
                    status=flag.status_id.name,
                ),
            )
            for flag in flags.filtered("status_id")
        ]

    # === WORDS === #

    def _find_mails_of_others(self):
        """Find statuses whose e-mail names another status, in one of its languages.

        Words that stand in the template count, not those that it takes from the order. A name
        that is part of the own one is none of another's.
        """
        found = []
        for status in self.filtered(lambda status: status._get_mail_template()):
            others = (self - status).filtered(status._meets)
            named = status._find_names_in_mail(others)
            if named:
                found.append(
                    CodebookFinding(
                        "mail_of_other",
                        status,
                        self.env._(
                            "The e-mail of “%(status)s” speaks of “%(others)s”: look at its"
                            " template “%(template)s”.",
                            status=status.name,
                            others="”, “".join(named.mapped("name")),
                            template=status.mail_template_id.name,
                        ),
                    )
                )
        return found

    def _find_names_in_mail(self, others):
        """Return which of the other statuses the template of this one names."""
        named = self.browse()
        # sudo: templates are not everybody's to read; only names of statuses come back
        template = self.mail_template_id.sudo()
        for lang, _name in self.env["res.lang"].get_installed():
            text = _get_plain_text(template.with_context(lang=lang))
            own = self.with_context(lang=lang).name.lower()
            for other in others.with_context(lang=lang):
                name = other.name.lower()
                if len(name) < SHORTEST_NAME or name in own:
                    continue
                if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text.replace(own, " ")):
                    named |= other
        return named.with_env(self.env)


def _get_plain_text(template):
    """Return the words that stand in a template, without those that it takes from the order."""
    subject = re.sub(r"\{\{.*?\}\}", " ", template.subject or "", flags=re.DOTALL)
    # What stands in an element that takes its words from the order is an example only.
    body = re.sub(
        r"<(\w+)\b[^>]*\bt-(?:out|esc|field)=[^>]*>.*?</\1>",
        " ",
        str(template.body_html or ""),
        flags=re.DOTALL,
    )
    body = re.sub(r"</?(?:a|b|em|font|i|span|strong|u)\b[^>]*>", "", body)
    body = unescape(re.sub(r"<[^>]*>", " ", body))
    return " ".join(f"{subject}\n{body}".lower().split())


def _find_missing_translations(records, names):
    """Return a finding for each record of a codebook that lacks a language in use.

    :param records: of ``sale.order.status`` or ``sale.order.flag``
    :param names: of translated fields
    :rtype: list[CodebookFinding]
    """
    env = records.env
    langs = {code: name for code, name in env["res.lang"].get_installed() if code != "en_US"}
    if not langs or not records:
        return []
    records.flush_recordset(names)
    columns = SQL(", ").join(SQL.identifier(name) for name in names)
    rows = env.execute_query(
        SQL(
            "SELECT id, %s FROM %s WHERE id IN %s",
            columns,
            SQL.identifier(records._table),
            records._ids,
        )
    )
    missing = {
        record_id: {code for code in langs for text in texts if text and not text.get(code)}
        for record_id, *texts in rows
    }
    return [
        CodebookFinding(
            "missing_translation",
            record,
            env._(
                "“%(name)s” is not translated into: %(languages)s.",
                name=record.name,
                languages=", ".join(
                    name for code, name in langs.items() if code in missing[record.id]
                ),
            ),
        )
        for record in records
        if missing.get(record.id)
    ]
