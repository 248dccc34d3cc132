{{/* What the objects of monitoring have in common. */}}

{{- define "billdb.metrics.scheme" }}{{ ternary "https" "http" .Values.metrics.tls.enabled }}{{ end }}
{{- define "billdb.metrics.host" }}{{ include "billdb.name.metrics" . }}.{{ .Release.Namespace }}.svc.{{ .Values.clusterDomain }}{{ end }}

{{/* The port at which CloudNativePG's instances tell of themselves, which cannot be chosen; nothing where nobody asks, or with a StatefulSet. */}}
{{- define "billdb.metrics.instances" }}{{ if and .Values.metrics.enabled (eq .Values.engine "cloudnativepg") }}9187{{ end }}{{ end }}

{{/* What a pod is annotated with that is found by annotations: (dict "root" $ "port" NUMBER); nothing where it is not. */}}
{{- define "billdb.metrics.annotations" -}}
{{- if and .root.Values.metrics.enabled (eq .root.Values.metrics.scrape "annotations") -}}
prometheus.io/scrape: "true"
prometheus.io/port: {{ .port | toString | quote }}
prometheus.io/path: /metrics
prometheus.io/scheme: {{ include "billdb.metrics.scheme" .root }}
{{- end }}
{{- end }}

{{/* Who makes the certificate of its port: generated, certManager, or nothing where there is none or it is brought along. */}}
{{- define "billdb.metrics.certificate" -}}
{{- $metrics := .Values.metrics }}
{{- if and $metrics.enabled $metrics.tls.enabled (not $metrics.tls.existingSecret) }}{{ ternary "certManager" "generated" (eq .Values.tls.mode "certManager") }}{{ end }}
{{- end }}
{{- define "billdb.metrics.names" }}{{ include "billdb.certificates.namesOf" (dict "root" . "services" (list (include "billdb.name.metrics" .)) "others" list) }}{{ end }}

{{/* The exporter's files: the queries as one, and with TLS what exporter-toolkit serves. */}}
{{- define "billdb.metrics.files" -}}
queries.yaml: |
  {{- range $path, $_ := .Files.Glob "monitoring/queries/*.yaml" }}
  {{- $.Files.Get $path | nindent 2 }}
  {{- end }}
take-password.sh: |
  {{- .Files.Get "monitoring/take-password.sh" | nindent 2 }}
{{- if .Values.metrics.tls.enabled }}
# It reads both files anew at each handshake, so that a renewed certificate needs no restart.
web.yaml: |
  tls_server_config:
    cert_file: /tls-metrics/tls.crt
    key_file: /tls-metrics/tls.key
    min_version: {{ .Values.tls.minVersion | replace "v" "" | replace "." "" }}
{{- end }}
{{- end }}

{{- define "billdb.metrics.command" -}}
- /bin/postgres_exporter
- --web.listen-address=:{{ int .Values.metrics.port }}
- --extend.query-path=/etc/billdb/queries.yaml
{{- if .Values.metrics.tls.enabled }}
- --web.config.file=/etc/billdb/web.yaml
{{- end }}
# Series by application_name, which clients choose without a bound: billdb_connections has them with one.
- --disable-default-metrics
# Some 300 settings that a change of the values alone changes.
- --disable-settings-metrics
{{- end }}

{{- define "billdb.metrics.probe" -}}
httpGet:
  path: /
  port: metrics
  {{- if .Values.metrics.tls.enabled }}
  scheme: HTTPS
  {{- end }}
periodSeconds: 10
timeoutSeconds: 5
{{- end }}

{{/*
How a ServiceMonitor or PodMonitor scrapes. Every series gets the server's name, which rules and the dashboard select by; the exporter
gives some its own label `server`, an address that says no more.
*/}}
{{- define "billdb.metrics.endpoint" -}}
port: metrics
path: /metrics
interval: {{ .Values.metrics.monitor.interval }}
{{- if .Values.metrics.tls.enabled }}
scheme: https
tlsConfig:
  serverName: {{ include "billdb.metrics.host" . | quote }}
  ca:
    secret:
      name: {{ include "billdb.name.metricsTLS" . | quote }}
      key: ca.crt
{{- end }}
relabelings:
  - targetLabel: namespace
    replacement: {{ .Release.Namespace | quote }}
  - targetLabel: server
    replacement: {{ include "billdb.name.server" . | quote }}
metricRelabelings:
  - action: labeldrop
    regex: exported_server
{{- end }}

{{/* A ServiceMonitor or PodMonitor but for what it selects: (dict "root" $ "kind" KIND "endpoints" KEY). */}}
{{- define "billdb.metrics.monitor" -}}
{{- $monitor := .root.Values.metrics.monitor -}}
apiVersion: {{ $monitor.apiGroup }}/v1
kind: {{ .kind }}
metadata:
  name: {{ include "billdb.name.metrics" .root | quote }}
  namespace: {{ .root.Release.Namespace | quote }}
  labels:
    {{- include "billdb.labels" (dict "root" .root "app" (include "billdb.name.metrics" .root) "component" "metrics" "extra" $monitor.labels) | nindent 4 }}
spec:
  selector:
    matchLabels:
      app: {{ include "billdb.name.metrics" .root | quote }}
  {{ .endpoints }}:
    - {{- include "billdb.metrics.endpoint" .root | nindent 6 }}
{{- end }}
