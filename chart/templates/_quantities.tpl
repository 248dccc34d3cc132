{{/* Bytes of a quantity of Kubernetes (1Gi, 500M) or of PostgreSQL (256MB): (dict "value" VALUE "unit" BYTES-OF-A-BARE-NUMBER). */}}
{{- define "billdb.bytes" -}}
{{- $units := dict "kB" 1024 "MB" 1048576 "GB" 1073741824 "TB" 1099511627776 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 }}
{{- $text := .value | toString }}
{{- $number := regexFind "^[0-9.e+]+" $text }}
{{- $unit := trimPrefix $number $text }}
{{- mulf (float64 $number) (get $units $unit | default .unit) | int64 }}
{{- end }}

{{/* Thousandths of a CPU: 500m, "1", 0.5. */}}
{{- define "billdb.millicores" -}}
{{- if hasSuffix "m" (toString .) }}{{ trimSuffix "m" . }}{{ else }}{{ mulf (float64 (toString .)) 1000 | int64 }}{{ end }}
{{- end }}
