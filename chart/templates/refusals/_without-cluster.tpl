{{/* Where helm cannot see what is there, it would make another password and certificate at each render. */}}
{{- define "billdb.problems.withoutCluster" -}}
{{- if eq .Values.withoutCluster "refuse" }}
{{- $generated := list }}
{{- range $role, $own := .Values.auth.roles }}
{{- if and (include "billdb.role.owned" (dict "root" $ "role" $role)) (not (ternary $.Values.auth.postgresPassword $own.password (eq $role "postgres"))) }}
{{- $generated = append $generated $role }}
{{- end }}
{{- end }}
{{- if $generated }}
auth: helm cannot look into the cluster here, so the passwords of {{ join ", " $generated }} would change at each render; give auth.existingSecret, or render with --dry-run=server, or set withoutCluster=preview to only read the objects
{{- end }}
{{- with .Values.backup }}
{{- if and .enabled (not (coalesce .repository.password .repository.passwordSecret)) }}
backup.repository: helm cannot look into the cluster here, so the repository's password would change at each render; give passwordSecret, or render with --dry-run=server, or set withoutCluster=preview to only read the objects
{{- end }}
{{- end }}
{{- if eq .Values.tls.mode "generated" }}
tls.mode: helm cannot look into the cluster here, so a generated certificate would change at each render; choose certManager or existingSecret, or render with --dry-run=server, or set withoutCluster=preview to only read the objects
{{- else if and (eq .Values.tls.mode "existingSecret") (eq .Values.engine "cloudnativepg") }}
tls.mode: existingSecret, but helm cannot look into the cluster here, so the certificates by which CloudNativePG's servers know one another and the schema Job would change at each render; choose certManager, or render with --dry-run=server, or set withoutCluster=preview to only read the objects
{{- else if and (eq .Values.tls.mode "existingSecret") (eq .Values.schema.login "certificate") }}
schema.login: helm cannot look into the cluster here, so the schema Job's certificate would change at each render; choose password, or tls.mode certManager, or render with --dry-run=server, or set withoutCluster=preview to only read the objects
{{- end }}
{{- if eq (include "billdb.metrics.certificate" .) "generated" }}
metrics.tls: helm cannot look into the cluster here, so the certificate of the metrics would change at each render; give existingSecret, or tls.mode certManager, or render with --dry-run=server, or set withoutCluster=preview to only read the objects
{{- end }}
{{- end }}
{{- end }}
