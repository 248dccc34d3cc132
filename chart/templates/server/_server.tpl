{{/* The plan's probe with given timing: (dict "root" $ "timing" MAP). */}}
{{- define "billdb.server.probe" -}}
exec:
  command: [/bin/sh, -c, exec pg_isready -U postgres -h 127.0.0.1 -p {{ .root.Values.service.port }}]
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

{{/* "true" while the chart's own claim waits for a volume, and storageClass.create allows a look at the cluster's classes. */}}
{{- define "billdb.storageClass.wanted" -}}
{{- $claim := lookup "v1" "PersistentVolumeClaim" .Release.Namespace (include "billdb.name.pvc" .) | default dict }}
{{- if and .Values.storageClass.create (not .Values.persistence.existingClaim) (ne (dig "status" "phase" "" $claim) "Bound") }}true{{ end }}
{{- end }}
