-- What the hook makes before the migrations.
CREATE SCHEMA audit;
