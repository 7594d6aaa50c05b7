{{/* 1.5 times the exporter's own limit on its series, to leave room for its self metrics. */}}
{{- define "tocsin.sampleLimit" -}}
{{- div (mul 3 (include "tocsin.seriesMax" . | int)) 2 -}}
{{- end -}}

{{- define "tocsin.scheme" -}}
{{- if .Values.tls.existingSecret }}https{{ else }}http{{ end -}}
{{- end -}}

{{/* Milliseconds of a duration such as 15s. */}}
{{- define "tocsin.milliseconds" -}}
{{- mul (regexFind "^[0-9]+" .) (get (dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000) (regexFind "[a-z]+$" .)) -}}
{{- end -}}

{{/* TLS and relabelling of a scrape. Call with (list . monitor-values). */}}
{{- define "tocsin.endpoint" -}}
{{- $root := index . 0 -}}
{{- $monitor := index . 1 -}}
{{- with $monitor.scrapeTimeout -}}
{{- if gt (include "tocsin.milliseconds" . | int64) (include "tocsin.milliseconds" $monitor.interval | int64) -}}
{{- fail (printf "scrapeTimeout (%s) must not be over interval (%s): the operator would leave the whole monitor out" . $monitor.interval) -}}
{{- end -}}
{{- end -}}
port: admin
path: /metrics
interval: {{ $monitor.interval }}
{{- with $monitor.scrapeTimeout }}
scrapeTimeout: {{ . }}
{{- end }}
{{- if or $root.Values.tls.existingSecret $monitor.tlsConfig }}
scheme: https
tlsConfig:
  {{- if $monitor.tlsConfig }}
  {{- toYaml $monitor.tlsConfig | nindent 2 }}
  {{- else }}
  ca:
    secret: {name: {{ $root.Values.tls.existingSecret | quote }}, key: ca.crt}
  serverName: {{ printf "%s.%s.svc" (include "tocsin.fullname" $root) (include "tocsin.namespace" $root) }}
  {{- end }}
{{- end }}
{{- with $monitor.metricRelabelings }}
metricRelabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
