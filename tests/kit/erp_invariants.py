"""What must hold between orders, feeds and customers, whoever worked on them at once.

Each statement selects what breaks the rule. What the clients of the feeds were told comes as
parameters: `feeds`, `orders`, `versions` of what they got last, and `erps`, `names`, `kinds`,
`numbers` of the documents that were taken.
"""

from kit.invariants import INVARIANTS

# The order of things by the clock, as triggers see it while the order is locked: numbers of
# transactions and ids of rows do not tell which of two came first.
AUDIT = (
    "CREATE TABLE test_audit (order_id integer, document_id integer, what text,"
    " moment timestamptz DEFAULT clock_timestamp())",
    """
    CREATE FUNCTION test_audit_document() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
        IF NEW.kind IN ('delivery', 'invoice', 'receipt') THEN
            INSERT INTO test_audit (order_id, document_id, what)
            VALUES (NEW.order_id, NEW.id,
                    CASE NEW.state WHEN 'open' THEN 'document' ELSE 'document gone' END);
        END IF;
        RETURN NULL;
    END$$
    """,
    """
    CREATE FUNCTION test_audit_history() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
        IF NEW.source = 'customer' AND EXISTS (
            SELECT FROM sale_order_status WHERE id = NEW.status_id AND category = 'rejected')
        THEN
            INSERT INTO test_audit (order_id, what) VALUES (NEW.order_id, 'cancelled');
        END IF;
        RETURN NULL;
    END$$
    """,
    "CREATE TRIGGER test_audit AFTER INSERT OR UPDATE OF state ON sale_order_erp_document"
    " FOR EACH ROW EXECUTE FUNCTION test_audit_document()",
    "CREATE TRIGGER test_audit AFTER INSERT ON sale_order_status_history"
    " FOR EACH ROW EXECUTE FUNCTION test_audit_history()",
)

GOT = "unnest(%(feeds)s::integer[], %(orders)s::integer[], %(versions)s::integer[])"
TOLD = "unnest(%(erps)s::integer[], %(names)s::text[], %(kinds)s::text[], %(numbers)s::text[])"


def get_invariants(wanted):
    """Return `{what must hold: statement}`.

    :param str wanted: statement that selects `feed_id` and `order_id` of the orders that feeds want
    """
    return {
        "every placed order was given to every feed that wants it, in its last version": f"""
            SELECT wanted.*, got.version, known.version
              FROM ({wanted}) wanted
         LEFT JOIN {GOT} got (feed_id, order_id, version) USING (feed_id, order_id)
         LEFT JOIN sale_order_erp_version known USING (order_id)
             WHERE got.version IS NULL OR got.version IS DISTINCT FROM known.version
        """,
        "no feed was given an order that it does not want": f"""
            SELECT got.*
              FROM {GOT} got (feed_id, order_id, version)
         LEFT JOIN ({wanted}) wanted USING (feed_id, order_id)
             WHERE wanted.order_id IS NULL
        """,
        "the order says which version each feed has fetched": f"""
            SELECT got.*, fetched.version
              FROM {GOT} got (feed_id, order_id, version)
         FULL JOIN order_flag_feed_fetch fetched USING (feed_id, order_id)
             WHERE got.version IS DISTINCT FROM fetched.version
        """,
        "no customer cancelled what an ERP had delivered or invoiced": """
            SELECT cancelled.order_id, document.document_id, document.moment, cancelled.moment
              FROM test_audit cancelled
              JOIN test_audit document
                ON document.order_id = cancelled.order_id AND document.what = 'document'
               AND document.moment < cancelled.moment
             WHERE cancelled.what = 'cancelled'
               AND NOT EXISTS (
                   SELECT FROM test_audit gone
                    WHERE gone.document_id = document.document_id
                      AND gone.what = 'document gone'
                      AND gone.moment BETWEEN document.moment AND cancelled.moment)
        """,
        "each document that a feed took is there, once, and no other": f"""
            SELECT told.*, found.*
              FROM {TOLD} told (feed_id, name, kind, number)
         FULL JOIN (
                   SELECT document.feed_id, so.name, document.kind, document.number, count(*)
                     FROM sale_order_erp_document document
                     JOIN sale_order so ON so.id = document.order_id
                 GROUP BY 1, 2, 3, 4
                   ) found USING (feed_id, name, kind, number)
             WHERE told.feed_id IS NULL OR found.count IS DISTINCT FROM 1
        """,
        "each document has its PDF once": """
            SELECT document.id
              FROM sale_order_erp_document document
              JOIN ir_attachment attachment
                ON attachment.res_model = 'sale.order.erp.document'
               AND attachment.res_id = document.id
          GROUP BY document.id
            HAVING count(*) > 1 OR max(document.attachment_id) != max(attachment.id)
        """,
    }


LAST = "(SELECT max(so.id) FROM sale_order_erp_version JOIN sale_order so ON so.id = order_id"
LAST += " WHERE so.was_placed AND so.document_type != 'sale')"
# One fault for each of them.
SEEDS = dict(
    zip(
        get_invariants(""),
        [
            f"UPDATE sale_order_erp_version SET version = version + 1 WHERE order_id = {LAST}",
            f"UPDATE sale_order SET document_type = 'sale', was_placed = false WHERE id = {LAST}",
            "DELETE FROM order_flag_feed_fetch WHERE id ="
            " (SELECT max(id) FROM order_flag_feed_fetch)",
            "INSERT INTO test_audit VALUES (0, 0, 'document', now()),"
            " (0, 0, 'cancelled', now() + interval '1 second')",
            "DELETE FROM sale_order_erp_document WHERE id ="
            " (SELECT max(id) FROM sale_order_erp_document)",
            "INSERT INTO ir_attachment (name, type, res_model, res_id) SELECT 'x', 'binary',"
            " 'sale.order.erp.document', max(id) FROM sale_order_erp_document"
            " WHERE attachment_id IS NOT NULL",
        ],
        strict=True,
    )
)

# The rules of the history that need no e-mails.
HISTORY = {
    name: statement
    for name, statement in INVARIANTS.items()
    if "mail" not in name and "subjects" not in statement
}
