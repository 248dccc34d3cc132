package metricsstore

// Bookmark belongs to what client-go 0.37 calls a store; 2.18.0 is written for an older one. Nothing asks for it here.
func (s *MetricsStore) Bookmark(string) {}

// LastStoreSyncResourceVersion belongs to it too.
func (s *MetricsStore) LastStoreSyncResourceVersion() string { return "" }
