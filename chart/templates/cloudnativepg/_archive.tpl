{{/* The database's name in the archive. */}}
{{- define "billdb.archive.name" }}{{ .Values.cloudnativepg.archive.name | default (include "billdb.name.server" .) }}{{ end }}

{{- define "billdb.archive.port" }}{{ include "billdb.store.port" .Values.cloudnativepg.archive }}{{ end }}

{{/* What the Cluster knows of the archive: it writes there, and begins with what another one wrote. */}}
{{- define "billdb.archive.cluster" }}
{{- $archive := .Values.cloudnativepg.archive }}
{{- $plugin := "barman-cloud.cloudnative-pg.io" }}
{{- if $archive.enabled }}
plugins:
  - name: {{ $plugin }}
    isWALArchiver: true
    parameters:
      barmanObjectName: {{ include "billdb.name.archive" . | quote }}
      serverName: {{ include "billdb.archive.name" . | quote }}
{{- with .Values.cloudnativepg.recovery.from }}
externalClusters:
  - name: origin
    plugin:
      name: {{ $plugin }}
      parameters:
        barmanObjectName: {{ include "billdb.name.archive" $ | quote }}
        serverName: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* The ObjectStore's specification as the values have it, without cloudnativepg.archive.spec. */}}
{{- define "billdb.archive.store" -}}
{{- $archive := .Values.cloudnativepg.archive }}
{{- $secret := $archive.existingSecret }}
retentionPolicy: {{ $archive.retention | quote }}
configuration:
  {{- if eq $archive.type "s3" }}
  destinationPath: s3://{{ $archive.s3.bucket }}/{{ $archive.path }}
  endpointURL: {{ $archive.s3.endpoint | quote }}
  s3Credentials:
    {{- if $secret }}
    {{- range $field, $key := dict "accessKeyId" "AWS_ACCESS_KEY_ID" "secretAccessKey" "AWS_SECRET_ACCESS_KEY" }}
    {{ $field }}: {name: {{ $secret | quote }}, key: {{ $key }}}
    {{- end }}
    {{- else }}
    inheritFromIAMRole: true
    {{- end }}
  {{- else }}
  {{- /* Barman takes any other address for an emulator's, which has the account in its path too, and wants a connection string. */}}
  {{- $elsewhere := ne $archive.azure.endpointSuffix "core.windows.net" }}
  destinationPath: https://{{ $archive.azure.account }}.blob.{{ $archive.azure.endpointSuffix }}/{{ if $elsewhere }}{{ $archive.azure.account }}/{{ end }}{{ $archive.azure.container }}/{{ $archive.path }}
  azureCredentials:
    {{- if and $secret $elsewhere }}
    connectionString: {name: {{ $secret | quote }}, key: AZURE_STORAGE_CONNECTION_STRING}
    {{- else if $secret }}
    {{- range $field, $key := dict "storageAccount" "AZURE_ACCOUNT_NAME" "storageKey" "AZURE_ACCOUNT_KEY" }}
    {{ $field }}: {name: {{ $secret | quote }}, key: {{ $key }}}
    {{- end }}
    {{- else }}
    inheritFromAzureAD: true
    {{- end }}
  {{- end }}
  {{- with $archive.caSecret }}
  endpointCA: {name: {{ . | quote }}, key: ca.crt}
  {{- end }}
  {{- $encryption := ternary $archive.s3.encryption "" (eq $archive.type "s3") }}
  {{- range list "wal" "data" }}
  {{ . }}:
    compression: gzip
    {{- with $encryption }}
    encryption: {{ . | quote }}
    {{- end }}
  {{- end }}
{{- if eq $archive.type "s3" }}
instanceSidecarConfiguration:
  env:
    - name: AWS_DEFAULT_REGION
      value: {{ $archive.s3.region | quote }}
{{- end }}
{{- end }}
