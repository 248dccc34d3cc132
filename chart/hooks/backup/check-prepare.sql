-- Who owns an index checks it: that may run what its owner wrote.
CREATE SCHEMA amcheck;
CREATE EXTENSION amcheck SCHEMA amcheck;
GRANT USAGE ON SCHEMA amcheck TO PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA amcheck TO PUBLIC;
