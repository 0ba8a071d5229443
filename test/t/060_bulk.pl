# Lines and orders by statements of up to 30,000 rows (100,000 in the slow run) after one of a single row in the
# same session: the work a row stays the same (see CrmBulk.pm).
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use CrmTest;
use CrmBulk;

my $node = bulk_node('bulk');
my $ORDERS_OF_SET = 'sales_order_id BETWEEN %f AND %t';
my $LINES_OF_SET = "$ORDERS_OF_SET AND line_no < 100";
my $PRODUCT_KEYS = product_keys();

stays_linear($node, <<"SQL",
INSERT INTO crm.customer (customer_id, last_name) SELECT n, 'Customer ' || n FROM generate_series(1, 1000) AS n;
INSERT INTO crm.product_category (product_category_id, name) VALUES (1, 'Goods');
INSERT INTO crm.product (product_id, sku, name, product_category_id, currency_code, price, stock_quantity, reorder_level)
SELECT n, 'P' || n, 'Product ' || n, 1, 'EUR', 1 + n % 100, 1000 + n % 2, 998 FROM ($PRODUCT_KEYS) AS k;

-- One row of each kind first: whatever a session keeps of its first statement, it keeps of this one.
INSERT INTO crm.sales_order (sales_order_id, customer_id) VALUES (1, 1);
INSERT INTO crm.sales_order (sales_order_id, customer_id) VALUES (2, 1);
INSERT INTO crm.order_item (sales_order_id, line_no, product_id, quantity) VALUES (1, 1, 1, 1);
INSERT INTO crm.order_item (sales_order_id, line_no, product_id, quantity) VALUES (1, 2, 1, 1);
UPDATE crm.order_item SET quantity = 2 WHERE sales_order_id = 1 AND line_no = 1;
UPDATE crm.order_item SET sales_order_id = 2 WHERE sales_order_id = 1 AND line_no = 1;
DELETE FROM crm.order_item WHERE sales_order_id = 1;
UPDATE crm.sales_order SET status = 'confirmed' WHERE sales_order_id = 2;
UPDATE crm.sales_order SET status = 'canceled' WHERE sales_order_id = 2;
SQL
	[ 'insert orders', <<'SQL' ],
INSERT INTO crm.sales_order (sales_order_id, customer_id) SELECT n, 1 + n % 1000 FROM generate_series(%f, %t) AS n
SQL
	[ 'one line each', <<'SQL', 'prepares' ],
INSERT INTO crm.order_item (sales_order_id, line_no, product_id, quantity)
SELECT n, 100, %n * 2 + 1 + n % %n, 1 FROM generate_series(%f, %t) AS n
SQL
	[ 'insert lines', <<'SQL' ],
INSERT INTO crm.order_item (sales_order_id, line_no, product_id, quantity)
SELECT %f + n % %o, 1 + n / %o, %n * 2 + 1 + (n * 7919::bigint) % %n, 1 + n % 3 FROM generate_series(0, %n - 1) AS n
SQL
	[ 'change quantity', "UPDATE crm.order_item SET quantity = quantity + 1 WHERE $LINES_OF_SET" ],
	[ 'change all', <<"SQL" ],
UPDATE crm.order_item SET sales_order_id = %f + %t - sales_order_id, line_no = line_no + 10,
    product_id = %n * 5 + 1 - product_id, unit_price = unit_price + 1 WHERE $LINES_OF_SET
SQL
	[ 'delete lines', "DELETE FROM crm.order_item WHERE $LINES_OF_SET" ],
	[ 'confirm orders', "UPDATE crm.sales_order SET status = 'confirmed' WHERE $ORDERS_OF_SET" ],
	[ 'cancel orders', "UPDATE crm.sales_order SET status = 'canceled' WHERE $ORDERS_OF_SET" ]);
all_is_right($node);

$node->stop;
done_testing();
