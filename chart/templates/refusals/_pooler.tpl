{{/* What PgBouncer must not be told: other objects of the chart rely on it, or it would let in without a password or TLS. */}}
{{- define "billdb.problems.pooler" -}}
{{- if include "billdb.pooler" . }}
{{- $pooler := .Values.cloudnativepg.pooler }}
{{- range $name, $values := dict "auth_type" (list "hba") "client_tls_sslmode" (list "require" "verify-ca" "verify-full") "server_tls_sslmode" (list "verify-ca" "verify-full") }}
{{- $found := get $pooler.parameters $name | default (first $values) }}
{{- if not (has $found $values) }}
cloudnativepg.pooler.parameters.{{ $name }}: {{ $found }}, and then a password would not be asked for, or be sent without verified TLS; remove it, or set it to {{ join " or " $values }}
{{- end }}
{{- end }}
{{- range $path, $instead := dict "cluster" "" "type" "" "instances" "cloudnativepg.pooler.instances" "pgbouncer.poolMode" "" "pgbouncer.image" "cloudnativepg.pooler.image"
  "pgbouncer.imageCatalogRef" "cloudnativepg.pooler.image" "pgbouncer.parameters" "cloudnativepg.pooler.parameters" "pgbouncer.serverTLSSecret" "" "pgbouncer.authQuery" ""
  "pgbouncer.authQuerySecret" "" "template.spec.containers" "cloudnativepg.pooler.resources" "monitoring" "metrics" }}
{{- $place := splitList "." $path }}
{{- $found := $pooler.spec }}
{{- range initial $place }}
{{- $found = ternary $found dict (kindIs "map" $found) }}
{{- $found = get $found . }}
{{- end }}
{{- if and (kindIs "map" $found) (hasKey $found (last $place)) }}
cloudnativepg.pooler.spec.{{ $path }}: the chart itself sets it, and its other objects fit to that; remove it{{ with $instead }} and use {{ . }}{{ end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
