{{/* CloudNativePG's Cluster of this name, in JSON; nothing where there is none. A lookup of a kind that the cluster does not know is an error. */}}
{{- define "billdb.cloudnativepg.running" -}}
{{- if .Capabilities.APIVersions.Has "postgresql.cnpg.io/v1/Cluster" }}
{{- with lookup "postgresql.cnpg.io/v1" "Cluster" .Release.Namespace (include "billdb.name.server" .) }}{{ toJson . }}{{ end }}
{{- end }}
{{- end }}

{{/* What a Cluster that is there cannot become, in place. */}}
{{- define "billdb.problems.cloudnativepgRunning" -}}
{{- $cluster := include "billdb.cloudnativepg.running" . | default "{}" | fromJson }}
{{- if and (eq .Values.engine "cloudnativepg") $cluster }}
{{- $server := include "billdb.name.server" . }}
{{- $spec := $cluster.spec | default dict }}
{{- /* After pg_upgrade failed the image is another's than the data. */}}
{{- $given := include "billdb.major" ($spec.imageName | default "") | int }}
{{- $had := dig "status" "pgDataImageInfo" "majorVersion" $given $cluster | int }}
{{- $wanted := include "billdb.major" (include "billdb.image" .Values.image) | int }}
{{- $asked := include "billdb.cloudnativepg.cluster" . | fromJson }}
{{- $settings := dig "postgresql" "parameters" dict $spec }}
{{- $changed := dict }}
{{- range $name, $value := ternary (dig "postgresql" "parameters" dict $asked) dict (not (empty $settings)) }}
{{- if ne (get $settings $name | toString) (toString $value) }}{{ $_ := set $changed $name $value }}{{ end }}
{{- end }}
{{- if and $had $wanted (lt $wanted $had) }}
image.tag: PostgreSQL {{ $wanted }}, but CloudNativePG's Cluster {{ $server }} has the data of PostgreSQL {{ $had }}, and there is no way down in place; set it to {{ $had }}, or restore a backup of before (docs/upgrades.md)
{{- else if and $had (gt $wanted $had) }}
{{- if lt $wanted 16 }}
image.tag: PostgreSQL {{ $wanted }}, but CloudNativePG's Cluster {{ $server }} has the data of PostgreSQL {{ $had }}, and the operator upgrades to 16 and newer only; set it to 16 or more
{{- end }}
{{- /* pg_upgrade starts the server of before once more, with the settings that it was given last. */}}
{{- range $name, $value := $changed }}
postgresql.parameters.{{ $name }}: {{ $value }} comes together with PostgreSQL {{ $wanted }}, but the server of PostgreSQL {{ $had }} starts once more with it, and may not know it; change one of them at a time, each with a helm upgrade
{{- end }}
{{- $slots := dig "postgresql" "parameters" "max_slot_wal_keep_size" "-1" $asked | toString }}
{{- if and (regexMatch "^17\\.[0-5]([^0-9]|$)" (toString .Values.image.tag)) (not (hasPrefix "-" $slots)) }}
image.tag: {{ .Values.image.tag }}, whose pg_upgrade fails where max_slot_wal_keep_size is {{ $slots }}, and no server runs then; set it to 17.6 or newer
{{- end }}
{{- /* The new version begins the WAL anew, under names that are in the archive already. */}}
{{- $archive := include "billdb.archive.name" . }}
{{- range ternary $spec.plugins list (and .Values.cloudnativepg.archive.enabled (ne $given $wanted)) }}
{{- if eq $archive (dig "parameters" "serverName" "" .) }}
cloudnativepg.archive.name: {{ $archive }}, where the WAL of PostgreSQL {{ $had }} is, and that of PostgreSQL {{ $wanted }} would be written over it; set it to another name, as {{ $archive }}-{{ $wanted }}, together with image.tag (docs/upgrades.md)
{{- end }}
{{- end }}
{{- else if and $spec.imageName (ne $spec.imageName $asked.imageName) (eq $asked.primaryUpdateMethod "switchover") }}
{{- range $name, $value := $changed }}
postgresql.parameters.{{ $name }}: {{ $value }} comes together with the image {{ $asked.imageName }}, and CloudNativePG takes one of them at a time where another server takes the primary's place; change one at a time, each with a helm upgrade
{{- end }}
{{- end }}
{{- $size := dig "storage" "size" "" $spec }}
{{- if and $size (lt (include "billdb.bytes" (dict "value" .Values.persistence.size "unit" 1) | int64) (include "billdb.bytes" (dict "value" $size "unit" 1) | int64)) }}
persistence.size: {{ .Values.persistence.size }}, but the volumes of CloudNativePG's Cluster {{ $server }} have {{ $size }} and cannot shrink; set it to {{ $size }} or more
{{- end }}
{{- $recovery := .Values.cloudnativepg.recovery }}
{{- $began := dig "bootstrap" "recovery" dict $spec }}
{{- $origin := "" }}
{{- range $spec.externalClusters }}
{{- if eq .name ($began.source | default "") }}{{ $origin = dig "plugin" "parameters" "serverName" "" . }}{{ end }}
{{- end }}
{{- range $key, $was := dict "from" $origin "until" (dig "recoveryTarget" "targetTime" "" $began) "snapshot" (dig "volumeSnapshots" "storage" "name" "" $began) }}
{{- $value := get $recovery $key }}
{{- if and $value (ne $value $was) }}
cloudnativepg.recovery.{{ $key }}: {{ $value }}, but CloudNativePG's Cluster {{ $server }} is there and began with {{ $was | default "none" }}: it is looked at when a Cluster is made, and never again; remove it, or recover in another namespace (docs/point-in-time-recovery.md)
{{- end }}
{{- end }}
{{- $user := include "billdb.image.user" . }}
{{- if and $user $spec.postgresUID (ne $user ($spec.postgresUID | int | toString)) }}
image.user: {{ $user }}, but the files of CloudNativePG's Cluster {{ $server }} belong to {{ $spec.postgresUID | int }}, and it cannot change that; set it to {{ $spec.postgresUID | int }}
{{- end }}
{{- end }}
{{- end }}

{{/* Another engine on a release that has data would start an empty database beside them. */}}
{{- define "billdb.problems.engine" -}}
{{- $server := include "billdb.name.server" . }}
{{- $namespace := .Release.Namespace }}
{{- $cluster := include "billdb.cloudnativepg.running" . }}
{{- $claim := lookup "v1" "PersistentVolumeClaim" $namespace (include "billdb.name.pvc.first" .) }}
{{- if and (eq .Values.engine "statefulset") $cluster }}
engine: statefulset, but the data are in CloudNativePG's Cluster {{ $server }} of namespace {{ $namespace }}; set engine to cloudnativepg, or move them (docs/high-availability.md)
{{- else if and (eq .Values.engine "cloudnativepg") $claim (not $cluster) (not (and .Values.restore.from .Release.IsInstall)) }}
engine: cloudnativepg, but the data are on the claim {{ $claim.metadata.name }} of namespace {{ $namespace }} and would stay behind; set engine to statefulset, or move them by a backup (docs/high-availability.md)
{{- end }}
{{- end }}
