{{/* Names are the plan's by default, whatever the release is called: applications and people already use them. */}}
{{- define "billdb.name.server" }}{{ .Values.fullnameOverride | default "postgresql-bill-inquiry" }}{{ end }}
{{- define "billdb.name.headless" }}{{ include "billdb.name.server" . }}-headless{{ end }}
{{- define "billdb.name.config" }}{{ include "billdb.name.server" . }}-config{{ end }}
{{- define "billdb.name.secret" }}{{ .Values.auth.existingSecret | default (printf "%s-secret" (include "billdb.name.server" .)) }}{{ end }}
{{- define "billdb.name.tls" }}{{ .Values.tls.existingSecret | default (printf "%s-tls" (include "billdb.name.server" .)) }}{{ end }}
{{- define "billdb.name.ca" }}{{ include "billdb.name.server" . }}-ca{{ end }}
{{- define "billdb.name.pvc" }}{{ .Values.persistence.existingClaim | default (list (include "billdb.name.pvc.first" .) (include "billdb.name.pvc.word" .) | compact | join "-") }}{{ end }}
{{- define "billdb.name.pvc.first" }}{{ include "billdb.name.server" . }}-pvc{{ end }}
{{/* It may be a whole number, as 18. */}}
{{- define "billdb.name.pvc.word" }}{{ toJson .Values.persistence.volume | trimAll "\"" }}{{ end }}
{{/* With CloudNativePG the servers have an account of their own, and may ask the API. */}}
{{- define "billdb.name.serviceAccount" }}{{ .Values.serviceAccount.name | default (printf "%s%s" (include "billdb.name.server" .) (ternary "-jobs" "" (eq .Values.engine "cloudnativepg"))) }}{{ end }}

{{/* bill-inquiry: the plan calls the Job bill-inquiry-db-init and its ConfigMap bill-inquiry-schema-script. */}}
{{- define "billdb.name.stem" }}{{ include "billdb.name.server" . | trimPrefix "postgresql-" }}{{ end }}
{{- define "billdb.name.schemaJob" }}{{ include "billdb.name.stem" . }}-db-init{{ end }}
{{- define "billdb.name.schemaScript" }}{{ include "billdb.name.stem" . }}-schema-script{{ end }}
{{- define "billdb.name.test" }}{{ include "billdb.name.stem" . }}-db-test{{ end }}
{{- define "billdb.name.move" }}{{ include "billdb.name.stem" . }}-move{{ end }}
{{/* Of the CronJobs, whose names may have 52 characters. */}}
{{- define "billdb.name.retention" }}{{ include "billdb.name.stem" . | trunc 31 | trimSuffix "-" }}{{ end }}

{{/* Of the backups: CronJobs, whose names may have 52 characters, and what they share. */}}
{{- define "billdb.name.backup" }}{{ include "billdb.name.stem" . | trunc 37 | trimSuffix "-" }}-backup{{ end }}
{{- define "billdb.name.restore" }}{{ include "billdb.name.stem" . | trunc 44 | trimSuffix "-" }}-restore{{ end }}
{{- define "billdb.name.drill" }}{{ include "billdb.name.stem" . | trunc 46 | trimSuffix "-" }}-drill{{ end }}
{{- define "billdb.name.restoreJob" }}{{ include "billdb.name.stem" . }}-db-restore{{ end }}
{{- define "billdb.name.backupScript" }}{{ include "billdb.name.stem" . }}-backup-script{{ end }}
{{- define "billdb.name.backupPVC" }}{{ .Values.backup.repository.volume.existingClaim | default (printf "%s-backup-pvc" (include "billdb.name.server" .)) }}{{ end }}
{{- define "billdb.name.backupSecret" }}{{ .Values.backup.repository.passwordSecret | default (printf "%s-backup-secret" (include "billdb.name.server" .)) }}{{ end }}

{{/* Of the snapshots: CronJobs, whose names may have 52 characters, and what belongs to them. */}}
{{- define "billdb.name.snapshot" }}{{ include "billdb.name.stem" . | trunc 37 | trimSuffix "-" }}-snapshot{{ end }}
{{- define "billdb.name.snapshotCopy" }}{{ include "billdb.name.snapshot" . }}-copy{{ end }}
{{- define "billdb.name.snapshotScript" }}{{ include "billdb.name.stem" . }}-snapshot-script{{ end }}

{{/* Of what watches it. */}}
{{- define "billdb.name.metrics" }}{{ include "billdb.name.server" . }}-metrics{{ end }}
{{- define "billdb.name.metricsQueries" }}{{ include "billdb.name.metrics" . }}-queries{{ end }}
{{- define "billdb.name.metricsCA" }}{{ include "billdb.name.metrics" . }}-ca{{ end }}
{{- define "billdb.name.metricsTLS" }}{{ .Values.metrics.tls.existingSecret | default (printf "%s-tls" (include "billdb.name.metrics" .)) }}{{ end }}
{{- define "billdb.name.alerts" }}{{ include "billdb.name.server" . }}-alerts{{ end }}
{{- define "billdb.name.dashboard" }}{{ include "billdb.name.server" . }}-dashboard{{ end }}

{{/* Of CloudNativePG's Cluster, which is called as the server; it makes Services of that name with -rw, -ro and -r. */}}
{{- define "billdb.name.instances" }}{{ include "billdb.name.server" . }}-instances{{ end }}
{{- define "billdb.name.instancesQueries" }}{{ include "billdb.name.instances" . }}-queries{{ end }}
{{- define "billdb.name.superuser" }}{{ .Values.auth.roles.postgres.existingSecret | default (printf "%s-superuser" (include "billdb.name.server" .)) }}{{ end }}
{{- define "billdb.name.archive" }}{{ include "billdb.name.server" . }}-archive{{ end }}
{{- define "billdb.name.replicationTLS" }}{{ include "billdb.name.server" . }}-replication-tls{{ end }}
{{- define "billdb.name.pooler" }}{{ include "billdb.name.server" . }}-pooler{{ end }}
{{/* Not -pooler: a Secret of that name is the operator's, for poolers that it connects itself. */}}
{{- define "billdb.name.poolerTLS" }}{{ include "billdb.name.pooler" . }}-tls{{ end }}

{{/* The schema Job's CA and certificate: "hook" as the first release called them, so that a rollback to it finds them. */}}
{{- define "billdb.name.schemaCA" }}{{ include "billdb.name.server" . }}-hook-ca{{ end }}
{{- define "billdb.name.schemaTLS" }}{{ include "billdb.name.server" . }}-hook-tls{{ end }}
