-- Gives the role :role the password :password, which the shell read: no argument list has what is in it.
ALTER ROLE :"role" PASSWORD :'password';
\unset password
