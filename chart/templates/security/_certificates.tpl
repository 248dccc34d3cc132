{{/*
The Secrets of a CA and of certificates that it signed, kept over upgrades; all come out of one render, for they belong together:
(dict "root" $ "ca" SECRET "certificate" SECRET "commonName" NAME "names" LIST), "app" and "component" for their labels where they are
not the server's, and "others", which have "certificate", "commonName" and "names" of their own.
A certificate is made anew when its names changed or its last day is near. A CA near its end gets a new certificate for the
same key, so that what it signed stays valid, and so do clients that know only the old one.
*/}}
{{- define "billdb.certificates" -}}
{{- $tls := .root.Values.tls }}
{{- $namespace := .root.Release.Namespace }}
{{- $labels := dict "root" .root "app" (.app | default (include "billdb.name.server" .root)) "component" (.component | default "server") "extra" (include "billdb.cloudnativepg.reload" .root | fromYaml) }}
{{- $day := "2006-01-02" }}
{{- $renew := now | dateModify (printf "+%dh" (mul 24 $tls.renewBeforeDays)) | date $day }}
{{- $keptCA := lookup "v1" "Secret" $namespace .ca | default dict }}
{{- if not (dig "data" "ca.key" "" $keptCA) }}{{ $keptCA = dict }}{{ end }}
{{- $lastDayCA := dig "metadata" "annotations" "billdb/not-after" "" $keptCA }}
{{- $ca := dict }}
{{- if and $keptCA.data (gt $lastDayCA $renew) }}
{{- $ca = buildCustomCert (index $keptCA.data "ca.crt") (index $keptCA.data "ca.key") }}
{{- else }}
{{- $key := genPrivateKey "ecdsa" }}
{{- if $keptCA.data }}{{ $key = index $keptCA.data "ca.key" | b64dec }}{{ end }}
{{- $ca = genCAWithKey (printf "%s CA" .commonName) (int $tls.caValidityDays) $key }}
{{- $lastDayCA = now | dateModify (printf "+%dh" (mul 24 $tls.caValidityDays)) | date $day }}
{{- end }}
apiVersion: v1
kind: Secret
metadata:
  name: {{ .ca | quote }}
  namespace: {{ $namespace | quote }}
  labels:
    {{- include "billdb.labels" $labels | nindent 4 }}
  annotations:
    # Clients trust this CA: it must stay the same over uninstall and install.
    helm.sh/resource-policy: keep
    billdb/not-after: {{ $lastDayCA | quote }}
type: Opaque
data:
  ca.crt: {{ $ca.Cert | b64enc }}
  ca.key: {{ $ca.Key | b64enc }}
{{- range concat (list .) (.others | default list) }}
{{- $kept := lookup "v1" "Secret" $namespace .certificate | default dict }}
{{- $lastDay := dig "metadata" "annotations" "billdb/not-after" "" $kept }}
{{- $sameNames := eq (join "," .names) (dig "metadata" "annotations" "billdb/names" "" $kept) }}
{{- $certificate := dict }}
{{- if and $keptCA.data $kept.data $sameNames (gt $lastDay $renew) }}
{{- $certificate = dict "Cert" (index $kept.data "tls.crt" | b64dec) "Key" (index $kept.data "tls.key" | b64dec) }}
{{- else }}
{{- $certificate = genSignedCertWithKey .commonName (list "127.0.0.1") .names (int $tls.validityDays) $ca (genPrivateKey "ecdsa") }}
{{- $lastDay = now | dateModify (printf "+%dh" (mul 24 $tls.validityDays)) | date $day }}
{{- end }}
---
apiVersion: v1
kind: Secret
metadata:
  name: {{ .certificate | quote }}
  namespace: {{ $namespace | quote }}
  labels:
    {{- include "billdb.labels" $labels | nindent 4 }}
  annotations:
    helm.sh/resource-policy: keep
    billdb/names: {{ join "," .names | quote }}
    billdb/not-after: {{ $lastDay | quote }}
type: kubernetes.io/tls
data:
  ca.crt: {{ $ca.Cert | b64enc }}
  tls.crt: {{ $certificate.Cert | b64enc }}
  tls.key: {{ $certificate.Key | b64enc }}
{{- end }}
{{- end }}

{{/* DNS names that clients may call the server by, as a list in JSON. */}}
{{- define "billdb.certificates.names" -}}
{{- $server := include "billdb.name.server" . }}
{{- $services := list $server (include "billdb.name.headless" .) }}
{{- if eq .Values.engine "cloudnativepg" }}
{{- $services = list $server (print $server "-rw") (print $server "-ro") (print $server "-r") }}
{{- if include "billdb.pooler" . }}{{ $services = append $services (include "billdb.name.pooler" .) }}{{ end }}
{{- end }}
{{- include "billdb.certificates.namesOf" (dict "root" . "services" $services "others" (concat (list "localhost") (.Values.tls.extraNames | default list))) }}
{{- end }}

{{/* Those of Services, and others, as a list in JSON: (dict "root" $ "services" LIST "others" LIST). */}}
{{- define "billdb.certificates.namesOf" -}}
{{- $root := .root }}
{{- $names := list }}
{{- range $service := .services }}
{{- $full := printf "%s.%s.svc" $service $root.Release.Namespace }}
{{- $names = concat $names (list $service (printf "%s.%s" $service $root.Release.Namespace) $full (printf "%s.%s" $full $root.Values.clusterDomain)) }}
{{- end }}
{{ concat $names .others | uniq | toJson }}
{{- end }}

{{/* A server's certificate by tls.issuerRef: (dict "root" $ "secret" SECRET "commonName" NAME "names" LIST), "app" and "component" as above, and "kept" where it outlives the release. */}}
{{- define "billdb.certificates.issued" -}}
{{- $labels := dict "root" .root "app" (.app | default (include "billdb.name.server" .root)) "component" (.component | default "server") "extra" (include "billdb.cloudnativepg.reload" .root | fromYaml) -}}
apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  name: {{ .secret | quote }}
  namespace: {{ .root.Release.Namespace | quote }}
  labels:
    {{- include "billdb.labels" $labels | nindent 4 }}
  {{- if .kept }}
  annotations:
    helm.sh/resource-policy: keep
  {{- end }}
spec:
  secretName: {{ .secret | quote }}
  secretTemplate:
    labels:
      {{- include "billdb.podLabels" $labels | nindent 6 }}
  commonName: {{ .commonName | quote }}
  dnsNames:
    {{- .names | toYaml | nindent 4 }}
  usages: [digital signature, key encipherment, server auth]
  duration: {{ mul 24 .root.Values.tls.validityDays }}h
  renewBefore: {{ mul 24 .root.Values.tls.renewBeforeDays }}h
  privateKey:
    algorithm: ECDSA
    rotationPolicy: Always
  issuerRef:
    {{- toYaml .root.Values.tls.issuerRef | nindent 4 }}
{{- end }}
