{{/* How a pod of the chart reaches the server; nothing else may name the server's host, credentials or CA. */}}
{{- define "billdb.host" }}{{ include "billdb.name.server" . }}.{{ .Release.Namespace }}.svc.{{ .Values.clusterDomain }}{{ end }}

{{/* The servers that only read, where there are any: CloudNativePG's Service of them. */}}
{{- define "billdb.host.replicas" }}
{{- if and (eq .Values.engine "cloudnativepg") (gt (int .Values.cloudnativepg.instances) 1) }}{{ include "billdb.name.server" . }}-ro.{{ .Release.Namespace }}.svc.{{ .Values.clusterDomain }}{{ end }}
{{- end }}

{{/* How the schema Job logs in: certificate, as billdb_hook, or password, as postgres. */}}
{{- define "billdb.schema.login" }}{{ ternary "password" .Values.schema.login (eq .Values.tls.mode "disabled") }}{{ end }}
{{- define "billdb.schema.role" }}{{ ternary "billdb_hook" "postgres" (eq (include "billdb.schema.login" .) "certificate") }}{{ end }}

{{/* Environment of libpq over verified TLS: (dict "root" $ "role" ROLE). A password is read from /credentials/ROLE by connection.sh. */}}
{{- define "billdb.connection.env" -}}
- name: PGHOST
  value: {{ include "billdb.host" .root | quote }}
- name: PGPORT
  value: {{ .root.Values.service.port | quote }}
- name: PGUSER
  value: {{ .role }}
- name: PGDATABASE
  value: {{ .root.Values.auth.database | quote }}
- name: PGCONNECT_TIMEOUT
  value: "10"
- name: CREDENTIALS
  value: /credentials
{{- if eq .root.Values.engine "cloudnativepg" }}
- name: MADE_BY
  value: CloudNativePG
{{- end }}
{{- if eq .root.Values.tls.mode "disabled" }}
- name: PGSSLMODE
  value: disable
{{- else }}
- name: PGSSLMODE
  value: verify-full
- name: PGSSLROOTCERT
  value: /tls/ca.crt
{{- end }}
{{- if eq .role "billdb_hook" }}
- name: PGSSLCERT
  value: /tls-hook/tls.crt
- name: PGSSLKEY
  value: /tls-hook/tls.key
{{- end }}
{{- end }}

{{/* The same for postgres_exporter, which reads few variables of libpq's: (dict "root" $ "role" ROLE). */}}
{{- define "billdb.connection.source" -}}
{{- /* Names without a schema are PostgreSQL's own: nobody's function of the same name in public is called for it. */}}
{{- $options := list "connect_timeout=5" "application_name=billdb/metrics" "search_path=pg_catalog" }}
{{- if eq .root.Values.tls.mode "disabled" }}
{{- $options = append $options "sslmode=disable" }}
{{- else }}
{{- $options = concat $options (list "sslmode=verify-full" "sslrootcert=/tls/ca.crt") }}
{{- end -}}
- name: DATA_SOURCE_URI
  value: {{ printf "%s:%d/%s?%s" (include "billdb.host" .root) (int .root.Values.service.port) .root.Values.auth.database (join "&" $options) | quote }}
- name: DATA_SOURCE_USER
  value: {{ .role }}
- name: DATA_SOURCE_PASS_FILE
  value: /password/password
{{- end }}

{{- define "billdb.connection.volumeMounts" -}}
- name: credentials
  mountPath: /credentials
  readOnly: true
{{- if ne .root.Values.tls.mode "disabled" }}
- name: tls
  mountPath: /tls
  readOnly: true
{{- end }}
{{- if eq .role "billdb_hook" }}
- name: tls-hook
  mountPath: /tls-hook
  readOnly: true
{{- end }}
{{- end }}

{{/* (dict "root" $ "role" ROLE "passwords" LIST): `passwords` are the roles whose passwords the pod may read. */}}
{{- define "billdb.connection.volumes" -}}
- {{- include "billdb.credentials.volume" (dict "root" .root "roles" .passwords) | nindent 2 }}
{{- if ne .root.Values.tls.mode "disabled" }}
- name: tls
  secret:
    secretName: {{ include "billdb.name.tls" .root | quote }}
    items:
      - key: ca.crt
        path: ca.crt
{{- end }}
{{- if eq .role "billdb_hook" }}
- name: tls-hook
  secret:
    secretName: {{ include "billdb.name.schemaTLS" .root | quote }}
    # libpq refuses a key that others can read.
    defaultMode: 0440
    items:
      - key: tls.crt
        path: tls.crt
      - key: tls.key
        path: tls.key
{{- end }}
{{- end }}
