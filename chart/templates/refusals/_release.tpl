{{/* The server's name, its claim or its database changed on a running release: it would go on with an empty database. */}}
{{- define "billdb.problems.moved" -}}
{{- $server := include "billdb.name.server" . }}
{{- $reinstall := printf "to move, run helm uninstall %s -n %s, which keeps data and passwords, then helm install with" .Release.Name .Release.Namespace }}
{{- range $found := (lookup "apps/v1" "StatefulSet" .Release.Namespace "").items }}
{{- range .spec.template.spec.volumes }}
{{- if and (eq .name "postgresql-data") (eq (dig "metadata" "annotations" "meta.helm.sh/release-name" "" $found) $.Release.Name) }}
{{- $has := .persistentVolumeClaim.claimName }}
{{- if ne $found.metadata.name $server }}
fullnameOverride: it names the server {{ $server }}, but this release's server is {{ $found.metadata.name }}, whose data would stay behind; set it back, or {{ $reinstall }} persistence.existingClaim={{ $has }} and auth.existingSecret={{ $.Values.auth.existingSecret | default (printf "%s-secret" $found.metadata.name) }} as well
{{- else if not (has (include "billdb.name.pvc" $) (list $has (include "billdb.move.origin.of" (dict "root" $ "claim" $has)))) | and (or $.Values.persistence.existingClaim (not (include "billdb.name.pvc.word" $))) }}
persistence.existingClaim: the server would run on the claim {{ include "billdb.name.pvc" $ }}, but this release's data is on {{ $has }}; keep that, or {{ $reinstall }} the other claim
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- if and .Release.IsUpgrade (.Capabilities.APIVersions.Has "postgresql.cnpg.io/v1/Cluster") }}
{{- $here := or (lookup "postgresql.cnpg.io/v1" "Cluster" .Release.Namespace $server) (lookup "apps/v1" "StatefulSet" .Release.Namespace $server) }}
{{- range ternary list (lookup "postgresql.cnpg.io/v1" "Cluster" .Release.Namespace "").items (not (empty $here)) }}
{{- if eq (dig "metadata" "annotations" "meta.helm.sh/release-name" "" .) $.Release.Name }}
fullnameOverride: it names the server {{ $server }}, but this release's server is {{ .metadata.name }}, whose data would stay behind; set it back, or move them by a backup into a release of another name
{{- end }}
{{- end }}
{{- end }}
{{- $config := include "billdb.name.config" . }}
{{- $has := dig "data" "POSTGRES_DB" "" (lookup "v1" "ConfigMap" .Release.Namespace $config | default dict) }}
{{- if not (has $has (list "" .Values.auth.database)) }}
auth.database: {{ .Values.auth.database }}, but this release's database is {{ $has }}, and the service would find an empty one; keep that, or rename it while no client is connected: kubectl exec -n {{ .Release.Namespace }} {{ ternary (printf "service/%s -c postgres" $server) (printf "%s-0" $server) (eq .Values.engine "cloudnativepg") }} -- psql -U postgres -c 'ALTER DATABASE "{{ $has }}" RENAME TO "{{ .Values.auth.database }}"' && kubectl patch -n {{ .Release.Namespace }} configmap {{ $config }} --type=merge -p '{"data":{"POSTGRES_DB":"{{ .Values.auth.database }}"}}', then try again
{{- end }}
{{- end }}

{{/* What another release or a person may have made, by kind, in JSON. With CloudNativePG the operator makes the Service, and more is kept. */}}
{{- define "billdb.release.objects" -}}
{{- $server := include "billdb.name.server" . }}
{{- $archive := list (include "billdb.name.archive" .) }}
{{- $objects := dict "ConfigMap" (list (include "billdb.name.config" .) (include "billdb.name.schemaScript" .)) "Secret" (include "billdb.secrets.own" . | fromJsonArray) }}
{{- if eq .Values.engine "statefulset" }}
{{- $claims := ternary list (list (include "billdb.name.pvc" .)) (not (empty .Values.persistence.existingClaim)) }}
{{- $objects = merge $objects (dict "StatefulSet" (list $server) "Service" (list $server) "PersistentVolumeClaim" $claims) }}
{{- else if .Capabilities.APIVersions.Has "postgresql.cnpg.io/v1/Cluster" }}
{{- $objects = merge $objects (dict "Cluster" (list $server) "ServiceAccount" (list $server)) }}
{{- if .Values.networkPolicy.enabled }}{{ $objects = set $objects "NetworkPolicy" (list $server (include "billdb.name.instances" .)) }}{{ end }}
{{- if and .Values.cloudnativepg.archive.enabled (.Capabilities.APIVersions.Has "barmancloud.cnpg.io/v1/ObjectStore") }}
{{- $objects = merge $objects (dict "ObjectStore" $archive "ScheduledBackup" $archive) }}
{{- end }}
{{- if and (eq .Values.tls.mode "certManager") (.Capabilities.APIVersions.Has "cert-manager.io/v1/Certificate") }}
{{- $ca := include "billdb.name.schemaCA" . }}
{{- $certificates := list (include "billdb.name.tls" .) $ca (include "billdb.name.schemaTLS" .) (include "billdb.name.replicationTLS" .) }}
{{- $objects = merge $objects (dict "Certificate" $certificates "Issuer" (list (print $ca "-self-signed") $ca)) }}
{{- end }}
{{- end }}
{{ toJson $objects }}
{{- end }}

{{/* Objects of these names that another release or a person made: helm would name one of them, and no way on. */}}
{{- define "billdb.problems.foreign" -}}
{{- $namespace := .Release.Namespace }}
{{- $server := include "billdb.name.server" . }}
{{- $versions := dict "StatefulSet" "apps/v1" "NetworkPolicy" "networking.k8s.io/v1" "Cluster" "postgresql.cnpg.io/v1" "ScheduledBackup" "postgresql.cnpg.io/v1" "ObjectStore" "barmancloud.cnpg.io/v1" "Certificate" "cert-manager.io/v1" "Issuer" "cert-manager.io/v1" }}
{{- $holding := "" }}
{{- $replaced := "" }}
{{- $runs := "" }}
{{- $installed := "" }}
{{- range $kind, $names := ternary (include "billdb.release.objects" . | fromJson) dict .Release.IsInstall }}
{{- range $names }}
{{- $object := lookup (get $versions $kind | default "v1") $kind $namespace . | default dict }}
{{- $owner := dig "metadata" "annotations" "meta.helm.sh/release-name" "" $object }}
{{- if and $object (ne $owner $.Release.Name) }}
{{- $name := printf " %s/%s" (lower $kind) . }}
{{- if has $kind (list "StatefulSet" "Service" "ConfigMap") }}{{ $replaced = print $replaced $name }}{{ else }}{{ $holding = print $holding $name }}{{ end }}
{{- /* A Cluster that an uninstalled release left runs too: what is not kept tells that its release is there. */}}
{{- if has $kind (list "StatefulSet" "Cluster") }}{{ $runs = $owner }}{{ end }}
{{- if has $kind (list "StatefulSet" "ConfigMap") }}{{ $installed = $owner }}{{ end }}
{{- end }}
{{- end }}
{{- end }}
{{- $delete := printf "kubectl delete -n %s%s" $namespace $replaced }}
{{- $adopt := printf "kubectl annotate -n %s --overwrite%s meta.helm.sh/release-name=%s meta.helm.sh/release-namespace=%s && kubectl label -n %s --overwrite%s app.kubernetes.io/managed-by=Helm" $namespace $holding .Release.Name $namespace $namespace $holding }}
{{- if and $runs (eq $runs $installed) }}
fullnameOverride: the release {{ $runs }} of this namespace has a server {{ $server }}; choose another name for a second database, or take over its data: helm uninstall {{ $runs }} -n {{ $namespace }}, then try again
{{- else if or $holding $replaced }}
release {{ .Release.Name }}: it did not make{{ $replaced }}{{ $holding }} in namespace {{ $namespace }}; to take over data and passwords, run: {{ list (and $replaced $delete) (and $holding $adopt) | compact | join " && " }}, then try again
{{- end }}
{{- end }}
