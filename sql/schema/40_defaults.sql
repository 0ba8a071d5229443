-- 40_defaults: functions that crm_owner creates from here on are nobody's to call until they are granted.

ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
