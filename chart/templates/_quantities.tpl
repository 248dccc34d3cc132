{{/* Bytes of a quantity of Kubernetes (2.5Gi, 500M, 1e9) or of PostgreSQL (256MB), or thousandths of a CPU (500m): (dict "value" VALUE "unit" OF-A-BARE-NUMBER). */}}
{{- define "billdb.bytes" -}}
{{- $units := dict "m" 1 "kB" 1024 "MB" 1048576 "GB" 1073741824 "TB" 1099511627776 }}
{{- $units = merge $units (dict "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 "Pi" 1125899906842624 "Ei" 1152921504606846976) }}
{{- $units = merge $units (dict "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 "P" 1000000000000000 "E" 1000000000000000000) }}
{{- $text := .value | toString }}
{{- $number := regexFind "^[0-9.]+([eE][+]?[0-9]+)?" $text }}
{{- mulf (float64 $number) (get $units (trimPrefix $number $text) | default .unit) | int64 }}
{{- end }}

{{/*
A quantity in the form in which Kubernetes itself writes it: 1000m as 1, 2.5Gi as 2560Mi. An operator that writes an object back writes it so,
and what helm wrote otherwise would be the operator's from then on, which helm refuses to change.
*/}}
{{- define "billdb.quantity" -}}
{{- $text := kindIs "string" . | ternary . (toJson .) | toString }}
{{- $suffix := regexFind "[A-Za-z]+$" $text }}
{{- if regexMatch "[eE][+]?[0-9]+$" $text -}}
{{ $text }}
{{- else if and (eq $suffix "m") (eq (mod (trimSuffix "m" $text | int64) 1000) 0) -}}
{{ div (trimSuffix "m" $text | int64) 1000 }}
{{- else if eq $suffix "m" -}}
{{ $text }}
{{- else if and (not $suffix) (contains "." $text) -}}
{{ $thousandths := mulf (float64 $text) 1000 | int64 }}{{ if mod $thousandths 1000 }}{{ $thousandths }}m{{ else }}{{ div $thousandths 1000 }}{{ end }}
{{- else -}}
{{- $bytes := include "billdb.bytes" (dict "value" $text "unit" 1) | int64 }}
{{- $units := ternary (list "Ei" 1152921504606846976 "Pi" 1125899906842624 "Ti" 1099511627776 "Gi" 1073741824 "Mi" 1048576 "Ki" 1024 "" 1) (list "E" 1000000000000000000 "P" 1000000000000000 "T" 1000000000000 "G" 1000000000 "M" 1000000 "k" 1000 "" 1) (hasSuffix "i" $suffix) }}
{{- $written := "" }}
{{- range $index, $unit := $units }}
{{- if and (eq (mod $index 2) 1) (not $written) (eq (mod $bytes (int64 $unit)) 0) }}
{{- $written = printf "%d%s" (div $bytes (int64 $unit)) (index $units (sub $index 1 | int)) }}
{{- end }}
{{- end -}}
{{ $written }}
{{- end }}
{{- end }}

{{/* Requests and limits, each quantity so: a map like .Values.resources. */}}
{{- define "billdb.resources" -}}
{{- $written := dict }}
{{- range $kind, $quantities := . }}
{{- range $name, $quantity := $quantities }}
{{- if not (kindIs "invalid" $quantity) }}
{{- $_ := set $written $kind (set (get $written $kind | default dict) $name (include "billdb.quantity" $quantity)) }}
{{- end }}
{{- end }}
{{- end }}
{{- toYaml $written }}
{{- end }}

{{/* Bytes, as JSON: shared_buffers, those and work_mem once for every connection, and the limit of the server's memory, 0 without one. */}}
{{- define "billdb.memory" -}}
{{- $parameters := .Values.postgresql.parameters }}
{{- $shared := include "billdb.bytes" (dict "value" ($parameters.shared_buffers | default "128MB") "unit" 8192) | int64 }}
{{- $work := include "billdb.bytes" (dict "value" ($parameters.work_mem | default "4MB") "unit" 1024) | int64 }}
{{- $limit := ((.Values.resources | default dict).limits | default dict).memory | default 0 }}
{{- dict "shared" $shared "all" (add $shared (mul $work ($parameters.max_connections | default 100 | int64))) "limit" (include "billdb.bytes" (dict "value" $limit "unit" 1) | int64) | toJson }}
{{- end }}
