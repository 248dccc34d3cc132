{{/*
What the schema of the values cannot say. Each template gives one line a problem: KEY: what was found; what to do.
They look into the cluster only where helm has one: a namespace there holds the ConfigMap kube-root-ca.crt.
*/}}

{{- define "billdb.problems" -}}
{{ include "billdb.problems.parameters" . }}
{{ include "billdb.problems.memory" . }}
{{ include "billdb.problems.resources" . }}
{{- if lookup "v1" "ConfigMap" .Release.Namespace "kube-root-ca.crt" }}
{{ include "billdb.problems.secrets" . }}
{{ include "billdb.problems.claim" . }}
{{- end }}
{{- end }}

{{- define "billdb.problems.parameters" -}}
{{- $owned := dict "port" "service.port" "ssl" "tls.mode" "data_directory" "persistence.mountPath" "hba_file" "postgresql.hba" }}
{{- range $name, $_ := .Values.postgresql.parameters }}
{{- if or (has $name (list "listen_addresses" "config_file" "ident_file" "external_pid_file" "unix_socket_directories" "include" "include_dir" "include_if_exists")) (hasPrefix "ssl_" $name) (hasKey $owned $name) }}
postgresql.parameters.{{ $name }}: the chart itself sets it; remove it{{ with get $owned $name }} and use {{ . }}{{ end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "billdb.problems.memory" -}}
{{- with .Values.resources.limits }}
{{- if .memory }}
{{- $parameters := $.Values.postgresql.parameters }}
{{- $shared := include "billdb.bytes" (dict "value" ($parameters.shared_buffers | default "128MB") "unit" 8192) | int64 }}
{{- $work := include "billdb.bytes" (dict "value" ($parameters.work_mem | default "4MB") "unit" 1024) | int64 }}
{{- $connections := $parameters.max_connections | default 100 | int64 }}
{{- $needed := add $shared (mul $work $connections) }}
{{- if gt $needed (include "billdb.bytes" (dict "value" .memory "unit" 1) | int64) }}
resources.limits.memory: {{ .memory }}, but shared_buffers and work_mem for each of {{ $connections }} connections are {{ div $needed 1048576 }}Mi; raise it, or lower postgresql.parameters.shared_buffers, work_mem or max_connections
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "billdb.problems.resources" -}}
{{- range $key, $resources := dict "resources" .Values.resources "schema.resources" .Values.schema.resources }}
{{- $requests := $resources.requests | default dict }}
{{- $limits := $resources.limits | default dict }}
{{- if and $requests.memory $limits.memory }}
{{- if gt (include "billdb.bytes" (dict "value" $requests.memory "unit" 1) | int64) (include "billdb.bytes" (dict "value" $limits.memory "unit" 1) | int64) }}
{{ $key }}.requests.memory: {{ $requests.memory }} is more than {{ $key }}.limits.memory, {{ $limits.memory }}; lower the one or raise the other
{{- end }}
{{- end }}
{{- if and $requests.cpu $limits.cpu }}
{{- if gt (include "billdb.millicores" $requests.cpu | int64) (include "billdb.millicores" $limits.cpu | int64) }}
{{ $key }}.requests.cpu: {{ $requests.cpu }} is more than {{ $key }}.limits.cpu, {{ $limits.cpu }}; lower the one or raise the other
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "billdb.problems.secrets" -}}
{{- $wanted := dict }}
{{- with .Values.auth.existingSecret }}{{ $_ := set $wanted "auth.existingSecret" (list . "postgres-password") }}{{ end }}
{{- with .Values.tls.existingSecret }}{{ $_ := set $wanted "tls.existingSecret" (list . "tls.crt" "tls.key" "ca.crt") }}{{ end }}
{{- range $key, $names := $wanted }}
{{- $secret := lookup "v1" "Secret" $.Release.Namespace (first $names) }}
{{- if not $secret }}
{{ $key }}: no Secret {{ first $names }} in namespace {{ $.Release.Namespace }}; create it first, with the keys {{ rest $names | join ", " }}
{{- else }}
{{- range rest $names }}
{{- if not (hasKey ($secret.data | default dict) .) }}
{{ $key }}: the Secret {{ first $names }} has no key {{ . }}; its keys are: {{ keys ($secret.data | default dict) | sortAlpha | join ", " }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* A claim's class and access modes cannot be changed, and its size cannot shrink. */}}
{{- define "billdb.problems.claim" -}}
{{- $name := include "billdb.name.pvc" . }}
{{- $claim := lookup "v1" "PersistentVolumeClaim" .Release.Namespace $name }}
{{- $class := include "billdb.name.storageClass" . }}
{{- if .Values.persistence.existingClaim }}
{{- if not $claim }}
persistence.existingClaim: no PersistentVolumeClaim {{ $name }} in namespace {{ .Release.Namespace }}; create it first
{{- end }}
{{- else if $claim }}
{{- if ne $class $claim.spec.storageClassName }}
persistence.storageClass: {{ $class }}, but the claim {{ $name }} has {{ $claim.spec.storageClassName }} and cannot change it; {{ if eq $claim.status.phase "Bound" }}set persistence.storageClass to {{ $claim.spec.storageClassName }}{{ else }}it holds no data yet: kubectl delete pvc -n {{ .Release.Namespace }} {{ $name }}, then try again{{ end }}
{{- end }}
{{- if ne (.Values.persistence.accessModes | join ",") ($claim.spec.accessModes | join ",") }}
persistence.accessModes: {{ .Values.persistence.accessModes | join "," }}, but the claim {{ $name }} has {{ $claim.spec.accessModes | join "," }} and cannot change it; set it to that
{{- end }}
{{- $size := $claim.spec.resources.requests.storage }}
{{- if lt (include "billdb.bytes" (dict "value" .Values.persistence.size "unit" 1) | int64) (include "billdb.bytes" (dict "value" $size "unit" 1) | int64) }}
persistence.size: {{ .Values.persistence.size }}, but the claim {{ $name }} has {{ $size }} and cannot shrink; set it to {{ $size }} or more
{{- end }}
{{- else if and .Values.storageClass.create (ne $class .Values.storageClass.name) (not (lookup "storage.k8s.io/v1" "StorageClass" "" $class)) }}
persistence.storageClass: no StorageClass {{ $class }} in this cluster; it has: {{ range (lookup "storage.k8s.io/v1" "StorageClass" "" "").items }}{{ .metadata.name }} {{ end }}
{{- end }}
{{- end }}
