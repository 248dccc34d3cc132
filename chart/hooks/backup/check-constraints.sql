-- pg_restore has checked every constraint as it made it. Those that are NOT VALID are so where the backup was made.
SELECT format('constraint %s of %s is NOT VALID in the backup itself', conname, conrelid::regclass)
FROM pg_constraint INNER JOIN pg_class ON pg_class.oid = conrelid INNER JOIN pg_roles ON pg_roles.oid = relowner
WHERE NOT convalidated AND rolname = current_user;
