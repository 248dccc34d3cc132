-- What anyone would add to the design first: the most frequent query's index.
CREATE INDEX ON bill_inquiry_history (line_number, request_time DESC);
