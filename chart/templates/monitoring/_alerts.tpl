{{/* The alerting rules: a file each in monitoring/alerts, in which ${NAME} stands for what is given here or in metrics.alerts.rules. */}}

{{- define "billdb.alerts.groups" -}}
{{- $alerts := .Values.metrics.alerts }}
{{- $given := include "billdb.alerts.given" . | fromJson }}
{{- $without := concat $alerts.exclude (include "billdb.alerts.senseless" (dict "root" . "given" $given) | fromJsonArray) }}
{{- /* Groups, because Azure takes 20 rules in one: the server, what is about it, and CloudNativePG's instances. */}}
{{- $about := list "BackupOverdue" "CertificateEnds" "CheckOverdue" "CronJobMissed" "DrillOverdue" "EndOfLife" "KOSFailing" "ProcessingStuck" "SchemaJobFailed" "SnapshotOverdue" }}
{{- $instances := list "ArchiveFailing" "BaseBackupOverdue" "InstanceFailing" "InstancesMissing" "NoSynchronousStandby" "PoolerDown" "PoolerWaiting" "ReplicaNotStreaming" "ReplicationLag" }}
{{- $groups := dict $given.name list (printf "%s-about" $given.name) list (printf "%s-instances" $given.name) list }}
{{- range $path, $_ := .Files.Glob "monitoring/alerts/*.yaml" }}
{{- $name := base $path | trimSuffix ".yaml" }}
{{- if not (has $name $without) }}
{{- $text := $.Files.Get $path }}
{{- range $key, $value := merge (dict "since" (get $given.since $name)) (get $alerts.rules $name) $given }}
{{- $text = $text | replace (printf "${%s}" $key) (kindIs "string" $value | ternary $value (toJson $value)) }}
{{- end }}
{{- $rule := fromYaml $text }}
{{- $_ := set $rule.labels "server" $given.name }}
{{- $_ := set $rule.annotations "runbook_url" (printf "%s/%s.md" (trimSuffix "/" $alerts.runbooks) $name) }}
{{- $group := has (trimPrefix "Billdb" $name) $about | ternary (printf "%s-about" $given.name) $given.name }}
{{- $group = has (trimPrefix "Billdb" $name) $instances | ternary (printf "%s-instances" $given.name) $group }}
{{- $_ := set $groups $group (append (get $groups $group) $rule) }}
{{- end }}
{{- end }}
groups:
  {{- range $group, $rules := $groups }}
  {{- with $rules }}
  - name: {{ $group | quote }}
    rules:
      {{- toYaml . | nindent 6 }}
  {{- end }}
  {{- end }}
{{- end }}

{{/*
When the last good run of these kinds was: (dict "root" $ "by" LABELS "kind" MATCHER "jobs" NAMES). Where there never was one, since when
there could have been: the first migration, and the CronJob's creation where Kubernetes tells that. One that is made anew does not make a
backup younger.
*/}}
{{- define "billdb.alerts.since" -}}
{{- $server := printf `namespace="%s",server="%s"` .root.Release.Namespace (include "billdb.name.server" .root) }}
{{- $good := printf `max by (%s) (billdb_run_succeeded_seconds{%s,kind%s})` .by $server .kind }}
{{- $created := printf `kube_cronjob_created{namespace="%s",cronjob=~"%s"}` .root.Release.Namespace .jobs -}}
({{ $good }} > 0 or 0 * {{ $good }} + scalar(max(billdb_schema_first_seconds{ {{- $server -}} } or {{ $created }} or vector(0))))
{{- end }}

{{/*
The same of the archive's base backups, of which the plugin tells; 0 for never. The servers' pods are made anew when the archive is switched on, and
for a database that was recovered.
*/}}
{{- define "billdb.alerts.sinceBase" -}}
{{- $server := printf `namespace="%s",server="%s"` .Release.Namespace (include "billdb.name.server" .) }}
{{- $pods := printf `namespace="%s",pod=~"%s-[0-9]+"` .Release.Namespace (include "billdb.name.server" .) }}
{{- $good := printf `max by (namespace) (barman_cloud_cloudnative_pg_io_last_available_backup_timestamp{%s})` $server -}}
({{ $good }} > 0 or 0 * {{ $good }} + scalar(max(billdb_schema_first_seconds{ {{- $server -}} } or kube_pod_created{ {{- $pods -}} } or vector(0))))
{{- end }}

{{/* What the rules are filled in with, as JSON. */}}
{{- define "billdb.alerts.given" -}}
{{- $jobs := include "billdb.alerts.jobs" . | fromJson }}
{{- $name := include "billdb.name.server" . }}
{{- $limits := (.Values.resources | default dict).limits | default dict }}
{{- $parameters := .Values.postgresql.parameters }}
{{- $wal := include "billdb.bytes" (dict "value" ($parameters.max_wal_size | default "1GB") "unit" 1048576) | int64 }}
{{- $slot := mulf .Values.metrics.alerts.rules.BilldbWALGrowth.threshold $wal | int64 }}
{{- $keep := include "billdb.bytes" (dict "value" ($parameters.wal_keep_size | default (ternary "512MB" 0 (eq .Values.engine "cloudnativepg"))) "unit" 1048576) | int64 }}
{{- /* 0 is a limit and no default. A slot has what wal_keep_size leaves it anyway, and is never told of for less than a segment. */}}
{{- $limit := ternary (toString $parameters.max_slot_wal_keep_size) "-1" (and (hasKey $parameters "max_slot_wal_keep_size") (ne $parameters.max_slot_wal_keep_size nil)) }}
{{- if not (hasPrefix "-" $limit) }}
{{- $slot = min $slot (max 16777216 (mulf 0.75 (max $keep (include "billdb.bytes" (dict "value" $limit "unit" 1048576) | int64)) | int64)) }}
{{- end }}
{{- $days := .Values.metrics.alerts.rules.BilldbCertificateEnds.threshold }}
{{- if ne .Values.tls.mode "existingSecret" }}{{ $days = minf $days .Values.tls.renewBeforeDays }}{{ end }}
{{- $backup := include "billdb.name.backup" . }}
{{- $snapshot := include "billdb.name.snapshot" . }}
{{- $drills := values $jobs.drills | sortAlpha | join "|" }}
{{- $kinds := keys $jobs.drills | sortAlpha | join "|" }}
{{- $since := dict
  "BilldbBackupOverdue" (include "billdb.alerts.since" (dict "root" . "by" "namespace" "kind" `=~"backup|restore"` "jobs" $backup))
  "BilldbCheckOverdue" (include "billdb.alerts.since" (dict "root" . "by" "namespace" "kind" `="check"` "jobs" (printf "%s-check" $backup)))
  "BilldbDrillOverdue" (include "billdb.alerts.since" (dict "root" . "by" "namespace, kind" "kind" (printf `=~"%s"` $kinds) "jobs" $drills))
  "BilldbBaseBackupOverdue" (include "billdb.alerts.sinceBase" .)
  "BilldbSnapshotOverdue" (include "billdb.alerts.since" (dict "root" . "by" "namespace" "kind" `="snapshot"` "jobs" $snapshot))
}}
{{- merge (include "billdb.alerts.pods" . | fromJson) (dict
  "server" (printf `namespace="%s",server="%s"` .Release.Namespace $name)
  "namespace" .Release.Namespace
  "name" $name
  "host" (include "billdb.host" .)
  "cpu" (divf (include "billdb.bytes" (dict "value" ($limits.cpu | default 0) "unit" 1000)) 1000)
  "memory" ((include "billdb.memory" . | fromJson).limit | int64)
  "days" $days
  "wal" $wal
  "keep" $keep
  "slot" $slot
  "codes" (join "|" .Values.metrics.kosSuccessCodes)
  "schemaJob" (include "billdb.name.schemaJob" .)
  "backup" $backup
  "snapshot" $snapshot
  "since" $since
  "drills" $drills
  "kinds" $kinds
  "retention" (join "|" $jobs.retention)
  "cronjobs" (concat $jobs.retention ($jobs.others | default list) (values $jobs.drills | sortAlpha) | join "|")
  "majors" (include "billdb.alerts.majors" .)
) | toJson }}
{{- end }}

{{/*
What the rules select the server's pods and volumes by, as JSON. With CloudNativePG there are several of either, and what is least of them
is told of; `asked` is the exporter alone, and what tells of the instances is missed as the exporter's metrics are.
*/}}
{{- define "billdb.alerts.pods" -}}
{{- $name := include "billdb.name.server" . }}
{{- $server := printf `namespace="%s",server="%s"` .Release.Namespace $name }}
{{- if eq .Values.engine "cloudnativepg" }}
{{- $pods := printf `namespace="%s",pod=~"%s-[0-9]+"` .Release.Namespace $name }}
{{- $archived := ternary (printf " or absent(barman_cloud_cloudnative_pg_io_last_available_backup_timestamp{%s})" $server) "" .Values.cloudnativepg.archive.enabled }}
{{- dict
  "pods" $pods
  "pod" "{{ $labels.pod }}"
  "each" "pod, "
  "least" "min"
  "container" (printf `%s,container="postgres"` $pods)
  "volume" (printf `namespace="%s",persistentvolumeclaim=~"%s-[0-9]+(-wal)?"` .Release.Namespace $name)
  "claim" (printf "%s-N, of one of the instances" $name)
  "asked" (printf `%s,pod=~"|%s-.+"` $server (include "billdb.name.metrics" .))
  "missed" (printf " or absent(cnpg_pg_replication_in_recovery{%s})%s" $server $archived)
  "pooler" (printf `%s,pod=~"%s-[a-z0-9]+-[a-z0-9]+"` $server (include "billdb.name.pooler" .))
  "instances" (int .Values.cloudnativepg.instances)
  "synchronous" (include "billdb.alerts.synchronous" .)
  "standby" (printf `%s,application_name=~"%s-[0-9]+"` $server $name)
| toJson }}
{{- else }}
{{- $pod := printf `namespace="%s",pod="%s-0"` .Release.Namespace $name }}
{{- dict
  "pods" $pod
  "pod" (printf "%s-0" $name)
  "each" ""
  "least" "max"
  "container" (printf `%s,container="postgresql"` $pod)
  "volume" (printf `namespace="%s",persistentvolumeclaim="%s"` .Release.Namespace (include "billdb.name.pvc" .))
  "claim" (include "billdb.name.pvc" .)
  "asked" $server
  "missed" ""
| toJson }}
{{- end }}
{{- end }}

{{/* How many standbys a commit of CloudNativePG's waits for, whatever happens; nothing where it would not wait. */}}
{{- define "billdb.alerts.synchronous" -}}
{{- $synchronous := dig "postgresql" "synchronous" dict (include "billdb.cloudnativepg.cluster" . | fromJson) | default dict }}
{{- if eq $synchronous.dataDurability "required" }}{{ $synchronous.number }}{{ end }}
{{- end }}

{{/* The CronJobs that run by themselves, as JSON: those that delete, the drills by kind, and the others. */}}
{{- define "billdb.alerts.jobs" -}}
{{- $backup := and .Values.backup.enabled (not .Values.backup.suspend) }}
{{- $name := include "billdb.name.backup" . }}
{{- $snapshot := include "billdb.name.snapshot" . }}
{{- $others := concat (ternary (list $name (printf "%s-check" $name)) list $backup) (ternary (list $snapshot) list (ne .Values.snapshots.class "")) }}
{{- $drills := dict }}
{{- if and $backup .Values.backup.drill.enabled }}{{ $_ := set $drills "drill" (include "billdb.name.drill" .) }}{{ end }}
{{- if include "billdb.snapshots.drill" . }}{{ $_ := set $drills "snapshot-drill" (printf "%s-drill" $snapshot) }}{{ end }}
{{- $retention := include "billdb.name.retention" . }}
{{- $retention = ternary (list (printf "%s-delete-expired-cache" $retention) (printf "%s-delete-old-history" $retention)) list .Values.retention.enabled }}
{{- dict "retention" $retention "drills" $drills "others" $others | toJson }}
{{- end }}

{{/* Alerts that could never fire, or always would, with these values, as a list in JSON: (dict "root" $ "given" MAP), what the rules are filled in with. */}}
{{- define "billdb.alerts.senseless" -}}
{{- $backup := and .root.Values.backup.enabled (not .root.Values.backup.suspend) }}
{{- $instances := eq .root.Values.engine "cloudnativepg" | ternary (int .root.Values.cloudnativepg.instances) 0 }}
{{- $spec := .root.Values.cloudnativepg.spec }}
{{- $archive := dig "archive" "enabled" false .root.Values.cloudnativepg | or $spec.plugins | or $spec.backup }}
{{- $sense := dict
  "BilldbNotReady" (not $instances)
  "BilldbInstanceFailing" $instances
  "BilldbInstancesMissing" $instances
  "BilldbReplicaNotStreaming" (gt $instances 1)
  "BilldbReplicationLag" (gt $instances 1)
  "BilldbNoSynchronousStandby" .given.synchronous
  "BilldbPoolerDown" (include "billdb.pooler" .root)
  "BilldbPoolerWaiting" (include "billdb.pooler" .root)
  "BilldbBaseBackupOverdue" (and $instances .root.Values.cloudnativepg.archive.enabled)
  "BilldbArchiveFailing" (and $instances $archive)
  "BilldbCPU" .given.cpu
  "BilldbMemory" .given.memory
  "BilldbBackupOverdue" $backup
  "BilldbCheckOverdue" $backup
  "BilldbDrillOverdue" .given.drills
  "BilldbSnapshotOverdue" .root.Values.snapshots.class
  "BilldbCertificateEnds" (ne .root.Values.tls.mode "disabled")
  "BilldbCronJobMissed" .given.cronjobs
}}
{{- $senseless := list }}
{{- range $name, $why := $sense }}
{{- if not $why }}{{ $senseless = append $senseless $name }}{{ end }}
{{- end }}
{{- toJson $senseless }}
{{- end }}

{{/* The server's major version, of those that end within the rule's threshold of days or did. */}}
{{- define "billdb.alerts.majors" -}}
{{- $terms := list }}
{{- $before := mul 86400 (int64 .Values.metrics.alerts.rules.BilldbEndOfLife.threshold) }}
{{- $server := printf `namespace="%s",server="%s"` .Release.Namespace (include "billdb.name.server" .) }}
{{- range $major, $day := .Files.Get "end-of-life.yaml" | fromYaml }}
{{- /* Its last day is not over yet. Without a zone it would be the machine's. */}}
{{- $end := toDate "2006-01-02Z07:00" (printf "%sZ" $day) | unixEpoch | int64 | add 86400 }}
{{- $terms = append $terms (printf "billdb_server_major{%s} == %s and on () vector(time()) >= %d" $server $major (sub $end $before)) }}
{{- end }}
{{- join " or " $terms }}
{{- end }}
