{{/* Bytes of a quantity of Kubernetes (1Gi, 500M) or of PostgreSQL (256MB), or thousandths of a CPU (500m): (dict "value" VALUE "unit" OF-A-BARE-NUMBER). */}}
{{- define "billdb.bytes" -}}
{{- $units := dict "m" 1 "kB" 1024 "MB" 1048576 "GB" 1073741824 "TB" 1099511627776 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 }}
{{- $text := .value | toString }}
{{- $number := regexFind "^[0-9.e+]+" $text }}
{{- $unit := trimPrefix $number $text }}
{{- mulf (float64 $number) (get $units $unit | default .unit) | int64 }}
{{- end }}
