{{/* What cloudnativepg.spec may not have: the chart's other objects, or its other values, would say something else. */}}
{{- define "billdb.problems.cloudnativepgSpec" -}}
{{- if eq .Values.engine "cloudnativepg" }}
{{- $given := .Values.cloudnativepg }}
{{- $owned := dict "instances" "cloudnativepg.instances" "imageName" "image" "imageCatalogRef" "image" "postgresUID" "image.user" "postgresGID" "image.user"
  "inheritedMetadata" "podLabels and podAnnotations" "certificates" "tls" "superuserSecret" "auth.roles.postgres" "enableSuperuserAccess" "auth.superuserFromNetwork"
  "serviceAccountName" "" "serviceAccountTemplate" "serviceAccount.annotations" "managed" "" "projectedVolumeTemplate" "" "replica" "" "storage.size" "persistence.size" "storage.storageClass" "persistence.storageClass"
  "bootstrap.initdb.database" "" "bootstrap.initdb.owner" "" "bootstrap.initdb.secret" "" "bootstrap.initdb.localeCollate" "postgresql.locale" "bootstrap.initdb.localeCType" "postgresql.locale"
  "postgresql.pg_hba" "postgresql.hba" "postgresql.ldap" "postgresql.hba" "postgresql.shared_preload_libraries" "postgresql.parameters" "postgresql.parameters.password_encryption" "auth.method"
  "postgresql.parameters.ssl_min_protocol_version" "tls.minVersion" "postgresql.parameters.ssl_ciphers" "tls.ciphers"
  "minSyncReplicas" "cloudnativepg.spec.postgresql.synchronous" "maxSyncReplicas" "cloudnativepg.spec.postgresql.synchronous" }}
{{- if $given.archive.enabled }}
{{- /* Lists are laid over as a whole: the archive would stop without a word. */}}
{{- $owned = merge (dict "plugins" "cloudnativepg.archive" "backup.barmanObjectStore" "cloudnativepg.archive") $owned }}
{{- end }}
{{- if .Values.snapshots.class }}
{{- $owned = merge (dict "backup.volumeSnapshot.className" "snapshots.class" "backup.volumeSnapshot.snapshotOwnerReference" "snapshots.keep") $owned }}
{{- end }}
{{- if $given.recovery.from }}
{{- $owned = merge (dict "externalClusters" "cloudnativepg.recovery") $owned }}
{{- end }}
{{- if include "billdb.metrics.instances" . }}
{{- $owned = merge (dict "monitoring.customQueriesConfigMap" "cloudnativepg.spec.monitoring.customQueriesSecret") $owned }}
{{- end }}
{{- range $path, $instead := $owned }}
{{- $place := splitList "." $path }}
{{- $found := $given.spec }}
{{- range initial $place }}
{{- $found = ternary $found dict (kindIs "map" $found) }}
{{- $found = get $found . }}
{{- end }}
{{- if and (kindIs "map" $found) (hasKey $found (last $place)) }}
cloudnativepg.spec.{{ $path }}: the chart itself sets it, and its other objects fit to that; remove it{{ with $instead }} and use {{ . }}{{ end }}
{{- end }}
{{- end }}
{{- $ways := keys ($given.spec.bootstrap | default dict) }}
{{- if or $given.recovery.from $given.recovery.snapshot }}
{{- $ways = append $ways "recovery" | uniq }}
{{- end }}
{{- if gt (len $ways) 1 }}
cloudnativepg.spec.bootstrap: {{ sortAlpha $ways | join " and " }}{{ if $given.recovery.from }}, with cloudnativepg.recovery.from{{ else if $given.recovery.snapshot }}, with cloudnativepg.recovery.snapshot{{ end }}, but a Cluster begins in one way; keep one
{{- end }}
{{- end }}
{{- end }}
