# Reads the beginning of each table's object in JSON, after a backslash and a blank, with which no line of COPY begins; then a line a row.
# Writes the objects with their rows.
function tell() {
  if (table) print substr(table, 1, length(table) - 1) ", \"rows\": " rows "}"
}
/^\\ / { tell(); table = substr($0, 3); rows = 0; next }
{ rows++ }
END { tell() }
