-- 39_shared_comments: comments of the columns that many tables share, where a table has none of its own.

DO $shared_comments$
DECLARE
    target record;
BEGIN
    FOR target IN
        SELECT c.relname, a.attname, shared.comment
        FROM pg_catalog.pg_class AS c
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        JOIN (VALUES
            ('created_at', 'When the row was inserted; set by the database.'),
            ('updated_at', 'When a column that clients may write was last changed; set by the database.'),
            (
                'created_by',
                'Who inserted the row: the login or, behind a connection pool, '
                'the identified member of staff.'
            ),
            (
                'updated_by',
                'Who last changed the row: the login or, behind a connection pool, '
                'the identified member of staff.'
            ),
            (
                'row_version',
                'Rises by 1 with each change of a column that clients may write; '
                'an update that sends an older number is refused (RM003).'
            ),
            (
                'customer_id',
                'Customer that the row belongs to; kept equal to the parent''s by a composite foreign key.'
            )
        ) AS shared (attname, comment) ON shared.attname = a.attname
        WHERE c.relnamespace = 'crm'::regnamespace
          AND c.relkind IN ('r', 'p')
          AND pg_catalog.pg_has_role(c.relowner, 'USAGE')
          AND pg_catalog.col_description(c.oid, a.attnum) IS NULL
        ORDER BY c.relname, a.attnum
    LOOP
        EXECUTE pg_catalog.format(
            'COMMENT ON COLUMN crm.%I.%I IS %L', target.relname, target.attname, target.comment
        );
    END LOOP;
END
$shared_comments$;
