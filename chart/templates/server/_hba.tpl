{{/*
Who may log in, from where, to what and how; the first rule that fits decides. A role of the chart's reaches its own databases
and is turned away from all others.
*/}}
{{- define "billdb.config.hba" -}}
{{- range .Values.postgresql.hba }}
{{ . }}
{{- end }}
# On the socket inside the pod the operating system says who it is.
local all all peer{{ if not (include "billdb.image.user" .) }} map=assigned{{ end }}
{{- include "billdb.config.hba.network" . }}
{{- end }}

{{/* Its rules for the network. */}}
{{- define "billdb.config.hba.network" }}
{{- $tls := ne .Values.tls.mode "disabled" }}
{{- $host := ternary "hostssl" "host" $tls }}
{{- $method := .Values.auth.method }}
{{- $database := quote .Values.auth.database }}
{{- if eq (include "billdb.schema.login" .) "certificate" }}
# The schema Job has a certificate and no password.
hostssl all billdb_hook all cert
{{- end }}
host all billdb_hook all reject
{{- if not .Values.auth.superuserFromNetwork }}
host all postgres all reject
{{- end }}
{{ $host }} {{ $database }} bill_inquiry_owner,bill_inquiry_user,bill_readonly_user,bill_maintenance_user all {{ $method }}
{{ $host }} {{ $database }},postgres bill_monitoring_user all {{ $method }}
{{ $host }} all,replication bill_backup_user all {{ $method }}
{{- if $tls }}
# The same without TLS has no rule: the server says that there is no encryption.
hostssl all bill_inquiry_owner,bill_inquiry_user,bill_readonly_user,bill_maintenance_user,bill_monitoring_user all reject
{{- else }}
host all bill_inquiry_owner,bill_inquiry_user,bill_readonly_user,bill_maintenance_user,bill_monitoring_user all reject
{{- end }}
{{ $host }} all all all {{ $method }}
{{- end }}
