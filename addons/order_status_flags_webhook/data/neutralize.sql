-- A copy of the database tells nobody.
UPDATE order_status_webhook SET active = false;
