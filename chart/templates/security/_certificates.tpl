{{/*
A CA and a certificate that it signed, kept in two Secrets over upgrades. Gives "ca" and "certificate", each with Cert, Key
and NotAfter (a day), into the dict that it is called with:
(dict "root" $ "ca" SECRET "certificate" SECRET "commonName" NAME "names" LIST).
A certificate is made anew when its names changed or its last day is near. A CA near its end gets a new certificate for the
same key, so that what it signed stays valid, and so do clients that know only the old one.
*/}}
{{- define "billdb.certificates" -}}
{{- $tls := .root.Values.tls }}
{{- $namespace := .root.Release.Namespace }}
{{- $day := "2006-01-02" }}
{{- $renew := now | dateModify (printf "+%dh" (mul 24 $tls.renewBeforeDays)) | date $day }}
{{- $ca := dict }}
{{- $keptCA := lookup "v1" "Secret" $namespace .ca | default dict }}
{{- if not (dig "data" "ca.key" "" $keptCA) }}{{ $keptCA = dict }}{{ end }}
{{- $lastDay := dig "metadata" "annotations" "billdb/not-after" "" $keptCA }}
{{- $commonName := printf "%s CA" .commonName }}
{{- if and $keptCA.data (gt $lastDay $renew) }}
{{- $ca = buildCustomCert (index $keptCA.data "ca.crt") (index $keptCA.data "ca.key") }}
{{- else }}
{{- $key := genPrivateKey "ecdsa" }}
{{- if $keptCA.data }}{{ $key = index $keptCA.data "ca.key" | b64dec }}{{ end }}
{{- $ca = genCAWithKey $commonName (int $tls.caValidityDays) $key }}
{{- $lastDay = now | dateModify (printf "+%dh" (mul 24 $tls.caValidityDays)) | date $day }}
{{- end }}
{{- $_ := set . "ca" (dict "Cert" $ca.Cert "Key" $ca.Key "NotAfter" $lastDay) }}
{{- $kept := lookup "v1" "Secret" $namespace .certificate | default dict }}
{{- $lastDay = dig "metadata" "annotations" "billdb/not-after" "" $kept }}
{{- $sameNames := eq (join "," .names) (dig "metadata" "annotations" "billdb/names" "" $kept) }}
{{- if and $keptCA.data $kept.data $sameNames (gt $lastDay $renew) }}
{{- $_ := set . "certificate" (dict "Cert" (index $kept.data "tls.crt" | b64dec) "Key" (index $kept.data "tls.key" | b64dec) "NotAfter" $lastDay) }}
{{- else }}
{{- $certificate := genSignedCertWithKey .commonName (list "127.0.0.1") .names (int $tls.validityDays) $ca (genPrivateKey "ecdsa") }}
{{- $lastDay = now | dateModify (printf "+%dh" (mul 24 $tls.validityDays)) | date $day }}
{{- $_ := set . "certificate" (dict "Cert" $certificate.Cert "Key" $certificate.Key "NotAfter" $lastDay) }}
{{- end }}
{{- end }}

{{/* DNS names that clients may call the server by, as a list in JSON. */}}
{{- define "billdb.certificates.names" -}}
{{- $names := list }}
{{- range $service := list (include "billdb.name.server" .) (include "billdb.name.headless" .) }}
{{- $full := printf "%s.%s.svc" $service $.Release.Namespace }}
{{- $names = concat $names (list $service (printf "%s.%s" $service $.Release.Namespace) $full (printf "%s.%s" $full $.Values.clusterDomain)) }}
{{- end }}
{{ concat $names (list "localhost") (.Values.tls.extraNames | default list) | uniq | toJson }}
{{- end }}
