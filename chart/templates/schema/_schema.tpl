{{/*
The container that runs a script of the schema ConfigMap against the server:
(dict "root" $ "name" NAME "script" FILE "role" ROLE "arguments" LIST "settings" MAP "major" VERSION). `arguments` may be left out, and
`settings`, which has deadlineSeconds and resources, where they are the schema Job's; `major` is the server's that is waited for.
*/}}
{{- define "billdb.schema.container" -}}
{{- $settings := .settings | default .root.Values.schema }}
name: {{ .name }}
{{ include "billdb.container" (dict "root" .root "resources" $settings.resources) }}
# At its deadline the script ends itself: a pod whose Job has run out of time is deleted, and its log with it.
command: [timeout, --kill-after=10, {{ int $settings.deadlineSeconds | quote }}, /bin/bash, /scripts/{{ .script }}]
{{- with .arguments }}
args: {{ toJson . }}
{{- end }}
env:
  {{- include "billdb.connection.env" . | nindent 2 }}
  - name: PGAPPNAME
    value: billdb/{{ .name }}
  - name: RELEASE
    value: {{ .root.Release.Name | quote }}
  - name: CHART_VERSION
    value: {{ .root.Chart.Version | quote }}
  - name: DEADLINE_SECONDS
    value: {{ int $settings.deadlineSeconds | quote }}
  - name: WAIT_SECONDS
    value: {{ int .root.Values.schema.waitSeconds | quote }}
  {{- with .major }}
  - name: SERVER_MAJOR
    value: {{ . | quote }}
  {{- end }}
  - name: LOCK_TIMEOUT
    value: {{ int .root.Values.schema.lockTimeoutSeconds }}s
  - name: LOCK_TRIES
    value: {{ int .root.Values.schema.lockTries | quote }}
# What failed is seen by `kubectl describe` too.
terminationMessagePolicy: FallbackToLogsOnError
volumeMounts:
  - name: schema-script
    mountPath: /scripts
    readOnly: true
  - name: tmp
    mountPath: /tmp
  {{- include "billdb.connection.volumeMounts" . | nindent 2 }}
{{- end }}

{{/* Another major version comes into a Cluster after Helm has asked for it, and the server of before answers until then. */}}
{{- define "billdb.schema.major" }}
{{- if eq .Values.engine "cloudnativepg" }}{{ include "billdb.major" (include "billdb.image" .Values.image) }}{{ end }}
{{- end }}

{{/* Its volumes: (dict "root" $ "role" ROLE "passwords" LIST "script" CONFIGMAP); `script` may be left out. */}}
{{- define "billdb.schema.volumes" -}}
- name: schema-script
  configMap:
    name: {{ .script | default (include "billdb.name.schemaScript" .root) | quote }}
- name: tmp
  emptyDir: {}
{{ include "billdb.connection.volumes" . }}
{{- end }}
