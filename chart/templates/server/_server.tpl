{{/* The plan's probe with given timing: (dict "root" $ "timing" MAP); "first": what it does before. */}}
{{- define "billdb.server.probe" -}}
exec:
  command: [/bin/sh, -c, {{ .first }}exec pg_isready -U postgres -h 127.0.0.1 -p {{ .root.Values.service.port }}]
{{ toYaml .timing }}
{{- end }}

{{- define "billdb.server.volumeMounts" -}}
- name: postgresql-data
  mountPath: {{ .Values.persistence.mountPath }}
- name: config
  mountPath: /etc/postgresql
  readOnly: true
- name: config
  mountPath: /etc/passwd
  subPath: passwd
  readOnly: true
{{- include "billdb.server.tlsMounts" . }}
- name: run
  mountPath: /var/run/postgresql
- name: tmp
  mountPath: /tmp
- name: shm
  mountPath: /dev/shm
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "billdb.server.tlsMounts" -}}
{{- if ne .Values.tls.mode "disabled" }}
- name: tls
  mountPath: /etc/postgresql-tls
  readOnly: true
{{- end }}
{{- if eq (include "billdb.hook.login" .) "certificate" }}
- name: tls-clients
  mountPath: /etc/postgresql-clients
  readOnly: true
{{- end }}
{{- end }}

{{/* The container that has a renewed certificate served. */}}
{{- define "billdb.server.reloader" -}}
name: reload-certificates
image: {{ include "billdb.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
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
resources:
  {{- toYaml .Values.tls.reload.resources | nindent 2 }}
securityContext:
  {{- include "billdb.containerSecurity" . | nindent 2 }}
volumeMounts:
  - name: config
    mountPath: /etc/postgresql
    readOnly: true
  - name: config
    mountPath: /etc/passwd
    subPath: passwd
    readOnly: true
  - name: run
    mountPath: /var/run/postgresql
  {{- include "billdb.server.tlsMounts" . | nindent 2 }}
{{- end }}

{{/* Its last look may be as old as three of them and what the server took to answer; none yet is one that is just beginning. */}}
{{- define "billdb.server.heartbeat" -}}
exec:
  command: [/bin/bash, -c, '[[ ! -e $HEARTBEAT ]] || (($(date +%s) - $(stat --format=%Y "$HEARTBEAT") < 3 * EVERY_SECONDS + 30))']
periodSeconds: 10
timeoutSeconds: 5
{{- end }}
