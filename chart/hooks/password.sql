-- Gives the role :role the password of its file. The shell reads the file: no argument list and no environment has what is in it.
\set file :credentials /:role
\set password `cat :'file'`
ALTER ROLE :"role" PASSWORD :'password';
\unset password
