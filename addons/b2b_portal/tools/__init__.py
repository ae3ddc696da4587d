from . import csv_export
from . import quick_order_parser
