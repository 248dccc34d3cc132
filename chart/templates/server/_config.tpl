{{/* /etc/passwd for a user id. */}}
{{- define "billdb.config.passwd" -}}
root:x:0:0:root:/root:/bin/bash
postgres:x:{{ . }}:{{ . }}:PostgreSQL:/tmp:/bin/bash
{{- end }}

{{/* The data of the server's ConfigMap; the pod's checksum annotation is made of it. (toJson writes a large number without an exponent.) */}}
{{- define "billdb.config" -}}
POSTGRES_DB: {{ .Values.auth.database | quote }}
POSTGRES_USER: postgres
postgresql.conf: |
  {{- range $name, $value := .Values.postgresql.parameters }}
  {{- if not (kindIs "invalid" $value) }}
  {{ $name }} = '{{ if kindIs "string" $value }}{{ $value | replace "'" "''" }}{{ else }}{{ toJson $value }}{{ end }}'
  {{- end }}
  {{- end }}
  # The init container writes it where the image has pgaudit.
  include_if_exists = '/var/run/postgresql/audit.conf'
# What the chart itself decides: given on the command line, it holds whatever ALTER SYSTEM wrote on the volume.
server.options: |
  --config_file=/etc/postgresql/postgresql.conf
  --data_directory={{ .Values.persistence.mountPath }}/data
  --hba_file=/etc/postgresql/pg_hba.conf
  --ident_file=/etc/postgresql/pg_ident.conf
  --listen_addresses=*
  --port={{ .Values.service.port }}
  --unix_socket_directories=/var/run/postgresql
  --password_encryption={{ .Values.auth.method }}
  --ssl={{ ternary "on" "off" (ne .Values.tls.mode "disabled") }}
  {{- if ne .Values.tls.mode "disabled" }}
  --ssl_cert_file=/etc/postgresql-tls/tls.crt
  --ssl_key_file=/etc/postgresql-tls/tls.key
  --ssl_min_protocol_version={{ .Values.tls.minVersion }}
  {{- with .Values.tls.ciphers }}
  --ssl_ciphers={{ . }}
  {{- end }}
  {{- if eq (include "billdb.schema.login" .) "certificate" }}
  --ssl_ca_file=/etc/postgresql-clients/ca.crt
  {{- end }}
  {{- end }}
pg_hba.conf: |
  {{- include "billdb.config.hba" . | nindent 2 }}
{{- with include "billdb.image.user" . }}
pg_ident.conf: |
  # No maps.
# PostgreSQL's programs ask for the name behind their user id, and not every image knows it.
passwd: |
  {{- include "billdb.config.passwd" . | nindent 2 }}
{{- else }}
pg_ident.conf: |
  # A user id that the cluster assigns is known by its number.
  assigned /^[0-9]+$ postgres
{{- end }}
{{- range $path, $_ := .Files.Glob "server/*.sh" }}
{{ base $path }}: |
  {{- $.Files.Get $path | nindent 2 }}
{{- end }}
{{- end }}
