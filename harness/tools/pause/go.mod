module billdb/tools/pause

go 1.24.0
