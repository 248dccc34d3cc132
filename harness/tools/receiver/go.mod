module billdb/tools/receiver

go 1.24.0
