{{/* The plan's probe: (dict "root" $ "timing" MAP); "first": what it does before; "quiet": it asks where that leaves no line in the log. */}}
{{- define "billdb.server.probe" -}}
exec:
  {{- if and .quiet (include "billdb.server.receipts" .root) }}
  command: [/bin/bash, /etc/postgresql/answering.sh]
  {{- else }}
  command: [/bin/sh, -c, {{ .first }}exec pg_isready -U postgres -h 127.0.0.1 -p {{ .root.Values.service.port }}]
  {{- end }}
{{ toYaml .timing }}
{{- end }}

{{/* "true" where the server logs each connection that comes in; 18 can do without: log_connections is a list there. */}}
{{- define "billdb.server.receipts" -}}
{{- if regexMatch "(?i)^(on|tr?u?e?|y|yes|1|all|(.*[, ])?receipt([, ].*)?)$" (toString .Values.postgresql.parameters.log_connections) }}true{{ end }}
{{- end }}

{{/* Mounts of the server's containers; the first are the reloader's too. */}}
{{- define "billdb.server.configMounts" -}}
- name: config
  mountPath: /etc/postgresql
  readOnly: true
{{- if include "billdb.image.user" . }}
- name: config
  mountPath: /etc/passwd
  subPath: passwd
  readOnly: true
{{- end }}
{{- if ne .Values.tls.mode "disabled" }}
- name: tls
  mountPath: /etc/postgresql-tls
  readOnly: true
{{- end }}
{{- if eq (include "billdb.schema.login" .) "certificate" }}
- name: tls-clients
  mountPath: /etc/postgresql-clients
  readOnly: true
{{- end }}
- name: run
  mountPath: /var/run/postgresql
{{- end }}

{{- define "billdb.server.ownMounts" -}}
{{ include "billdb.server.configMounts" . }}
- name: tmp
  mountPath: /tmp
- name: shm
  mountPath: /dev/shm
{{- end }}

{{- define "billdb.server.volumeMounts" -}}
- name: postgresql-data
  mountPath: {{ .Values.persistence.mountPath | quote }}
{{ include "billdb.server.ownMounts" . }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The container that has a renewed certificate served. */}}
{{- define "billdb.server.reloader" -}}
name: reload-certificates
{{ include "billdb.container" (dict "root" . "resources" .Values.tls.reload.resources) }}
command: [/bin/bash, /etc/postgresql/reload-certificates.sh]
env:
  - name: PGHOST
    value: /var/run/postgresql
  - name: PGPORT
    value: {{ .Values.service.port | quote }}
  - name: PGAPPNAME
    value: billdb/reload-certificates
  - name: EVERY_SECONDS
    value: {{ .Values.tls.reload.everySeconds | quote }}
  - name: HEARTBEAT
    value: /var/run/postgresql/reload-certificates
# Whether it still looks. The server stays in its Service meanwhile: the readiness probe gives up later than the other restarts it.
livenessProbe:
  {{- include "billdb.server.heartbeat" . | nindent 2 }}
  failureThreshold: 2
readinessProbe:
  {{- include "billdb.server.heartbeat" . | nindent 2 }}
  failureThreshold: 6
volumeMounts:
  {{- include "billdb.server.configMounts" . | nindent 2 }}
{{- end }}

{{/* Its last look may be as old as three of them and what the server took to answer; none yet is one that is just beginning. */}}
{{- define "billdb.server.heartbeat" -}}
exec:
  command: [/bin/bash, -c, '[[ ! -e $HEARTBEAT ]] || (($(date +%s) - $(stat --format=%Y "$HEARTBEAT") < 3 * EVERY_SECONDS + 30))']
periodSeconds: 10
timeoutSeconds: 5
{{- end }}
