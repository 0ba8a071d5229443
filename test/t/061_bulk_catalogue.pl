# Products and stock by statements of up to 30,000 rows (100,000 in the slow run) after one of a single row in the
# same session: the work a row stays the same (see CrmBulk.pm). Then customers by COPY, a million in the slow run:
# each gets its region and its row of metrics.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use CrmTest;
use CrmBulk;

my $CUSTOMERS = is_slow() ? 1_000_000 : 200_000;
my $node = bulk_node('catalogue');
my $PRODUCTS_OF_SET = 'product_id BETWEEN %n * 2 + 1 AND %n * 3';

stays_linear($node, <<'SQL',
INSERT INTO crm.product_category (product_category_id, name) VALUES (1, 'Goods');

-- One row of each kind first: whatever a session keeps of its first statement, it keeps of this one.
INSERT INTO crm.product (product_id, sku, name, product_category_id, currency_code, price, stock_quantity, reorder_level)
VALUES (1, 'P1', 'Product', 1, 'EUR', 1, 1000, 1000);
UPDATE crm.product SET stock_quantity = 999 WHERE product_id = 1;
UPDATE crm.product SET reorder_level = 0 WHERE product_id = 1;
INSERT INTO crm.stock_movement (product_id, quantity, reason) VALUES (1, 1, 'purchase');
SQL
	[ 'insert products', <<'SQL' ],
INSERT INTO crm.product (product_id, sku, name, product_category_id, currency_code, price, stock_quantity, reorder_level)
SELECT %n * 2 + n, 'P' || %n * 2 + n, 'Product ' || n, 1, 'EUR', 1 + n % 100, 1000 + n % 2, 1000
FROM generate_series(1, %n) AS n
SQL
	[ 'change stock', "UPDATE crm.product SET stock_quantity = stock_quantity + product_id % 7 - 10 WHERE $PRODUCTS_OF_SET" ],
	# Opens the alert of every other product and clears that of the others
	[ 'change level', "UPDATE crm.product SET reorder_level = product_id % 2 * 1005 WHERE $PRODUCTS_OF_SET" ],
	[ 'receive stock', <<'SQL' ]);
INSERT INTO crm.stock_movement (product_id, quantity, reason) SELECT %n * 2 + n, 20, 'purchase' FROM generate_series(1, %n) AS n
SQL
all_is_right($node);

# ---------------------------------------------------------------------------------------------
# Customers by COPY
# ---------------------------------------------------------------------------------------------

my $file = $node->basedir . '/customers.csv';

$node->safe_psql($node->name, <<"SQL");
INSERT INTO crm.region (region_id, name) SELECT n, 'Region ' || n FROM generate_series(1, 20) AS n;
INSERT INTO crm.region_coverage (country_code, state, region_id)
SELECT 'X' || chr(64 + n), '', n FROM generate_series(1, 15) AS n;
INSERT INTO crm.region_coverage (country_code, state, region_id) VALUES ('XA', 'North', 20);
COPY (
    SELECT n, 'First ' || n % 5000, 'Last ' || n, 'c' || n || '\@copy.example',
        CASE n % 20 WHEN 0 THEN NULL ELSE 'X' || chr(64 + (n % 20)::integer) END, CASE n % 40 WHEN 1 THEN 'North' END
    FROM generate_series(1, $CUSTOMERS) AS n
) TO '$file' WITH (FORMAT csv);
SQL
my ($cpu_us, $ms) = split /\|/, $node->safe_psql($node->name, <<"SQL");
SELECT bulk.cpu_us() AS cpu, extract(epoch FROM clock_timestamp()) AS clock \\gset
COPY crm.customer (customer_id, first_name, last_name, email, country_code, state) FROM '$file' WITH (FORMAT csv);
SELECT bulk.cpu_us() - :cpu, (extract(epoch FROM clock_timestamp()) - :clock) * 1000;
SQL
note sprintf('COPY of %d customers: %.1f s, %.1f us of CPU a row', $CUSTOMERS, $ms / 1000, $cpu_us / $CUSTOMERS);
is($node->safe_psql($node->name, 'SELECT count(*) FROM crm.customer'), $CUSTOMERS, 'all are there');
is($node->safe_psql($node->name, <<'SQL'), '0', 'each has the region that covers the address, or none');
SELECT count(*) FROM crm.customer AS c
LEFT JOIN crm.region_coverage AS s ON s.country_code = c.country_code AND s.state = c.state
LEFT JOIN crm.region_coverage AS l ON l.country_code = c.country_code AND l.state = ''
WHERE c.region_id IS DISTINCT FROM coalesce(s.region_id, l.region_id)
SQL
# 15 countries and a state are covered, four countries and no country at all are not.
is($node->safe_psql($node->name, <<'SQL'), "16|" . $CUSTOMERS / 4, 'by country, by state, and where nothing covers it');
SELECT count(DISTINCT region_id), count(*) FILTER (WHERE region_id IS NULL) FROM crm.customer
SQL
is($node->safe_psql($node->name, <<'SQL'), '0', 'each has its row of metrics');
SELECT count(*) FROM crm.customer AS c FULL JOIN crm.customer_metrics AS m USING (customer_id)
WHERE c.customer_id IS NULL OR m.customer_id IS NULL
SQL

$node->stop;
done_testing();
