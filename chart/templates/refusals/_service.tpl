{{/* A load balancer is public wherever no annotation of its cloud (Azure, AWS, Google) says otherwise. */}}
{{- define "billdb.problems.service" -}}
{{- $ranges := .Values.service.loadBalancerSourceRanges }}
{{- if and $ranges (ne .Values.service.type "LoadBalancer") }}
service.loadBalancerSourceRanges: {{ join ", " $ranges }}, but service.type is {{ .Values.service.type }}, and Kubernetes takes them with LoadBalancer only; remove them
{{- end }}
{{- $internal := regexMatch `load-balancer-(internal":"true"|scheme":"internal"|type":"Internal")` (toJson .Values.service.annotations) }}
{{- if and (eq .Values.service.type "LoadBalancer") (not $internal) (or (not $ranges) (regexMatch "/0( |$)" (join " " $ranges))) }}
service.type: LoadBalancer, open to every address; name the clients' addresses in service.loadBalancerSourceRanges (no /0), or have the cloud keep it internal by service.annotations (service.beta.kubernetes.io/azure-load-balancer-internal: "true", service.beta.kubernetes.io/aws-load-balancer-scheme: internal, networking.gke.io/load-balancer-type: Internal), or choose ClusterIP
{{- end }}
{{- end }}
