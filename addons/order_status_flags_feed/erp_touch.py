"""The triggers that note which orders changed, for the ERPs that fetch orders.

Triggers, and not overrides of ``write``: they see what the ORM recomputes, what other addons
write by SQL, lines that are removed along with something else, and cost no query of their own.
They look at whole rows and leave out what is known not to matter, so that a field of another
addon counts too, and none that is removed breaks them. Rows are compared as they are stored: to
write each of them as JSON takes eight times as long. A row that is noted too often does no harm:
whether an order really changed is decided when it is fetched, by its content.

Removed by ``DROP`` when the addon is uninstalled.
"""

import json

# Columns that hold nothing of what an ERP is told.
QUIET_ORDER = (
    "write_date",
    "write_uid",
    "access_token",
    "customer_status_id",
    "delivery_status",
    "external_ref",
    "invoice_status",
    "order_flag_id",
    "order_flag_note",
    "order_status_date",
    "order_status_id",
    "order_tracking_token",
)
QUIET_LINE = (
    "write_date",
    "write_uid",
    "amount_invoiced",
    "amount_to_invoice",
    "invoice_status",
    "qty_delivered",
    "qty_invoiced",
    "qty_to_invoice",
    "untaxed_amount_invoiced",
    "untaxed_amount_to_invoice",
)
# What an address is made of, and by whom it is known.
ADDRESS = (
    "ref",
    "name",
    "commercial_company_name",
    "is_company",
    "vat",
    "email",
    "phone",
    "street",
    "street2",
    "zip",
    "city",
    "state_id",
    "country_id",
    "parent_id",
    "commercial_partner_id",
)
PAYMENT = ("state", "amount", "currency_id", "provider_id", "payment_method_id")
# What names an article in a line.
ARTICLE = ("default_code", "barcode")
# An ERP that could not take an order over is told what was mended; one that has it knows the
# article by then, and the archive does not come again for a new name.
UNREGISTERED = """
               sale_order.was_placed
           AND sale_order.state != 'cancel'
           AND COALESCE(sale_order.external_ref, '') = ''
           AND NOT EXISTS (
               SELECT FROM sale_order_erp_document document
                WHERE document.order_id = sale_order.id
                  AND document.kind = 'order'
                  AND document.state = 'open'
               )
"""

TABLES = """
CREATE TABLE IF NOT EXISTS sale_order_erp_touch (
    id bigserial,
    order_id integer NOT NULL,
    feed_position bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (order_id, feed_position)
);
CREATE INDEX IF NOT EXISTS sale_order_erp_touch_position_idx
    ON sale_order_erp_touch (feed_position, id);
CREATE TABLE IF NOT EXISTS sale_order_erp_version (
    order_id integer PRIMARY KEY REFERENCES sale_order ON DELETE CASCADE,
    version integer NOT NULL,
    digest text NOT NULL,
    raised_position bigint NOT NULL,
    raised_touch bigint NOT NULL,
    seen_touch bigint NOT NULL
);
"""

# No reference to `sale_order`: a note must not wait for whoever holds the order's row.
# One row an order and transaction; its number moves on, so that what is changed after a look
# within the same transaction lies behind that look.
NOTE = """
    INSERT INTO sale_order_erp_touch (order_id) %s
    ON CONFLICT (order_id, feed_position)
    DO UPDATE SET id = nextval('sale_order_erp_touch_id_seq')
"""
TOUCH = f"""
CREATE OR REPLACE FUNCTION sale_order_erp_touch_orders(touched integer[])
RETURNS void LANGUAGE sql AS $$
{NOTE % "SELECT id FROM sale_order WHERE id = ANY(touched) AND was_placed ORDER BY id"}
$$;
"""

FUNCTION = """
CREATE OR REPLACE FUNCTION sale_order_erp_touch_%(name)s() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    partners integer[];
    noted integer[];
    touched integer[];
    taken_back integer[];
    watched boolean;
BEGIN
%(body)s
    IF touched IS NOT NULL THEN
        PERFORM sale_order_erp_touch_orders(touched);
    END IF;
    RETURN NULL;
END
$$;
"""


def _differs(columns):
    """Return whether a row is another one, these columns and those that are not there aside."""
    nothing = json.dumps(dict.fromkeys(columns))
    emptied = (f"jsonb_populate_record({alias}, '{nothing}')" for alias in "no")
    return " *<> ".join(emptied)


def _row_of(alias, columns):
    return "ROW(" + ", ".join(f"{alias}.{column}" for column in columns) + ")"


ORDERS = f"""
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(id) INTO touched FROM new_rows WHERE was_placed;
    ELSE
        -- A status or a tag may let an order in that an ERP reads nothing new of.
        watched := EXISTS (SELECT FROM order_flag_feed WHERE active AND watches_orders);
        SELECT array_agg(n.id) FILTER (WHERE n.was_placed),
               array_agg(n.id ORDER BY n.id) FILTER (WHERE n.was_placed IS NOT TRUE)
          INTO touched, taken_back
          FROM new_rows n JOIN old_rows o ON o.id = n.id
         -- What is placed is news; only of what was placed before whole rows are compared.
         WHERE CASE WHEN n.was_placed IS NOT TRUE
                    THEN o.was_placed IS TRUE
                    WHEN o.was_placed AND watched
                    THEN n *<> o
                    WHEN o.was_placed
                    THEN {_differs(QUIET_ORDER)}
                    ELSE TRUE
                END;
        -- An ERP that has the order hears that it is none any more.
        IF taken_back IS NOT NULL THEN
            {NOTE % "SELECT unnest(taken_back)"};
        END IF;
    END IF;
"""
LINES = f"""
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(DISTINCT order_id) INTO touched FROM new_rows;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(DISTINCT order_id) INTO touched FROM old_rows;
    ELSE
        -- Lines of carts and quotations are written far more often than those of orders.
        SELECT array_agg(id) INTO touched
          FROM sale_order
         WHERE was_placed AND id = ANY(ARRAY(SELECT order_id FROM new_rows));
        IF touched IS NULL THEN
            RETURN NULL;
        END IF;
        -- What this transaction has noted is fetched anyway, and the lines of an order are written
        -- several times while it is placed: to note it again costs less than to compare them.
        SELECT array_agg(order_id) INTO noted
          FROM sale_order_erp_touch
         WHERE order_id = ANY(touched) AND xmin = pg_current_xact_id()::xid;
        SELECT array_agg(DISTINCT n.order_id) INTO touched
          FROM new_rows n JOIN old_rows o ON o.id = n.id
         WHERE n.order_id = ANY(touched)
           AND CASE WHEN n.order_id = ANY(noted)
                    THEN TRUE
                    ELSE {_differs(QUIET_LINE)}
                END;
    END IF;
"""
# By an array, which PostgreSQL looks up by the index, where it reads all lines for a subquery.
LINE_TAXES = """
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(DISTINCT line.order_id) INTO touched
          FROM sale_order_line line
         WHERE line.id = ANY(ARRAY(SELECT sale_order_line_id FROM new_rows));
    ELSE
        SELECT array_agg(DISTINCT line.order_id) INTO touched
          FROM sale_order_line line
         WHERE line.id = ANY(ARRAY(SELECT sale_order_line_id FROM old_rows));
    END IF;
"""
# The reference of a company stands for its contacts that have none.
PARTNERS = f"""
    WITH RECURSIVE changed AS (
        SELECT n.id, n.ref IS DISTINCT FROM o.ref AS has_new_ref
          FROM new_rows n JOIN old_rows o ON o.id = n.id
         WHERE {_row_of("n", ADDRESS)} IS DISTINCT FROM {_row_of("o", ADDRESS)}
    ), family AS (
        SELECT id FROM changed WHERE has_new_ref
         UNION
        SELECT contact.id FROM res_partner contact JOIN family ON contact.parent_id = family.id
    )
    SELECT array_agg(id) INTO partners
      FROM (SELECT id FROM changed UNION SELECT id FROM family) concerned;
    -- Most of what is written of a contact is no part of its address.
    IF partners IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT array_agg(id) INTO touched
      FROM (
        SELECT id FROM sale_order WHERE partner_id = ANY(partners)
         UNION
        SELECT id FROM sale_order WHERE partner_invoice_id = ANY(partners)
         UNION
        SELECT id FROM sale_order WHERE partner_shipping_id = ANY(partners)
           ) concerned;
"""
# A capture and a refund are known by the payment that they belong to, a refund of a capture by
# the one before that.
TRANSACTIONS = f"""
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(DISTINCT link.sale_order_id) INTO touched
          FROM new_rows n
          LEFT JOIN payment_transaction source ON source.id = n.source_transaction_id
          JOIN sale_order_transaction_rel link
            ON link.transaction_id
               IN (n.id, n.source_transaction_id, source.source_transaction_id);
    ELSE
        SELECT array_agg(DISTINCT link.sale_order_id) INTO touched
          FROM new_rows n
          JOIN old_rows o ON o.id = n.id
          LEFT JOIN payment_transaction source ON source.id = n.source_transaction_id
          JOIN sale_order_transaction_rel link
            ON link.transaction_id
               IN (n.id, n.source_transaction_id, source.source_transaction_id)
         WHERE {_row_of("n", PAYMENT)} IS DISTINCT FROM {_row_of("o", PAYMENT)};
    END IF;
"""
PAYMENT_LINKS = """
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(DISTINCT sale_order_id) INTO touched FROM new_rows;
    ELSE
        SELECT array_agg(DISTINCT sale_order_id) INTO touched FROM old_rows;
    END IF;
"""

ARTICLES = f"""
    SELECT array_agg(DISTINCT sale_order.id) INTO touched
      FROM new_rows n
      JOIN old_rows o ON o.id = n.id
      JOIN sale_order_line line ON line.product_id = n.id
      JOIN sale_order ON sale_order.id = line.order_id
     WHERE {_row_of("n", ARTICLE)} IS DISTINCT FROM {_row_of("o", ARTICLE)}
       AND {UNREGISTERED};
"""
TERMS = f"""
    SELECT array_agg(sale_order.id) INTO touched
      FROM new_rows n
      JOIN old_rows o ON o.id = n.id
      JOIN sale_order ON sale_order.payment_term_id = n.id
     WHERE n.name IS DISTINCT FROM o.name
       AND {UNREGISTERED};
"""

# name: (table, what it is fired by, which orders it concerns)
TRIGGERS = {
    "orders": ("sale_order", ("INSERT", "UPDATE"), ORDERS),
    "lines": ("sale_order_line", ("INSERT", "UPDATE", "DELETE"), LINES),
    "line_taxes": ("account_tax_sale_order_line_rel", ("INSERT", "DELETE"), LINE_TAXES),
    "partners": ("res_partner", ("UPDATE",), PARTNERS),
    "transactions": ("payment_transaction", ("INSERT", "UPDATE"), TRANSACTIONS),
    "payment_links": ("sale_order_transaction_rel", ("INSERT", "DELETE"), PAYMENT_LINKS),
    "articles": ("product_product", ("UPDATE",), ARTICLES),
    "terms": ("account_payment_term", ("UPDATE",), TERMS),
}
SEEN = {
    "INSERT": "NEW TABLE AS new_rows",
    "UPDATE": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "DELETE": "OLD TABLE AS old_rows",
}


def get_statements():
    """Return the statements that make tables, functions and triggers, or make them anew.

    Once a statement of the application, not once a row: a bulk write fires each once.
    """
    statements = [TABLES, TOUCH]
    for name, (table, events, body) in TRIGGERS.items():
        statements.append(FUNCTION % {"name": name, "body": body})
        for event in events:
            trigger = f"sale_order_erp_touch_{name}_{event.lower()}"
            statements.append(f"DROP TRIGGER IF EXISTS {trigger} ON {table}")
            statements.append(
                f"CREATE TRIGGER {trigger} AFTER {event} ON {table}"
                f" REFERENCING {SEEN[event]} FOR EACH STATEMENT"
                f" EXECUTE FUNCTION sale_order_erp_touch_{name}()"
            )
    return statements


def get_removal():
    """Return the statements that leave nothing of it."""
    return [
        *(
            f"DROP FUNCTION IF EXISTS sale_order_erp_touch_{name}() CASCADE"  # its triggers too
            for name in TRIGGERS
        ),
        "DROP FUNCTION IF EXISTS sale_order_erp_touch_orders(integer[])",
        "DROP TABLE IF EXISTS sale_order_erp_touch",
        "DROP TABLE IF EXISTS sale_order_erp_version",
    ]
