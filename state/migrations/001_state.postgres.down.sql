DROP FUNCTION audit_refuse();
