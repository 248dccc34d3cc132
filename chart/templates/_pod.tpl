{{/* An image as Kubernetes names it: a map like .Values.image. A tag may be a whole number. */}}
{{- define "billdb.image" -}}
{{ .registry }}/{{ .repository }}{{ with .tag }}:{{ toJson . | trimAll "\"" }}{{ end }}{{ with .digest }}@{{ . }}{{ end }}
{{- end }}

{{/* User and group id of PostgreSQL's programs: the image profile's own, whose volumes belong to it; nothing where the cluster assigns it. */}}
{{- define "billdb.image.user" }}{{- with .Values.image.user | default (get (dict "official" 999 "bitnamilegacy" 1001 "cloudnative-pg" 26) .Values.image.profile) }}{{ int64 . }}{{ end }}{{ end }}

{{/* Labels and annotations of every pod: (dict "root" $ "app" NAME "component" WORD "labels" MAP "annotations" MAP); the maps may be left out. */}}
{{- define "billdb.pod.metadata" -}}
labels:
  {{- include "billdb.podLabels" (merge (dict "extra" (merge dict (.labels | default dict) (.root.Values.podLabels | default dict))) .) | nindent 2 }}
{{- with merge (.annotations | default dict) (.root.Values.podAnnotations | default dict) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/*
What every pod has: what Pod Security's "restricted" asks of it, no token for an API that most pods do not need, and where it may run.
The context may have "account", the name of an account of its own.
*/}}
{{- define "billdb.pod.spec" -}}
serviceAccountName: {{ .account | default (include "billdb.name.serviceAccount" .) | quote }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  {{- with include "billdb.image.user" . }}
  runAsUser: {{ . }}
  runAsGroup: {{ . }}
  fsGroup: {{ . }}
  {{- end }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- range $key := list "nodeSelector" "tolerations" "affinity" "topologySpreadConstraints" "priorityClassName" }}
{{- with index $.Values $key }}
{{ toYaml (dict $key .) }}
{{- end }}
{{- end }}
{{- end }}

{{/* What every container has: (dict "root" $ "resources" MAP "image" MAP); without an image it is PostgreSQL's. */}}
{{- define "billdb.container" -}}
image: {{ include "billdb.image" (.image | default .root.Values.image) | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
resources:
  {{- .resources | default dict | toYaml | nindent 2 }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}
