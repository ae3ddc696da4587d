from odoo import api, fields, models
from odoo.tools import SQL


class B2bRegistrationGuard(models.Model):
    """One row an address of the net: who registers from there comes one after the other.

    A count alone lets strangers past a limit who post at the same moment. Each changes the row, so
    the second one is run again by Odoo, on fresh data. The address itself is not kept.
    """

    _name = "b2b.registration.guard"
    _description = "Limit of B2B Registrations"
    _rec_name = "key"

    key = fields.Char(required=True, help="Hash of the address.")
    count = fields.Integer(string="Registrations", default=0, required=True)

    _key_uniq = models.Constraint("UNIQUE (key)", "One row an address.")

    @api.model
    def _take_turn(self, key):
        """Wait for another registration from the same address.

        :param str key: hash of the address
        :raise SerializationFailure: when another one came first; Odoo runs this one again
        """
        self.env.execute_query(
            SQL(
                """
                INSERT INTO b2b_registration_guard (key, count, write_date)
                     VALUES (%(key)s, 1, now() AT TIME ZONE 'UTC')
                ON CONFLICT (key)
                  DO UPDATE SET count = b2b_registration_guard.count + 1,
                                write_date = now() AT TIME ZONE 'UTC'
                  RETURNING id
                """,
                key=key,
            )
        )
        self.invalidate_model()

    @api.autovacuum
    def _forget(self):
        """Forget addresses that nobody registered from for a day."""
        old = fields.Datetime.subtract(fields.Datetime.now(), days=1)
        self.search([("write_date", "<", old)], limit=10_000).unlink()
