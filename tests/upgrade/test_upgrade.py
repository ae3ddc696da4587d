"""A database in use comes along with `-u all`: nothing lost, nothing mailed, all as it was.

`fill.py` fills a database with the addons of the release before (`19.0.1.0.0.tar.xz`, made by
`pack.py`). Every row of it is compared with what the update leaves, and the pages that people use
with what they showed. What a release changes on purpose is named here, with its reason.

A release adds its archive, what it changes to the lists below, and what it brings to `fill.py`.
"""

import json
import re
import time

import pytest
from common import manifests, read_text
from database import odoo, query, shell
from kit import traces
from kit.mails import Mails
from kit.rpc import Rpc
from kit.server import OdooServer
from release import Release
from snapshot import Snapshot, external_ids
from templates import ensure_plain, ensure_small

RELEASE = Release("19.0.1.0.0")

# Addons that took parts out of others. Their records keep their name, with the new addon's.
MOVED = {
    "b2b_portal": ("b2b_agreement", "b2b_pricelist", "b2b_portal_website_sale"),
    "order_status_flags": ("mail_delivery_retry", "http_resilience"),
    "order_status_flags_feed": (),
}
# Differences on purpose, and why.
INTENDED = {
    r"^\+ ir_cron_trigger ": "the update may wake a scheduled action, which waits for the server",
    r"^\+ ir_ui_view .*'mode': 'extension'.*'website_id': \d": (
        "Odoo copies a new view that extends one of which the website has an edited copy"
    ),
    r"^- column sale_order\.b2b_mail_pending$": "the history is the outbox of pro-formas, too",
    r"^\+ sale_order_status_history .*'mail_state': 'pending'.*": "a pro-forma that waits",
    r"^~ sale_order_status_history\.mail_state of \d+: 'none' -> 'pending'$": "the same, in the row"
    " that tells how the order was placed",
    r"^~ sale_order_status_history\.mail_due of \d+: ": "when that one is due",
    r"^- ir_actions_server_history .*_cron_send_b2b_proformas": "as the action itself",
    r"^- mail_message .*'model': '(ir\.actions\.server|ir\.cron)'": "the log of that action",
    r"^\+ ir_rule .*'B2B agreement: (own|all) documents'": "agreements are read like orders",
    r"^\+ mail_activity_type .*'Rejected, but goes on'": "tells what goes against that",
    r"^~ mail_template\.body_html of \d+: .*mailed_status_id": (
        "line breaks in the description of a status are kept; nothing else of the text changes"
    ),
    r"^- (ir_cron|ir_act_server) .*B2B: mail pro-formas": "the status e-mails' action does it",
    r"^\+ mail_activity_type .*'Renew the agreement'": "reminders have a type of their own",
    r"^- ir_cron_(trigger|progress) .*'cron_id': {proforma}\D": "see above",
    r"^~ ir_rule\.domain_force of \d+: .* -> .*(b2b_customer_id|parent_of)": (
        "orders stay with the customer they were made for; branches use what is their company's"
    ),
    r"^\+ ir_rule .*(stay with the customer|of the own company)": "see above",
    r"^\+ rule_group_rel ": "see above",
    r"^\+ base_automation ": "examples of rules, archived",
    r"^\+ ir_act_server .*'usage': 'base_automation'": "what they would do",
    r"^\+ ir_act_server_group_rel ": "the check of the codebook is for managers",
    r"^\+ ir_actions_server_history .*action_check_codebook": "the same",
    r"^\+ ir_rule .*'Question of a customer: ": "who reads what customers ask",
    r"^\+ mail_message .*<span>(Server Action|Scheduled Actions|Automation Rule) created<": (
        "the log of new actions"
    ),
    r"^\+ mail_template .*'Order status: pickup reminder'": "of one of the examples",
    r"^\+ sale_order_(flag|status) .*'(Waiting for goods|Ready for pickup)'": (
        "what the examples speak of, archived"
    ),
    r"^~ pg_sequences\.last of ir_sequence_\d+: ": "its code",
    r"^- ir_config_parameter .*base\.partially_updated_database": "Odoo's note until `-u all`",
    r"^\+ (ir_cron|ir_act_server) .*promised dates": "orders become late by time passing",
    r"^\+ ir_actions_server_history .*promise": "see above",
    r"^\+ (ir_cron|ir_act_server) .*remind of keys of feeds": "keys of ERPs end after a year",
    r"^\+ ir_actions_server_history .*_cron_remind_of_keys": "see above",
    r"^\+ mail_template .*'Order status: (delayed|link asked for)'": "e-mails that are new",
    r"^\+ mail_activity_type .*'Question of the customer'": "customers ask on their page",
    r"^\+ sale_order_status_event .*'code': 'erp_": "what happens in the ERP sets statuses",
    r"^\+ sale_order_status_event_rel ": "those that ship have these events, see decision 41",
    r"^\+ ir_rule .*'Documents in the ERP: ": "who reads the documents of orders",
    r"^\+ ir_rule .*'Orders fetched by ERPs: ": "who reads what an ERP has fetched",
}
PROFORMA_CRON = ("b2b_portal", "ir_cron_b2b_proforma_mail")
# External ids that are no more, and why.
GONE = {
    r"b2b_portal\.(field_sale_order__b2b_mail_pending|ir_cron_b2b_proforma_mail.*)": (
        "the history is the outbox of pro-formas, too"
    ),
    r"b2b_portal\.access_b2b_agreement_user": "agreements are read like orders",
}
# Parts of models, named anew by the sources with each update.
BY_SOURCES = (
    "ir.model.constraint",
    "ir.model.fields.selection",
    "ir.model.inherit",
    "ir.model.relation",
)
PAGES = {
    "buyer": (
        *("/my", "/my/orders", "/my/quotes", "/my/agreements", "/my/b2b", "/my/b2b/cart"),
        *("/my/b2b/templates", "/my/b2b/pricelist", "/my/b2b/quick-order", "/shop"),
    ),
    "rival": ("/my/orders", "/my/agreements", "/my/b2b", "/my/b2b/cart", "/shop"),
    "retail": ("/my", "/my/orders", "/my/quotes", "/shop"),
    "clerk": ("/odoo", "/my/orders", "/shop"),
}
AMOUNT = re.compile(r"\d[\d\s.,\xa0]*[.,]\d\d\b")


class Upgrade:
    """A database of the release before, and what the update made of it.

    :param str template: the filled database
    """

    def __init__(self, pg, database, template):
        self.server = OdooServer(pg, database, template, max_cron_threads=0)
        self.pg, self.database = pg, database

    def update(self, *options):
        """Update with the addons of now, where every mail that leaves would be caught."""
        settings = {"smtp_server": "127.0.0.1", "smtp_port": self.server.smtp_port}
        arguments = ["server", "--stop-after-init", "--no-http", *options]
        failure = f"the update of {self.database} failed"
        self.log = odoo(self.pg, self.database, *arguments, failure=failure, **settings)
        return Snapshot.take(self.pg, self.database)

    def query(self, statement, *parameters):
        return query(self.pg, statement, parameters or None, self.database)

    def complaints(self):
        """Return what Odoo logged above the level of information."""
        return re.findall(r"(?m)^\S+ \S+ \d+ (?:WARNING|ERROR|CRITICAL) .*", read_text(self.log))

    def differences(self, before, after):
        """Return the differences that nobody intended, a line each."""
        lines = before.compare(after, as_before)
        known = [pattern.replace("{proforma}", str(self.proforma_cron)) for pattern in INTENDED]
        lines = [line for line in lines if not any(re.search(one, line) for one in known)]
        return "\n".join(lines)

    def look(self):
        """Return `{(login, path): amounts on that page}` of what people open every day."""
        found = {}
        for login, paths in PAGES.items():
            browser = Rpc(self.server, login, login).http
            for path in paths:
                answer = browser.get(self.server.url + path, timeout=120)
                assert answer.status_code == 200, (login, path, answer.status_code)
                text = re.sub(r"<script.*?</script>|<[^>]+>", " ", answer.text, flags=re.DOTALL)
                found[login, path] = AMOUNT.findall(text)
        return found

    def take_before(self):
        """Remember all that there is, and the names it goes by."""
        self.before = Snapshot.take(self.pg, self.database)
        self.names = external_ids(self.pg, self.database, RELEASE.addons)
        _model, self.proforma_cron = self.names.get(PROFORMA_CRON, (None, None))
        self.mails = self.count_mails()
        self.waiting = self.count_waiting()

    def count_waiting(self):
        """Return how many e-mails about orders are to leave, wherever that is written down."""
        orders = self.before.rows["sale_order"].values()
        history = self.before.rows["sale_order_status_history"].values()
        proformas = [order for order in orders if order.get("b2b_mail_pending")]
        return len(proformas) + sum(row["mail_state"] == "pending" for row in history)

    def count_mails(self):
        # The log of an action or rule goes with it, and is no message to anybody.
        statement = (
            "SELECT (SELECT count(*) FROM mail_mail), (SELECT count(*) FROM mail_message"
            " WHERE model IS NULL"
            " OR model NOT IN ('ir.actions.server', 'ir.cron', 'base.automation'))"
        )
        return self.query(statement)


@pytest.fixture(scope="module")
def upgrade(pg):
    """The full database, updated: every addon, stock and the web shop."""
    template = RELEASE.ensure_filled(pg, ensure_plain(pg))
    whole = Upgrade(pg, "test_upgrade", template)
    # The old addons show their pages, nothing else happens meanwhile.
    whole.server.settings["addons_path"] = RELEASE.addons_path
    with whole.server as server:
        whole.pages = whole.look()
        server.stop()
        del server.settings["addons_path"]
        whole.take_before()
        whole.after = whole.update("-u", "all")
        whole.mails_after = whole.count_mails()
        yield whole


def test_nothing_is_lost_or_changed(upgrade):
    assert upgrade.differences(upgrade.before, upgrade.after) == ""


def test_nothing_is_mailed(upgrade):
    assert Mails(upgrade.server.mails, since_ever=True).all() == []
    assert upgrade.mails_after == upgrade.mails


def test_external_ids_lead_to_the_same_records(upgrade):
    addons = {*RELEASE.addons, *(name for names in MOVED.values() for name in names)}
    now = external_ids(upgrade.pg, upgrade.database, addons)
    lost = []
    for (module, name), (model, res_id) in upgrade.names.items():
        homes = (module, *MOVED.get(module, ()))
        if model in BY_SOURCES or any(re.fullmatch(one, f"{module}.{name}") for one in GONE):
            continue
        if (model, res_id) not in [now.get((home, name)) for home in homes]:
            lost.append(f"{module}.{name} ({model} {res_id})")
    assert "\n".join(lost) == ""


def test_update_has_no_complaints(upgrade):
    assert "\n".join(upgrade.complaints()) == ""


def test_every_addon_is_installed(upgrade):
    assert_installed(upgrade, [*RELEASE.addons, *dependencies(RELEASE.addons)])


def test_second_update_changes_nothing(upgrade):
    # Of ours alone: it takes a quarter of the time. All of them: see the small database.
    again = upgrade.update("-u", ",".join(RELEASE.addons))
    assert upgrade.differences(upgrade.after, again) == ""
    assert "\n".join(upgrade.complaints()) == ""


def test_pages_show_the_same_amounts(upgrade):
    with upgrade.server.instead():
        pages = upgrade.look()
        check_views(upgrade.server)
    assert pages["buyer", "/my/b2b"], "the shop shows prices"
    assert pages == upgrade.pages


def test_waiting_mails_leave_once(upgrade):
    mails = Mails(upgrade.server.mails, since_ever=True)
    with upgrade.server.instead(max_cron_threads=1):
        wait_for_empty_outbox(upgrade)
        time.sleep(3)
    subjects = [(mail["X-RcptTo"], mail["Subject"]) for mail in mails.all()]
    assert len(subjects) == len(set(subjects)), subjects
    assert len(subjects) == upgrade.waiting, subjects
    assert sum("Pro-forma" in subject for _to, subject in subjects) == 1, subjects


def test_addons_can_be_uninstalled(upgrade):
    remove(upgrade, "b2b_portal")
    assert not external_ids(upgrade.pg, upgrade.database, ["b2b_portal"])
    remove(upgrade, *manifests())
    names = external_ids(upgrade.pg, upgrade.database, [*manifests(), *RELEASE.addons])
    assert names == {}
    # Odoo leaves names of parts of a model that is gone, see docs/lifecycle.md.
    left = {("ir_model_data", "ir.model.fields.selection"), ("ir_model_data", "ir.model.inherit")}
    ends = traces.loose_ends(upgrade.pg, upgrade.database)
    assert {end for end in ends if end[:2] not in left} == set()


def test_order_status_alone_comes_along(pg):
    template = RELEASE.ensure_filled(pg, ensure_small(pg), ["order_status_flags"])
    small = Upgrade(pg, "test_upgrade_small", template)
    with small.server as server:
        server.stop()
        small.take_before()
        after = small.update("-u", "all")
        assert small.differences(small.before, after) == ""
        assert "\n".join(small.complaints()) == ""
        assert_installed(small, ["order_status_flags", *dependencies(["order_status_flags"])])
        again = small.update("-u", "all")
        assert small.differences(after, again) == ""
        assert small.count_mails() == small.mails
        assert Mails(server.mails, since_ever=True).all() == []


def as_before(column, value):
    """Return what users made of a view as it was: our names in it follow their addon."""
    if column not in ("ir_ui_view.key", "ir_ui_view.arch_db") or not value:
        return value
    text = json.dumps(value)
    for addon, homes in MOVED.items():
        for home in homes:
            text = text.replace(f"{home}.", f"{addon}.")
    return json.loads(text)


def dependencies(addons):
    """Return those of our addons that these need now, and that took parts out of them."""
    moved = {name for addon in addons for name in MOVED.get(addon, ())}
    needed = {name for addon in addons for name in manifests()[addon]["depends"]}
    return sorted((moved | needed) & set(manifests()))


def assert_installed(upgrade, addons):
    found = dict(
        upgrade.query("SELECT name, latest_version FROM ir_module_module WHERE state = 'installed'")
    )
    assert {name: found.get(name) for name in addons} == {
        name: manifests()[name]["version"] for name in addons
    }


def check_views(server):
    """Open every view of the models that are ours, and of sales orders, as the web client does."""
    admin = Rpc(server, "admin", "admin")
    names = [name for (name,) in server.query("SELECT DISTINCT model FROM ir_ui_view")]
    ours = re.compile(r"^(sale\.order(\.status.*|\.flag.*)?|b2b\..*|order\.flag.*)$")
    for model in filter(ours.match, filter(None, names)):
        views = server.query(
            "SELECT DISTINCT type FROM ir_ui_view WHERE model = %s AND type != 'qweb'", model
        )
        for (kind,) in views:
            admin.call(model, "get_views", [[False, kind]])


def wait_for_empty_outbox(upgrade, seconds=120):
    end = time.monotonic() + seconds
    statement = (
        "SELECT (SELECT count(*) FROM sale_order_status_history WHERE mail_state = 'pending')"
        " + (SELECT count(*) FROM mail_mail WHERE state = 'outgoing')"
    )
    while upgrade.query(statement) != [(0,)]:
        assert time.monotonic() < end, upgrade.query(
            "SELECT id, order_id, mail_state, mail_kind, mail_due, mail_mail_id, mail_error"
            " FROM sale_order_status_history WHERE mail_state = 'pending'"
        )
        time.sleep(0.5)


def remove(upgrade, *addons):
    """Uninstall addons, from Odoo's shell: no scheduled action is in the way."""
    script = (
        f"env['ir.module.module'].search([('name', 'in', {addons!r}),"
        " ('state', '=', 'installed')]).button_immediate_uninstall()\n"
    )
    shell(upgrade.pg, upgrade.database, script, f"{', '.join(addons)} not uninstalled")
