module billdb/tools/cloudnative-pg

go 1.26.4

require (
	github.com/cloudnative-pg/cloudnative-pg v1.30.0 // indirect
	github.com/cloudnative-pg/plugin-barman-cloud v0.14.0 // indirect
)
