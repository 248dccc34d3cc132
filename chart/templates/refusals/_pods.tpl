{{/* What the values say of pods, names and labels, and would break them. */}}

{{- define "billdb.problems.pods" -}}
{{- $tag := .Values.image.tag }}
{{- if and (kindIs "float64" $tag) (ne (floor $tag) $tag) }}
image.tag: {{ $tag }} is a number, and so would 14.10 be 14.1; put the tag in quotes
{{- end }}
{{- if has .Values.auth.database (list "postgres" "template0" "template1") }}
auth.database: {{ .Values.auth.database }} is PostgreSQL's own; give the service a database of its own
{{- end }}
{{ include "billdb.problems.labels" . }}
{{ include "billdb.problems.mounts" . }}
{{- end }}

{{- define "billdb.problems.labels" -}}
{{- $own := list "app" "tier" "helm.sh/chart" }}
{{- range list "name" "instance" "component" "version" "part-of" "managed-by" }}{{ $own = append $own (print "app.kubernetes.io/" .) }}{{ end }}
{{- range $key, $labels := dict "commonLabels" .Values.commonLabels "podLabels" .Values.podLabels "persistence.labels" .Values.persistence.labels "backup.podLabels" .Values.backup.podLabels }}
{{- range $name, $_ := $labels }}
{{- if has $name $own }}
{{ $key }}: the label {{ $name }} is the chart's own, and selectors rely on it; remove it
{{- end }}
{{- end }}
{{- end }}
{{- range $key, $annotations := dict "podAnnotations" .Values.podAnnotations "persistence.annotations" .Values.persistence.annotations "serviceAccount.annotations" .Values.serviceAccount.annotations }}
{{- range $name, $_ := $annotations }}
{{- if or (eq $name "kubectl.kubernetes.io/default-container") (regexMatch "^(billdb|(meta\\.)?helm\\.sh)/" $name) }}
{{ $key }}: the annotation {{ $name }} is the chart's or Helm's own; remove it
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* A mount hides what lies below it, and must neither lie in another nor hold one. */}}
{{- define "billdb.problems.mounts" -}}
{{- $programs := list "/bin" "/lib" "/lib64" "/sbin" "/usr/bin" "/usr/lib" "/usr/local/bin" "/usr/local/lib" "/usr/sbin" "/usr/share" "/opt/bitnami" }}
{{- $taken := list "/credentials" "/dev" "/proc" "/run/postgresql" "/sys" }}
{{- range include "billdb.server.ownMounts" . | fromYamlArray }}{{ $taken = append $taken .mountPath }}{{ end }}
{{- $mounts := list (dict "key" "persistence.mountPath" "path" .Values.persistence.mountPath) }}
{{- range $index, $mount := .Values.extraVolumeMounts }}
{{- $mounts = append $mounts (dict "key" (printf "extraVolumeMounts[%d].mountPath" $index) "path" $mount.mountPath) }}
{{- end }}
{{- range $mounts }}
{{- $path := clean .path }}
{{- $key := .key }}
{{- $below := printf "%s/" (trimSuffix "/" $path) }}
{{- $hidden := list }}
{{- range $programs }}{{ if hasPrefix $below (print . "/") }}{{ $hidden = append $hidden . }}{{ end }}{{ end }}
{{- range $taken }}{{ if or (hasPrefix $below (print . "/")) (hasPrefix (print . "/") $below) }}{{ $hidden = append $hidden . }}{{ end }}{{ end }}
{{- with $hidden }}
{{ $key }}: {{ $path }} would hide or lie in what the pod needs: {{ join ", " . }}; choose a path of its own
{{- end }}
{{- $taken = append $taken $path }}
{{- end }}
{{- end }}
