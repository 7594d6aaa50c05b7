{{/*
The exporter's configuration: the user's, with the chart's listeners, token, hash key, TLS, files and
thresholds.tokens.outlierFactor (which no rule reads) as defaults.
*/}}
{{- define "tocsin.config" -}}
{{- $config := deepCopy .Values.config -}}
{{- with dig "storage" "path" "" $config -}}
{{- if ne (trimSuffix "/" .) "/var/lib/tocsin" -}}
{{- fail (printf "config.storage.path: state is kept on the chart's volume, never in %s; leave it out, and see persistence" .) -}}
{{- end -}}
{{- end -}}
{{- $ingest := default dict $config.ingest -}}
{{- if not (hasKey $ingest "listen_address") -}}
{{- $_ := set $ingest "listen_address" "0.0.0.0:9878" -}}
{{- end -}}
{{- if not $ingest.auth -}}
{{- $_ := set $ingest "auth" (list (dict "scheme" "bearer" "secret_file" "/run/secrets/tocsin/token")) -}}
{{- end -}}
{{- if and .Values.tls.existingSecret (not (hasKey $ingest "web_config_file")) -}}
{{- $_ := set $ingest "web_config_file" "/etc/tocsin/web.yml" -}}
{{- end -}}
{{- $_ := set $config "ingest" $ingest -}}
{{- $consumers := default dict $config.consumers -}}
{{- if not $consumers.hash_key_file -}}
{{- $_ := set $consumers "hash_key_file" "/run/secrets/tocsin/token" -}}
{{- end -}}
{{- $_ := set $config "consumers" $consumers -}}
{{- if and (eq .Values.mode "tail") (not (dig "inputs" "files" false $config)) -}}
{{- include "tocsin.checkMounted" . -}}
{{- $files := list (dict "paths" .Values.tail.paths "format" .Values.tail.format) -}}
{{- $_ := set $config "inputs" (dict "files" $files) -}}
{{- end -}}
{{- $factor := .Values.thresholds.tokens.outlierFactor -}}
{{- if ne (float64 $factor) 3.0 -}}
{{- $routes := list -}}
{{- range $route := append (default list $config.routes) (dict "match" (dict "route" "*")) -}}
{{- $given := default dict $route.thresholds -}}
{{- $routes = append $routes (merge (dict "thresholds" (merge $given (dict "tokens.outlierFactor" (float64 $factor)))) $route) -}}
{{- end -}}
{{- $_ := set $config "routes" $routes -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{/* Rejects input files in a directory of the node that is not mounted: nothing would ever be read. */}}
{{- define "tocsin.checkMounted" -}}
{{- $folders := prepend (.Values.tail.extraHostPaths | default list) .Values.tail.hostPath -}}
{{- range .Values.extraVolumeMounts }}{{ $folders = append $folders .mountPath }}{{ end -}}
{{- range $path := .Values.tail.paths -}}
{{- $seen := false -}}
{{- range $folders -}}
{{- if or (eq . $path) (hasPrefix (printf "%s/" (trimSuffix "/" .)) $path) }}{{ $seen = true }}{{ end -}}
{{- end -}}
{{- if not $seen -}}
{{- fail (printf "tail.paths: %s is not under tail.hostPath (%s); add its directory to tail.extraHostPaths" $path $.Values.tail.hostPath) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "tocsin.seriesMax" -}}
{{- dig "series" "max" 20000 .Values.config | int -}}
{{- end -}}
