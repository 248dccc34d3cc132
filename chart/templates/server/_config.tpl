{{/* The data of the server's ConfigMap; the pod's checksum annotation is made of it. */}}
{{- define "billdb.config" -}}
POSTGRES_DB: {{ .Values.auth.database }}
POSTGRES_USER: postgres
postgresql.conf: |
  {{- range $name, $value := .Values.postgresql.parameters }}
  {{ $name }} = {{ include "billdb.config.value" $value }}
  {{- end }}
  # What the chart itself decides:
  listen_addresses = '*'
  port = {{ .Values.service.port }}
  data_directory = '{{ .Values.persistence.mountPath }}/data'
  hba_file = '/etc/postgresql/pg_hba.conf'
  ident_file = '/etc/postgresql/pg_ident.conf'
  unix_socket_directories = '/var/run/postgresql'
  {{- if ne .Values.tls.mode "disabled" }}
  ssl = on
  ssl_cert_file = '/etc/postgresql-tls/tls.crt'
  ssl_key_file = '/etc/postgresql-tls/tls.key'
  ssl_ca_file = '/etc/postgresql-tls/ca.crt'
  ssl_min_protocol_version = 'TLSv1.2'
  {{- end }}
pg_hba.conf: |
  {{- range .Values.postgresql.hba }}
  {{ . }}
  {{- end }}
  # On the socket inside the pod the operating system says who it is.
  local all all peer
  {{- if eq .Values.tls.mode "disabled" }}
  host all all all {{ .Values.auth.method }}
  {{- else }}
  # Everything else needs TLS and a password.
  hostssl all all all {{ .Values.auth.method }}
  {{- end }}
pg_ident.conf: |
  # No maps.
# PostgreSQL's programs ask for the name behind their user id, and not every image knows it.
passwd: |
  root:x:0:0:root:/root:/bin/bash
  postgres:x:{{ .Values.image.user }}:{{ .Values.image.user }}:PostgreSQL:/tmp:/bin/bash
prepare-volume.sh: |
  {{- .Files.Get "server/prepare-volume.sh" | nindent 2 }}
{{- end }}

{{/* A value as postgresql.conf wants it; toJson writes a large number without an exponent. */}}
{{- define "billdb.config.value" -}}
'{{ if kindIs "string" . }}{{ . | replace "'" "''" }}{{ else }}{{ toJson . }}{{ end }}'
{{- end }}
