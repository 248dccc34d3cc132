{{/* How a pod of the chart reaches the server; nothing else may name the server's host, credentials or CA. */}}

{{- define "billdb.host" -}}
{{ include "billdb.name.server" . }}.{{ .Release.Namespace }}.svc.{{ .Values.clusterDomain }}
{{- end }}

{{/* Environment of libpq as superuser over verified TLS. */}}
{{- define "billdb.connection.env" -}}
- name: PGHOST
  value: {{ include "billdb.host" . }}
- name: PGPORT
  value: {{ .Values.service.port | quote }}
- name: PGUSER
  value: postgres
- name: PGDATABASE
  value: {{ .Values.auth.database }}
- name: PGPASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ include "billdb.name.secret" . }}
      key: postgres-password
- name: PGCONNECT_TIMEOUT
  value: "10"
{{- if eq .Values.tls.mode "disabled" }}
- name: PGSSLMODE
  value: disable
{{- else }}
- name: PGSSLMODE
  value: verify-full
- name: PGSSLROOTCERT
  value: /tls/ca.crt
{{- end }}
{{- end }}

{{- define "billdb.connection.volumeMounts" -}}
{{- if ne .Values.tls.mode "disabled" }}
- name: tls
  mountPath: /tls
  readOnly: true
{{- end }}
{{- end }}

{{- define "billdb.connection.volumes" -}}
{{- if ne .Values.tls.mode "disabled" }}
- name: tls
  secret:
    secretName: {{ include "billdb.name.tls" . }}
    items:
      - key: ca.crt
        path: ca.crt
{{- end }}
{{- end }}
