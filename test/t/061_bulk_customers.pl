# Customers by COPY, a million in the slow run: each gets its region and its row of metrics.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use CrmTest;

my $DB = 'crm_copy';
my $CUSTOMERS = is_slow() ? 1_000_000 : 200_000;

my $node = crm_node('copy', conf => "max_wal_size = 4GB\nshared_buffers = 256MB\n");
crm_database($node, $DB);
my $file = $node->basedir . '/customers.csv';

$node->safe_psql($DB, <<"SQL");
INSERT INTO crm.region (region_id, name) SELECT n, 'Region ' || n FROM generate_series(1, 20) AS n;
INSERT INTO crm.region_coverage (country_code, state, region_id)
SELECT 'X' || chr(64 + n), '', n FROM generate_series(1, 15) AS n;
INSERT INTO crm.region_coverage (country_code, state, region_id) VALUES ('XA', 'North', 20);
COPY (
    SELECT 100000 + n, 'First ' || n % 5000, 'Last ' || n, 'c' || n || '\@copy.example',
        CASE n % 20 WHEN 0 THEN NULL ELSE 'X' || chr(64 + (n % 20)::integer) END, CASE WHEN n % 40 = 1 THEN 'North' END
    FROM generate_series(1, $CUSTOMERS) AS n
) TO '$file' WITH (FORMAT csv);
SQL
my ($cpu, $ms) = split /\|/, $node->safe_psql($DB, <<"SQL");
SELECT split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::numeric / 1000 AS cpu, extract(epoch FROM clock_timestamp()) AS clock \\gset
COPY crm.customer (customer_id, first_name, last_name, email, country_code, state)
FROM '$file' WITH (FORMAT csv);
SELECT split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::numeric / 1000 - :cpu, (extract(epoch FROM clock_timestamp()) - :clock) * 1000;
SQL
note sprintf('COPY of %d customers: %.1f s, %.1f us of CPU a row', $CUSTOMERS, $ms / 1000, $cpu / $CUSTOMERS);
is($node->safe_psql($DB, 'SELECT count(*) FROM crm.customer WHERE customer_id > 100000'), $CUSTOMERS, 'all are there');
is($node->safe_psql($DB, <<'SQL'), '0', 'each has the region that covers the address, or none');
SELECT count(*) FROM crm.customer AS c
LEFT JOIN crm.region_coverage AS s ON s.country_code = c.country_code AND s.state = c.state
LEFT JOIN crm.region_coverage AS l ON l.country_code = c.country_code AND l.state = ''
WHERE c.customer_id > 100000 AND c.region_id IS DISTINCT FROM coalesce(s.region_id, l.region_id)
SQL
is($node->safe_psql($DB, <<'SQL'), '20|t', 'regions by country and by state were found');
SELECT count(DISTINCT coalesce(region_id, 0)) + 3, count(region_id) < count(*) FROM crm.customer WHERE customer_id > 100000
SQL
is($node->safe_psql($DB, <<'SQL'), '0', 'each has its row of metrics');
SELECT count(*) FROM crm.customer AS c FULL JOIN crm.customer_metrics AS m USING (customer_id)
WHERE c.customer_id IS NULL OR m.customer_id IS NULL
SQL

no_verify_difference($node, $DB, 'crm.verify() finds nothing');

$node->stop;
done_testing();
