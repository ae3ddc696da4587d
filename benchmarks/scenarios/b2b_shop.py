"""B2B shop: quick order, ordering from a template, and the shop's page."""

import gc
import time
from functools import partial

from agreements import sign_agreement
from data import LOGIN
from measure import commit, scenario

from odoo import Command

from odoo.addons.b2b_portal.pricelist_file import make_xlsx
from odoo.addons.product.models.product_pricelist import ProductPricelist

FULL, FEW, NO_APPROVAL = "bench_full", "bench_few", "bench_no_approval"
ROWS, TEMPLATE_LINES = 1000, 200
# database: (products of the shop, rules of the pricelist)
SIZES = {FULL: (5000, 1000), FEW: (500, 100), NO_APPROVAL: (5000, 1000)}


def open_shop(env):
    """Give the portal user of the benchmarks an agreement, and fill the shop, once.

    :return: the user's environment, the agreement and the products
    """
    user = env["res.users"].search([("login", "=", LOGIN)])
    agreement = user.partner_id._get_b2b_agreement()
    if not agreement:
        pricelist = env["product.pricelist"].create({"name": "Benchmark shop", "is_b2b": True})
        agreement = sign_agreement(env, user.partner_id, pricelist).sudo()
        fill_shop(env, agreement.pricelist_id)
        commit(env)
    products = env["product.product"].search([("default_code", "=like", "BENCH%")], order="id")
    return env(user=user.id), agreement, products.sudo()


def fill_shop(env, pricelist):
    """Make products, and a list with rules for a fifth of them and a quantity break."""
    count, with_rule = SIZES[env.cr.dbname]
    products = env["product.product"].create(
        [
            {
                "name": f"Shop article {number}",
                "default_code": f"BENCH{number}",
                "list_price": 10 + number % 97,
                "website_published": True,
            }
            for number in range(count)
        ]
    )
    rules = [
        {"product_tmpl_id": product.product_tmpl_id.id, "percent_price": 5 + number % 30}
        for number, product in enumerate(products[:with_rule])
    ]
    rules += [{"percent_price": 3}, {"percent_price": 12, "min_quantity": 10}]
    env["product.pricelist.item"].create(
        [{"pricelist_id": pricelist.id, "compute_price": "percentage", **rule} for rule in rules]
    )


def core_order(bench, lines):
    """Return a function that times core's creation of an order with these lines."""

    def create(env):
        user = env["res.users"].search([("login", "=", LOGIN)])
        env["sale.order"].create(
            {
                "partner_id": user.partner_id.id,
                "order_line": [
                    Command.create({"product_id": product_id, "product_uom_qty": quantity})
                    for product_id, quantity in lines
                ],
            }
        )

    return lambda: bench.sample(FULL, lambda env: env, create)[0]


@scenario
def b2b_quick_order(bench):
    """1,000 rows, preview and add together, against core's creation of that order."""
    with bench.transaction(FULL) as env:
        products = open_shop(env)[2][:ROWS]
        lines = [(product.id, 1 + number % 12) for number, product in enumerate(products)]
        text = "\n".join(
            f"{product.default_code};{quantity}"
            for product, (_id, quantity) in zip(products, lines, strict=True)
        )
    queries = []

    def order(shop):
        env, agreement, _products = shop
        quick_order = env["b2b.quick.order"]
        preview = quick_order._evaluate(agreement, quick_order._parse(text=text))
        assert {row["state"] for row in preview} == {"ok"}
        rows = quick_order._evaluate(agreement, quick_order._parse(text=text), priced=False)
        cart = env["sale.order"]._get_b2b_cart(agreement, create=True)
        cart._lock_b2b_cart()
        cart._add_b2b_lines(quick_order._get_wanted(rows))

    def own():
        seconds, count = bench.sample(FULL, open_shop, order)
        queries.append(count)
        return seconds

    bench.report("ratio", bench.alternate(core_order(bench, lines), own), queries=max(queries))
    bench.report("queries_per_100", max(queries) / (ROWS / 100))


@scenario
def b2b_template(bench):
    """Ordering a template of 200 lines, against core's creation of that order."""
    with bench.transaction(FULL) as env:
        products = open_shop(env)[2][:TEMPLATE_LINES]
        lines = [(product.id, 3) for product in products]

    def prepare(env):
        user_env, agreement, products = open_shop(env)
        template = user_env["sale.order"]._create_b2b_template(agreement, "Benchmark")
        template._add_b2b_template_lines(
            [(product, 3, product.uom_id) for product in products[:TEMPLATE_LINES]]
        )
        env.flush_all()
        env.invalidate_all()
        return template, agreement

    def own():
        return bench.sample(FULL, prepare, lambda args: args[0]._order_b2b_template(args[1]))[0]

    bench.report("ratio", bench.alternate(core_order(bench, lines), own))


@scenario
def b2b_pricelist_file(bench):
    """The price list of 5,000 products as XLSX, against core's prices of these, once."""
    with bench.transaction(FULL) as env:
        _user_env, agreement, products = open_shop(env)
        pricelist = agreement.pricelist_id

        def timed(act):
            env.flush_all()
            env.invalidate_all()
            gc.collect()
            started = time.perf_counter()
            act()
            return time.perf_counter() - started

        def core():
            return timed(lambda: ProductPricelist._compute_price_rule(pricelist, products, 1))

        def own():
            return timed(lambda: make_xlsx(agreement._get_pricelist_table()))

        bench.report("ratio", bench.alternate(core, own))


@scenario
def b2b_shop_page(bench):
    """`/my/b2b` with 5,000 and 500 products, against `/shop` with the same products and list."""
    for database in (FULL, FEW):
        with bench.transaction(database) as env:
            open_shop(env)
    compare_shops(bench, FULL, "ratio", "/shop", "/my/b2b")
    compare_shops(
        bench, FULL, "search_ratio", "/shop?search=article+4711", "/my/b2b?search=article+4711"
    )
    # What a buyer has typed so far: each letter asks once.
    compare_shops(bench, FULL, "suggest_ratio", "/shop?search=arti", "/my/b2b/suggest?search=arti")
    compare_shops(bench, FEW, "ratio_500_products", "/shop", "/my/b2b")


def compare_shops(bench, database, metric, *paths):
    visitor = bench.visitor(database, LOGIN)
    queries = {path: bench.page_queries(database, path, visitor) for path in paths}

    # Many short pairs, see `my_orders_page`.
    pages = (partial(visitor, path) for path in paths)
    bench.report(metric, bench.alternate(*pages, times=4), queries=queries)
