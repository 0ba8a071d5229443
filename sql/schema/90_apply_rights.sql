-- 90_apply_rights: row-level security and grants on everything that the modules before have made.

SELECT crm._apply_policies();
SELECT crm._apply_grants();
