"""The company as a customer: approvals, statement, part numbers, the page of an article."""

import gc
import time
from collections import defaultdict
from datetime import timedelta
from functools import partial

from agreements import SIGNATURE, sign_agreement
from data import LOGIN, copy_children, insert_copies, reserve_ids
from measure import commit, scenario

from odoo import Command, fields
from odoo.tools import SQL

from odoo.addons.b2b_pricelist.pricing import PriceLine
from odoo.addons.order_status_flags.table_csv import make_csv

from scenarios.b2b_shop import FULL, NO_APPROVAL, open_shop

LINES = (5, 100)
REQUESTS, ITEMS = 10_000, 10_000
# Logins of colleagues, in the order of their steps.
APPROVERS = ("bench-head", "bench-director", "bench-owner")
# What core's list of journal items shows of an open item.
ITEM_FIELDS = [
    *("date", "move_name", "ref", "name", "date_maturity"),
    *("debit", "credit", "amount_residual"),
]


def make_portal_user(env, login, **values):
    """Return a portal user with this login and password, made once."""
    users = env["res.users"].with_context(no_reset_password=True)
    return users.search([("login", "=", login)]) or users.create(
        {
            "name": login,
            "login": login,
            "password": login,
            "email": f"{login}@example.com",
            "group_ids": [Command.set(env.ref("base.group_portal").ids)],
            **values,
        }
    )


# === APPROVALS === #


def make_approvers(env):
    """Return the members of the buyer's company who decide, one for each step, made once."""
    buyer = env["res.users"].search([("login", "=", LOGIN)]).partner_id
    members = env["b2b.member"]
    for login in APPROVERS:
        partner = make_portal_user(env, login, parent_id=buyer.id).partner_id
        members |= members.search([("partner_id", "=", partner.id)]) or members.create(
            {"partner_id": partner.id, "may_approve": True}
        )
    return members


def make_rules(env):
    """Give the buyer's company five rules, with three steps, and a budget, once.

    :return: its cost centre
    """
    members = make_approvers(env)
    customer = members.company_partner_id
    center = env["b2b.cost.center"].search([("partner_id", "=", customer.id)])
    if center:
        return center
    center = center.create({"partner_id": customer.id, "code": "100", "name": "Workshop"})
    env["b2b.budget"].create(
        {
            "cost_center_id": center.id,
            "date_start": "2000-01-01",
            "date_end": "2100-12-31",
            "amount": 1e9,
            "policy": "approval",
        }
    )
    steps = [
        Command.create({"sequence": 10 * number, "member_ids": [Command.set(member.ids)]})
        for number, member in enumerate(members, 1)
    ]
    category = env["product.category"].create({"name": "Benchmark"})
    values = [
        {"condition": "always", "step_ids": steps},
        {"condition": "amount", "amount": 1, "step_ids": steps[:1]},
        {"condition": "address", "step_ids": steps[:1]},
        {"condition": "category", "category_ids": [Command.set(category.ids)]},
        {"condition": "budget"},
    ]
    env["b2b.approval.rule"].create(
        [{"partner_id": customer.id, "name": one["condition"], **one} for one in values]
    )
    return center


def fill_cart(env, count):
    """Return the agreement and the buyer's cart, with so many articles."""
    user_env, agreement, products = open_shop(env)
    cart = user_env["sale.order"]._get_b2b_cart(agreement, create=True)
    cart.order_line.unlink()
    cart._add_b2b_lines([PriceLine(one, 2, one.uom_id) for one in products[:count]])
    env.flush_all()
    env.invalidate_all()
    return agreement, cart


def check_out(prepared, **form):
    """Do what the POST of the checkout does."""
    agreement, cart = prepared
    cart._lock_b2b_cart()
    seen = cart._get_b2b_stored_statement()
    values, problems = cart._prepare_b2b_checkout_values(agreement, form)
    cart._set_b2b_shipping(values["partner_shipping_id"])
    cart._refresh_b2b_lines()
    today = cart._get_b2b_today()
    problems += cart._get_b2b_checkout_problems(agreement, today["untaxed"])
    now = cart._get_b2b_statement(today)
    problems += cart._get_b2b_changes(seen, today, now)
    assert not problems, problems
    cart = cart.with_context(b2b_stated=now)
    with cart.env.cr.savepoint():
        cart._place_b2b_order(values)
        cart._check_b2b_as_stated(seen)
    cart._get_b2b_placed_url()


@scenario
def approval_checkout(bench):
    """The checkout with five rules, three steps and a budget, against one without the addon."""
    with bench.transaction(FULL) as env:
        open_shop(env)
        center_id = make_rules(env).id
        commit(env)
    with bench.transaction(NO_APPROVAL) as env:
        open_shop(env)
    queries = defaultdict(list)

    def request(prepared):
        check_out(prepared, cost_center_id=str(center_id))
        order = prepared[1]
        assert order.b2b_qualifier == "approval"
        assert len(order._get_b2b_approval().task_ids) >= len(APPROVERS)

    def place(prepared):
        check_out(prepared)
        assert prepared[1].b2b_qualifier == "order"

    def sample(database, count, act):
        seconds, taken = bench.sample(database, lambda env: fill_cart(env, count), act)
        queries[database, count].append(taken)
        return seconds

    for count in LINES:
        # More of the short ones, see `my_orders_page`.
        ratios = bench.alternate(
            partial(sample, NO_APPROVAL, count, place),
            partial(sample, FULL, count, request),
            times=3 if count == LINES[0] else 1,
        )
        bench.report(f"ratio_{count}_lines", ratios)
    # The fewest of all runs: where the clock's second passes within a checkout, the time of the
    # order is stored once more, with an addon or without, and more often in longer checkouts.
    fewest = {key: min(taken) for key, taken in queries.items()}
    more = {count: fewest[FULL, count] - fewest[NO_APPROVAL, count] for count in LINES}
    bench.report("more_queries", max(more.values()), more=more)
    bench.report("growth_of_more_queries", more[LINES[1]] - more[LINES[0]])


def make_requests(env):
    """Make 10,000 requests of the buyer's company, half of them decided, all asked of one person.

    Two come from the checkout, the others are copies of these.
    """
    Approval = env["b2b.approval"]
    if Approval.search_count([]) >= REQUESTS:
        return
    center = make_rules(env)
    member = make_approvers(env)[0]
    for is_open in (False, True):
        agreement, cart = fill_cart(env, 5)
        check_out((agreement, cart), cost_center_id=str(center.id))
        approval = Approval.browse(cart._get_b2b_approval().id)
        if not is_open:
            approval.with_user(member.partner_id.user_ids).decline("Not now")
        env.flush_all()
        copy_request(env, approval, REQUESTS // 2 - 1)
    env.cr.execute("ANALYZE")
    env.invalidate_all()


def copy_request(env, approval, count):
    order = approval.order_id
    orders = reserve_ids(env, order, count)
    changed = {
        "id": SQL("%s + n", orders),
        "access_token": SQL("md5(random()::text)"),
        "order_tracking_token": SQL("NULL"),
    }
    insert_copies(env, order, changed, count)
    for line in order.order_line:
        copy_children(env, line, "order_id", orders, count)
    requests = copy_children(env, approval, "order_id", orders, count)
    decisions = {
        one: copy_children(env, one, "approval_id", requests, count)
        for one in approval.decision_ids
    }
    copy_links(approval, "asked_member_ids", requests, count)
    for task in approval.task_ids:
        decision = decisions.get(task.decision_id)
        changed = {"decision_id": SQL("%s + n", decision)} if decision else {}
        tasks = copy_children(env, task, "approval_id", requests, count, **changed)
        copy_links(task, "member_ids", tasks, count)


def copy_links(record, name, start, count):
    """Give copies of a record what it has in a many-to-many field.

    :param str name: of the field
    :param int start: before the id of the first copy
    """
    field = record._fields[name]
    record.env.cr.execute(
        SQL(
            "INSERT INTO %(table)s (%(own)s, %(other)s) SELECT %(start)s + n, %(other)s"
            " FROM %(table)s, generate_series(1, %(count)s) n WHERE %(own)s = %(id)s",
            table=SQL.identifier(field.relation),
            own=SQL.identifier(field.column1),
            other=SQL.identifier(field.column2),
            start=start,
            count=count,
            id=record.id,
        )
    )


@scenario
def approvals_page(bench):
    """`/my/b2b/approvals` with 10,000 requests in the database, against `/my/orders`."""
    with bench.transaction(FULL) as env:
        open_shop(env)
        make_requests(env)
        commit(env)
    visitor = bench.visitor(FULL, APPROVERS[0])
    paths = ("/my/orders", "/my/b2b/approvals")
    queries = {path: bench.page_queries(FULL, path, visitor) for path in paths}
    assert "approvals/page/2" in visitor.answer.text
    pages = (partial(visitor, path) for path in paths)
    bench.report("ratio", bench.alternate(*pages, times=4), queries=queries)


# === STATEMENT === #


def make_items(env):
    """Make 10,000 open items of a customer, an entry and a day each.

    :return: the customer
    """
    accounts = env["account.account"].create(
        [
            {"name": "Debtors", "code": "BENCH1", "account_type": "asset_receivable"},
            {"name": "Sales", "code": "BENCH2", "account_type": "income"},
        ]
    )
    journal = env["account.journal"].create({"name": "Bench", "code": "BNCH", "type": "general"})
    customer = env["res.partner"].create({"name": "Customer with 10,000 items"})
    today = fields.Date.today()
    move = env["account.move"].create(
        {
            "journal_id": journal.id,
            "date": today,
            "line_ids": [
                Command.create(
                    {
                        "account_id": account.id,
                        "partner_id": customer.id,
                        "date_maturity": today,
                        "debit": debit,
                        "credit": 100 - debit,
                    }
                )
                for account, debit in zip(accounts, (100, 0), strict=True)
            ],
        }
    )
    move.action_post()
    env.flush_all()
    count = ITEMS - 1
    start = reserve_ids(env, move, count)
    name, day = SQL("'BNCH/' || n"), SQL("date - n %% 300")
    due = SQL("date - n %% 300 + n %% 60")
    changed = {"id": SQL("%s + n", start), "name": name, "date": day}
    insert_copies(env, move, changed, count)
    changed = {"move_name": name, "date": day, "date_maturity": due}
    for line in move.line_ids:
        copy_children(env, line, "move_id", start, count, **changed)
    env.cr.execute("ANALYZE account_move, account_move_line")
    return customer


@scenario
def statement(bench):
    """The statement of 10,000 items as a file, against core's open items of that customer.

    Community has no report of aged receivables. What its users have is the list of journal items
    of the customer, grouped by due date: the sums of each month, and the items.
    """
    with bench.transaction(FULL) as env:
        customer = make_items(env)
        today = fields.Date.today()
        period = today - timedelta(days=400), today
        domain = [
            ("partner_id", "=", customer.id),
            ("account_id.account_type", "=", "asset_receivable"),
            ("parent_state", "=", "posted"),
            ("reconciled", "=", False),
        ]

        def timed(act):
            env.flush_all()
            env.invalidate_all()
            gc.collect()
            started = time.perf_counter()
            assert act() == ITEMS
            return time.perf_counter() - started

        def core():
            items = env["account.move.line"]
            items.formatted_read_group(
                domain, ["date_maturity:month"], ["amount_residual:sum", "__count"]
            )
            return len(items.search_read(domain, ITEM_FIELDS, order="date_maturity"))

        def own():
            found = customer._get_b2b_statement(env.company, *period)
            make_csv(customer._get_b2b_statement_table(found, *period))
            return len(found["rows"])

        bench.report("ratio", bench.alternate(partial(timed, core), partial(timed, own)))


# === PAGES === #


def make_shop_user(env, login, pricelist):
    """Return a buyer of another company with the same prices, made once."""
    user = make_portal_user(env, login)
    if not user.partner_id._get_b2b_agreement():
        sign_agreement(env, user.partner_id, pricelist)
    return user


@scenario
def part_numbers_page(bench):
    """`/my/b2b` of a customer with own numbers of every article, against one of one without."""
    without, having = "bench-without", "bench-numbers"
    with bench.transaction(FULL) as env:
        _user_env, agreement, products = open_shop(env)
        make_shop_user(env, without, agreement.pricelist_id)
        partner = make_shop_user(env, having, agreement.pricelist_id).partner_id
        references = env["customer.product.reference"]
        if not references.search_count([("partner_id", "=", partner.id)]):
            references.create(
                [
                    {
                        "partner_id": partner.id,
                        "product_id": product.id,
                        "customer_product_reference": f"OWN-{number}",
                    }
                    for number, product in enumerate(products)
                ]
            )
        commit(env)
    visitors = [bench.visitor(FULL, login) for login in (without, having)]
    path = "/my/b2b"
    queries = [bench.page_queries(FULL, path, visitor) for visitor in visitors]
    assert "OWN-" in visitors[1].answer.text and "OWN-" not in visitors[0].answer.text
    pages = (partial(visitor, path) for visitor in visitors)
    bench.report("ratio", bench.alternate(*pages, times=8), queries=queries)


def make_article(env):
    """Return an article of the shop with a picture, a description and six variants, made once."""
    templates = env["product.template"]
    if found := templates.search([("name", "=", "Bench article")]):
        return found.product_variant_ids[:1]
    attributes = env["product.attribute"].create(
        [
            {"name": name, "value_ids": [Command.create({"name": value}) for value in values]}
            for name, values in (("Size", ("S", "M", "L")), ("Colour", ("Red", "Blue")))
        ]
    )
    return templates.create(
        {
            "name": "Bench article",
            "list_price": 25,
            "website_published": True,
            "image_1920": SIGNATURE,
            "description_sale": "For indoors and outdoors.",
            "description_ecommerce": "<p>Solid, and easy to clean.</p>",
            "attribute_line_ids": [
                Command.create(
                    {"attribute_id": one.id, "value_ids": [Command.set(one.value_ids.ids)]}
                )
                for one in attributes
            ],
        }
    ).product_variant_ids[:1]


@scenario
def product_page(bench):
    """The page of an article, against core's of the same one, customer and pricelist."""
    with bench.transaction(FULL) as env:
        products = {"": make_article(env), "_plain_article": open_shop(env)[2][:1]}
        commit(env)
        pages = {
            suffix: (one.product_tmpl_id.website_url, f"/my/b2b/product/{one.id}", one.name)
            for suffix, one in products.items()
        }
    visitor = bench.visitor(FULL, LOGIN)
    for suffix, (*paths, name) in pages.items():
        queries = {}
        for path in paths:
            queries[path] = bench.page_queries(FULL, path, visitor)
            assert name in visitor.answer.text
        ratios = bench.alternate(*(partial(visitor, path) for path in paths), times=4)
        bench.report(f"ratio{suffix}", ratios, queries=queries)
