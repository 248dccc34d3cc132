-- Gives the role :role its password. The shell reads it here, so that no argument list has what is in it.
\set password `if [ :role = bill_inquiry_owner ]; then echo "$OWNER_PASSWORD"; else cat "$CREDENTIALS/":role; fi`
ALTER ROLE :"role" PASSWORD :'password';
\unset password
