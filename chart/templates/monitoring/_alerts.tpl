{{/*
The alerting rules. A file of monitoring/alerts is named after its alert and has `defaults` (threshold, for, window), which
metrics.alerts.rules may change by the alert's name, and `rule`, in which ${NAME} stands for what is given here. What Prometheus itself
fills in, {{ $value }}, stays.
*/}}
{{- define "billdb.alerts.groups" -}}
{{- $alerts := .Values.metrics.alerts }}
{{- $given := dict
  "server" (printf `namespace="%s",server="%s"` .Release.Namespace (include "billdb.name.server" .))
  "namespace" .Release.Namespace
  "name" (include "billdb.name.server" .)
  "pod" (printf "%s-0" (include "billdb.name.server" .))
  "claim" (include "billdb.name.pvc" .)
  "kosSuccessCodes" (join "|" .Values.metrics.kosSuccessCodes)
}}
groups:
  - name: {{ include "billdb.name.server" . | quote }}
    rules:
      {{- range $path, $_ := .Files.Glob "monitoring/alerts/*.yaml" }}
      {{- $name := base $path | trimSuffix ".yaml" }}
      {{- if not (has $name $alerts.exclude) }}
      {{- $text := $.Files.Get $path }}
      {{- $tuned := merge (dict) (get $alerts.rules $name | default dict) (fromYaml $text).defaults $given }}
      {{- range $key, $value := $tuned }}
      {{- $text = $text | replace (printf "${%s}" $key) (kindIs "string" $value | ternary $value (toJson $value)) }}
      {{- end }}
      {{- $rule := (fromYaml $text).rule }}
      {{- $_ := set $rule "alert" $name }}
      {{- $_ := set $rule.annotations "runbook_url" (printf "%s/%s.md" (trimSuffix "/" $alerts.runbooks) $name) }}
      - {{- toYaml $rule | nindent 8 }}
      {{- end }}
      {{- end }}
{{- end }}
