{{/* What CloudNativePG's Cluster does by itself, and would not do as the values say. */}}
{{- define "billdb.problems.cloudnativepg" -}}
{{- if eq .Values.engine "cloudnativepg" }}
{{- $values := .Values }}
{{- range $key, $has := dict "persistence.volume" (include "billdb.name.pvc.word" .) "persistence.existingClaim" $values.persistence.existingClaim "persistence.labels" $values.persistence.labels
  "persistence.annotations" $values.persistence.annotations "extraContainers" $values.extraContainers "extraVolumes" $values.extraVolumes "extraVolumeMounts" $values.extraVolumeMounts }}
{{- if $has }}
{{ $key }}: given, and engine is cloudnativepg, which makes the servers' pods and volumes itself; remove it, or say it in its words in cloudnativepg.spec
{{- end }}
{{- end }}
{{- if ne $values.persistence.mountPath "/bitnami/postgresql" }}
persistence.mountPath: {{ $values.persistence.mountPath }}, and engine is cloudnativepg, which has a place of its own; remove it
{{- end }}
{{- if ne (int $values.service.port) 5432 }}
service.port: {{ $values.service.port }}, and engine is cloudnativepg, whose servers listen at 5432 only; set it to 5432
{{- end }}
{{- if eq $values.tls.mode "disabled" }}
tls.mode: disabled, and engine is cloudnativepg, whose servers copy from one another over TLS; choose another mode
{{- end }}
{{- if not (include "billdb.image.user" .) }}
image.profile: {{ $values.image.profile }}, and engine is cloudnativepg, which wants to know the user id; set image.user
{{- end }}
{{- $tag := toJson $values.image.tag | trimAll "\"" }}
{{- if not (regexMatch "^[0-9]" $tag) }}
image.tag: {{ quote $tag }}, and engine is cloudnativepg, which reads the version of PostgreSQL there, beside a digest too; begin it with the version, as 17
{{- end }}
{{- $memory := ((($values.resources | default dict).requests | default dict).memory) }}
{{- $shared := (include "billdb.memory" . | fromJson).shared }}
{{- if and $memory (lt (include "billdb.bytes" (dict "value" $memory "unit" 1) | float64) $shared) }}
resources.requests.memory: {{ $memory }}, but shared_buffers alone are {{ div $shared 1048576 }}Mi, and engine is cloudnativepg, which wants them set aside; raise it, or lower postgresql.parameters.shared_buffers
{{- end }}
{{- if and $values.auth.superuserFromNetwork $values.auth.existingSecret (not $values.auth.roles.postgres.existingSecret) }}
auth.roles.postgres.existingSecret: empty, and auth.existingSecret is {{ $values.auth.existingSecret }}, where CloudNativePG cannot find the superuser's password; name a Secret of type kubernetes.io/basic-auth with username postgres and that password, or set auth.superuserFromNetwork to false
{{- end }}
{{- $superuser := $values.auth.roles.postgres }}
{{- if and $values.auth.superuserFromNetwork $superuser.existingSecret (ne $superuser.existingSecretKey "password") }}
auth.roles.postgres.existingSecretKey: {{ $superuser.existingSecretKey }}, and engine is cloudnativepg, which reads the keys username and password of {{ $superuser.existingSecret }}; set it to password
{{- end }}
{{- if eq $values.serviceAccount.name (include "billdb.name.server" .) }}
serviceAccount.name: {{ $values.serviceAccount.name }}, which is the ServiceAccount of CloudNativePG's servers; choose another name for that of the Jobs
{{- end }}
{{- $archive := $values.cloudnativepg.archive }}
{{- range $key := ternary (get (dict "s3" (list "endpoint" "bucket") "azure" (list "account" "container")) $archive.type) list $archive.enabled }}
{{- if not (index $archive $archive.type $key) }}
cloudnativepg.archive.{{ $archive.type }}.{{ $key }}: empty, and cloudnativepg.archive.type is {{ $archive.type }}; say which {{ $key }} the archive is in
{{- end }}
{{- end }}
{{- $suffix := $archive.azure.endpointSuffix }}
{{- if and $archive.enabled (eq $archive.type "azure") (ne $suffix "core.windows.net") (not $archive.existingSecret) }}
cloudnativepg.archive.existingSecret: empty, and cloudnativepg.archive.azure.endpointSuffix is {{ $suffix }}, where Barman logs in by a connection string alone; name a Secret with AZURE_STORAGE_CONNECTION_STRING
{{- end }}
{{- $recovery := $values.cloudnativepg.recovery }}
{{- if and $recovery.from (not $archive.enabled) }}
cloudnativepg.recovery.from: {{ $recovery.from }}, but cloudnativepg.archive.enabled is false, and nothing says where the archive is; set that to true
{{- else if and $recovery.from (eq $recovery.from (include "billdb.archive.name" .)) }}
cloudnativepg.recovery.from: {{ $recovery.from }}, which this database would archive to itself, over what it is made of; give it another name with cloudnativepg.archive.name
{{- end }}
{{- if and $recovery.snapshot $archive.enabled (not $recovery.from) }}
cloudnativepg.recovery.snapshot: {{ $recovery.snapshot }}, but cloudnativepg.archive.enabled is true and cloudnativepg.recovery.from is empty, and the new database would go on writing the archive of the one that the snapshot is of, over it; set cloudnativepg.recovery.from to that one's name in the archive, or cloudnativepg.archive.enabled to false
{{- end }}
{{- if and $recovery.until (not $recovery.from) }}
cloudnativepg.recovery.until: {{ $recovery.until }}, but cloudnativepg.recovery.from is empty; name the database in the archive there
{{- end }}
{{- range $key := ternary (list "walStorage" "tablespaces") list (and (ne $values.snapshots.class "") (not $archive.enabled)) }}
{{- if and (get $values.cloudnativepg.spec $key) (dig "backup" "volumeSnapshot" "online" true $values.cloudnativepg.spec) }}
cloudnativepg.spec.{{ $key }}: given, and snapshots.class is {{ $values.snapshots.class }}: snapshots of several volumes are not of one moment; enable cloudnativepg.archive, or set cloudnativepg.spec.backup.volumeSnapshot.online to false
{{- end }}
{{- end }}
{{- /* Those of CloudNativePG 1.30 that billdb.problems.parameters does not have. */}}
{{- $fixed := list "allow_system_table_mods" "archive_cleanup_command" "archive_command" "archive_mode" "bonjour" "bonjour_name" "cluster_name" "data_sync_retry" "event_source" "hot_standby" "jit_provider"
  "logging_collector" "log_directory" "log_file_mode" "log_filename" "log_rotation_age" "log_rotation_size" "log_truncate_on_rotation" "primary_conninfo" "primary_slot_name" "promote_trigger_file"
  "recovery_end_command" "recovery_min_apply_delay" "restart_after_crash" "restore_command" "stats_temp_directory" "synchronized_standby_slots" "synchronous_standby_names" "temp_tablespaces"
  "unix_socket_group" "unix_socket_permissions" "pg_failover_slots.primary_dsn" "pg_failover_slots.standby_slot_names" }}
{{- range $path, $parameters := dict "postgresql.parameters" $values.postgresql.parameters "cloudnativepg.spec.postgresql.parameters" (dig "postgresql" "parameters" dict $values.cloudnativepg.spec) }}
{{- range $name, $value := $parameters }}
{{- if or (has $name $fixed) (and (eq $name "log_destination") (ne (toString $value) "stderr")) (hasPrefix "recovery_target" $name) (hasPrefix "syslog_" $name) }}
{{ $path }}.{{ $name }}: {{ $value }}, and engine is cloudnativepg, which sets it itself; remove it
{{- else if and (eq $name "shared_buffers") (regexMatch "^[0-9]+$" (toString $value)) }}
{{ $path }}.shared_buffers: {{ $value }}, which PostgreSQL counts in pages of 8kB and CloudNativePG in MB; set it to {{ mul 8 (int64 $value) }}kB
{{- else if and (eq $name "wal_level") (eq (toString $value) "minimal") }}
{{ $path }}.wal_level: minimal, and engine is cloudnativepg, which archives and copies the WAL; remove it
{{- else if and (eq $name "wal_log_hints") (has (toString $value | lower) (list "off" "false" "no" "0")) (gt (int $values.cloudnativepg.instances) 1) }}
{{ $path }}.wal_log_hints: {{ $value }}, but pg_rewind, by which a primary of before comes back, needs them; remove it, or set cloudnativepg.instances to 1
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* The operator is there, and knows what the chart uses. */}}
{{- define "billdb.problems.cloudnativepgAPI" -}}
{{- if eq .Values.engine "cloudnativepg" }}
{{- if not (.Capabilities.APIVersions.Has "postgresql.cnpg.io/v1/Cluster") }}
engine: cloudnativepg, but this cluster does not know Cluster of postgresql.cnpg.io/v1; install the CloudNativePG operator first, 1.30 or newer (docs/high-availability.md)
{{- else }}
{{- if .Values.cloudnativepg.archive.enabled }}
{{- if not (.Capabilities.APIVersions.Has "barmancloud.cnpg.io/v1/ObjectStore") }}
cloudnativepg.archive.enabled: true, but this cluster does not know ObjectStore of barmancloud.cnpg.io/v1; install the Barman Cloud plugin beside the operator first (docs/point-in-time-recovery.md)
{{- else }}
{{- $archive := include "billdb.archive.name" . }}
{{- $place := (include "billdb.archive.store" . | fromYaml).configuration.destinationPath }}
{{- range $other := (lookup "postgresql.cnpg.io/v1" "Cluster" .Release.Namespace "").items }}
{{- range ternary list (dig "spec" "plugins" list .) (eq .metadata.name (include "billdb.name.server" $)) }}
{{- $store := lookup "barmancloud.cnpg.io/v1" "ObjectStore" $.Release.Namespace (dig "parameters" "barmanObjectName" "none" .) | default dict }}
{{- if and (eq $archive (dig "parameters" "serverName" $other.metadata.name .)) (eq $place (dig "spec" "configuration" "destinationPath" "" $store)) }}
cloudnativepg.archive.name: {{ $archive }}, under which the Cluster {{ $other.metadata.name }} of this namespace archives to the same place; choose another name
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.cloudnativepg.recovery.snapshot }}
{{- if not ($.Capabilities.APIVersions.Has "snapshot.storage.k8s.io/v1") }}
cloudnativepg.recovery.snapshot: {{ . }}, but this cluster does not know snapshot.storage.k8s.io/v1; install the snapshot controller and its CRDs first (docs/snapshots.md)
{{- else if not (or (lookup "postgresql.cnpg.io/v1" "Cluster" $.Release.Namespace (include "billdb.name.server" $)) (lookup "snapshot.storage.k8s.io/v1" "VolumeSnapshot" $.Release.Namespace .)) }}
cloudnativepg.recovery.snapshot: no VolumeSnapshot {{ . }} in namespace {{ $.Release.Namespace }}; name one that kubectl get volumesnapshot -n {{ $.Release.Namespace }} lists
{{- end }}
{{- end }}
{{- if .Values.storageClass.create }}
{{- $crd := lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" "clusters.postgresql.cnpg.io" | default dict }}
{{- range $crd.spec.versions }}
{{- if and (eq .name "v1") (not (dig "schema" "openAPIV3Schema" "properties" "spec" "properties" "serviceAccountName" "" .)) }}
engine: cloudnativepg, but the Cluster that this cluster knows is of an operator before 1.30, without serviceAccountName; upgrade the CloudNativePG operator first
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
