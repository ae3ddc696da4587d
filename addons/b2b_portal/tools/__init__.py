from . import csv_export, quick_order_parser
