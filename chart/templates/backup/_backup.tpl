{{/* What the pods have in common that work on the repository of the backups. */}}

{{/*
The container that runs a script of hooks/backup: (dict "root" $ "name" NAME "script" FILE "role" ROLE "settings" MAP "arguments" LIST
"environment" MAP "mounts" LIST). `settings` has deadlineSeconds and resources; the last three may be left out.
*/}}
{{- define "billdb.backup.container" -}}
{{- $backup := .root.Values.backup -}}
name: {{ .name }}
{{ include "billdb.container" (dict "root" .root "resources" .settings.resources) }}
# At its deadline the script ends itself: a pod whose Job has run out of time is deleted, and its log with it.
command: [timeout, --kill-after=30, {{ int .settings.deadlineSeconds | quote }}, /bin/bash, /scripts/{{ .script }}]
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
    value: {{ int .settings.deadlineSeconds | quote }}
  - name: WAIT_SECONDS
    value: {{ int .root.Values.schema.waitSeconds | quote }}
  - name: RESTIC
    value: /restic/restic
  - name: RESTIC_REPOSITORY
    value: {{ include "billdb.backup.repository" .root | quote }}
  - name: RESTIC_PASSWORD_FILE
    value: /repository-password/password
  - name: STORE
    value: /store
  {{- with $backup.repository.s3.region }}
  - name: AWS_DEFAULT_REGION
    value: {{ . | quote }}
  {{- end }}
  {{- if eq $backup.repository.type "azure" }}
  - name: AZURE_ACCOUNT_NAME
    value: {{ $backup.repository.azure.account | quote }}
  - name: AZURE_ENDPOINT_SUFFIX
    value: {{ $backup.repository.azure.endpointSuffix | quote }}
  {{- end }}
  # Which day a backup is of, for the retention.
  - name: TZ
    value: {{ $backup.timeZone | quote }}
  # restic gives memory back sooner than Go's default would.
  - name: GOGC
    value: "20"
  {{- range $name, $value := .environment }}
  - name: {{ $name }}
    value: {{ $value | quote }}
  {{- end }}
# What failed is seen by `kubectl describe` too.
terminationMessagePolicy: FallbackToLogsOnError
volumeMounts:
  - name: backup-script
    mountPath: /scripts
    readOnly: true
  - name: restic
    mountPath: /restic
    readOnly: true
  - name: repository-password
    mountPath: /repository-password
    readOnly: true
  {{- if $backup.repository.existingSecret }}
  - name: store
    mountPath: /store
    readOnly: true
  {{- end }}
  {{- if eq $backup.repository.type "volume" }}
  - name: repository
    mountPath: /repository
  {{- end }}
  - name: tmp
    mountPath: /tmp
  {{- with .mounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- include "billdb.connection.volumeMounts" . | nindent 2 }}
{{- end }}

{{/* restic is one static program: its image gives it to the PostgreSQL image, so that pg_dump is the server's own. */}}
{{- define "billdb.backup.init" -}}
{{- $image := .Values.backup.restic.image -}}
name: restic
{{ include "billdb.container" (dict "root" . "resources" .Values.backup.restic.resources "image" $image) }}
command: [cp, /usr/bin/restic, /restic/restic]
volumeMounts:
  - name: restic
    mountPath: /restic
{{- end }}

{{/* Its volumes: (dict "root" $ "role" ROLE "passwords" LIST "script" CONFIGMAP); `script` may be left out. */}}
{{- define "billdb.backup.volumes" -}}
{{- $repository := .root.Values.backup.repository -}}
- name: backup-script
  configMap:
    name: {{ .script | default (include "billdb.name.backupScript" .root) | quote }}
- name: restic
  emptyDir: {}
- name: repository-password
  secret:
    secretName: {{ include "billdb.name.backupSecret" .root | quote }}
    defaultMode: 0440
    items:
      - key: {{ include "billdb.backup.passwordKey" .root | quote }}
        path: password
{{- with $repository.existingSecret }}
- name: store
  secret:
    secretName: {{ . | quote }}
    defaultMode: 0440
{{- end }}
{{- if eq $repository.type "volume" }}
- name: repository
  persistentVolumeClaim:
    claimName: {{ include "billdb.name.backupPVC" .root | quote }}
{{- end }}
- name: tmp
  emptyDir: {}
{{ include "billdb.connection.volumes" . }}
{{- end }}

{{/*
The specification of a Job of the repository: (dict "root" $ "app" NAME "component" WORD "script" FILE "role" ROLE "settings" MAP
"arguments" LIST "environment" MAP "mounts" LIST "volumes" LIST "tries" NUMBER). The last five may be left out.
*/}}
{{- define "billdb.backup.job" -}}
{{- $tries := .tries | default 1 | int -}}
backoffLimit: {{ sub $tries 1 }}
# For pods that never start; one that runs ends itself before.
activeDeadlineSeconds: {{ mul (add .settings.deadlineSeconds 120) $tries }}
ttlSecondsAfterFinished: {{ int .root.Values.schema.ttlSecondsAfterFinished }}
podFailurePolicy:
  rules:
    # A drained node is not the run's failure.
    - action: Ignore
      onPodConditions:
        - type: DisruptionTarget
          status: "True"
    # What another try would not mend.
    - action: FailJob
      onExitCodes:
        containerName: {{ .component }}
        operator: In
        values: [3, 124]
template:
  metadata:
    {{- include "billdb.pod.metadata" (dict "root" .root "app" .app "component" .component "labels" .root.Values.backup.podLabels) | nindent 4 }}
  spec:
    {{- include "billdb.pod.spec" .root | nindent 4 }}
    restartPolicy: Never
    initContainers:
      - {{- include "billdb.backup.init" .root | nindent 8 }}
    containers:
      - {{- include "billdb.backup.container" (merge (dict "name" .component) .) | nindent 8 }}
    volumes:
      {{- include "billdb.backup.volumes" (dict "root" .root "role" .role "passwords" (ternary list (list .role) (eq .role "billdb_hook")) "script" .scripts) | nindent 6 }}
      {{- with .volumes }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
{{- end }}

{{/* A CronJob of the repository: the same, and "schedule" SCHEDULE. */}}
{{- define "billdb.backup.cronjob" -}}
apiVersion: batch/v1
kind: CronJob
metadata:
  name: {{ .app | quote }}
  namespace: {{ .root.Release.Namespace | quote }}
  labels:
    {{- include "billdb.labels" (dict "root" .root "app" .app "component" .component) | nindent 4 }}
spec:
  schedule: {{ .schedule | quote }}
  timeZone: {{ .root.Values.backup.timeZone | quote }}
  concurrencyPolicy: Forbid
  {{- if or .suspend .root.Values.backup.suspend }}
  # A template for kubectl create job --from: it never runs by itself.
  suspend: true
  {{- end }}
  # A run that was missed for longer is left to the next one.
  startingDeadlineSeconds: 3600
  successfulJobsHistoryLimit: 3
  failedJobsHistoryLimit: 3
  jobTemplate:
    spec:
      {{- include "billdb.backup.job" . | nindent 6 }}
{{- end }}

{{/* Where restic finds the repository. */}}
{{- define "billdb.backup.repository" -}}
{{- $repository := .Values.backup.repository -}}
{{- if eq $repository.type "volume" -}}
/repository/data
{{- else if eq $repository.type "s3" -}}
s3:{{ $repository.s3.endpoint }}/{{ $repository.s3.bucket }}{{ with $repository.path }}/{{ . }}{{ end }}
{{- else -}}
azure:{{ $repository.azure.container }}:/{{ $repository.path }}
{{- end }}
{{- end }}

{{/* The key of the repository's password in its Secret. */}}
{{- define "billdb.backup.passwordKey" }}{{ ternary "password" .Values.backup.repository.passwordSecretKey (empty .Values.backup.repository.passwordSecret) }}{{ end }}

{{/* Where the backups are, in words. */}}
{{- define "billdb.backup.place" -}}
{{- if eq .Values.backup.repository.type "volume" }}the volume {{ include "billdb.name.backupPVC" . }}{{ else }}{{ include "billdb.backup.repository" . }}{{ end }}
{{- end }}

{{/* The command that makes a backup now. */}}
{{- define "billdb.backup.now" }}kubectl create job -n {{ .Release.Namespace }} --from=cronjob/{{ include "billdb.name.backup" . }} backup-$(date +%s){{ end }}

{{/* What a backup runs, by schedule or before an upgrade, as JSON. */}}
{{- define "billdb.backup.backup" -}}
{{- $keep := list }}
{{- range $period, $number := .Values.backup.keep }}
{{- $keep = append $keep (printf "--keep-%s=%d" $period (int $number)) }}
{{- end }}
{{- dict "script" "backup.sh" "arguments" $keep | toJson }}
{{- end }}

{{/* The scripts, with those of the schema Job that they share. */}}
{{- define "billdb.backup.files" -}}
{{- range $path, $_ := .Files.Glob "hooks/{*,backup/*}" }}
{{ base $path }}: |
  {{- $.Files.Get $path | nindent 2 }}
{{- end }}
{{- end }}

{{/* The store's port. */}}
{{- define "billdb.backup.port" }}{{ include "billdb.store.port" .Values.backup.repository }}{{ end }}

{{/* Of any store: a map like .Values.backup.repository. */}}
{{- define "billdb.store.port" -}}
{{- $endpoint := ternary .s3.endpoint "https:" (eq .type "s3") }}
{{- regexFind "[0-9]+$" (regexFind ":[0-9]+$" (trimSuffix "/" $endpoint)) | default (ternary "80" "443" (hasPrefix "http:" $endpoint)) }}
{{- end }}
