"""B2B prices: a whole assortment on a pricelist with a rule for every other product."""

import gc
import time

from measure import scenario

from odoo.addons.product.models.product_pricelist import ProductPricelist

FULL = "bench_full"
PRODUCTS, RULES = 2000, 1000


def make_assortment(env):
    """Make 2,000 products, half with a discount, and a B2B list with 1,000 product rules."""
    products = env["product.product"].create(
        [
            {
                "name": f"Article {number}",
                "list_price": 10 + number / 10,
                "default_code": f"B{number}",
            }
            for number in range(PRODUCTS)
        ]
    )
    # Discounts where there are rules and where there are none.
    products[RULES // 2 : RULES // 2 + PRODUCTS // 2].b2b_discount = 12.5
    pricelist = env["product.pricelist"].create({"name": "Benchmark", "is_b2b": True})
    env["product.pricelist.item"].create(
        [
            {
                "pricelist_id": pricelist.id,
                "product_tmpl_id": product.product_tmpl_id.id,
                "compute_price": "percentage",
                "percent_price": number % 30,
            }
            for number, product in enumerate(products[:RULES])
        ]
    )
    return products, pricelist


@scenario
def b2b_prices(bench):
    """Prices of 2,000 products on a list with 1,000 rules, against core on the same list."""
    with bench.transaction(FULL) as env:
        products, pricelist = make_assortment(env)
        queries = []

        def timed(act):
            env.flush_all()
            env.invalidate_all()
            gc.collect()
            before, started = env.cr.sql_log_count, time.perf_counter()
            act()
            seconds = time.perf_counter() - started
            queries.append(env.cr.sql_log_count - before)
            return seconds

        def core():
            seconds = timed(lambda: ProductPricelist._compute_price_rule(pricelist, products, 1))
            queries.pop()
            return seconds

        def own():
            return timed(lambda: pricelist._compute_price_rule(products, 1))

        bench.report("ratio", bench.alternate(core, own))
        bench.report("queries_per_100", max(queries) / (PRODUCTS / 100), queries=max(queries))

        # What pages and downloads call: taxes, list price and source as well.
        queries.clear()

        def ask():
            prices = pricelist._get_pricer(env.company).prices((product, 1) for product in products)
            for price in prices:
                assert price.net <= price.list_net
                assert price.subtotal <= price.total
                assert price.source

        details = timed(ask)
        bench.report(
            "details_queries_per_100", queries[-1] / (PRODUCTS / 100), seconds=round(details, 2)
        )
