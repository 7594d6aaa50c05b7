{{- define "tocsin.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "tocsin.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "tocsin.name" . -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "tocsin.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end -}}

{{/* Labels that selectors use: they never change over the life of a release. Call with (list . "exporter"). */}}
{{- define "tocsin.selectorLabels" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "tocsin.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* Labels of a resource. Call with (list . "exporter"). */}}
{{- define "tocsin.labels" -}}
{{- $root := index . 0 -}}
{{ include "tocsin.selectorLabels" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: tocsin
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- with include "tocsin.sharedLabels" $root }}
{{ . }}
{{- end }}
{{- end -}}

{{/* commonLabels, and `release` where releaseLabel asks for it. */}}
{{- define "tocsin.sharedLabels" -}}
{{- $labels := dict -}}
{{- if kindIs "string" .Values.releaseLabel -}}
{{- $_ := set $labels "release" .Values.releaseLabel -}}
{{- else if .Values.releaseLabel -}}
{{- $_ := set $labels "release" .Release.Name -}}
{{- end -}}
{{- $labels = mergeOverwrite $labels .Values.commonLabels -}}
{{- if $labels }}{{ toYaml $labels }}{{ end -}}
{{- end -}}

{{- define "tocsin.image" -}}
{{- $name := .Values.image.repository -}}
{{- if .Values.image.registry }}{{ $name = printf "%s/%s" .Values.image.registry $name }}{{ end -}}
{{- if .Values.image.digest -}}
{{ printf "%s@%s" $name .Values.image.digest }}
{{- else -}}
{{ printf "%s:%s" $name (default .Chart.AppVersion .Values.image.tag) }}
{{- end -}}
{{- end -}}

{{- define "tocsin.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "tocsin.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "tocsin.secretName" -}}
{{- default (include "tocsin.fullname" .) .Values.existingSecret -}}
{{- end -}}

{{/* The token: given, or the one of an earlier install, or a new one. */}}
{{- define "tocsin.token" -}}
{{- if .Values.auth.token -}}
{{- .Values.auth.token -}}
{{- else -}}
{{- $old := lookup "v1" "Secret" (include "tocsin.namespace" .) (include "tocsin.fullname" .) -}}
{{- if and $old (hasKey (default dict $old.data) "token") -}}
{{- index $old.data "token" | b64dec -}}
{{- else -}}
{{- randAlphaNum 40 -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
The exporter's configuration: the user's, with the chart's listeners, token, hash key, TLS, files and
thresholds.tokens.outlierFactor (which no rule reads) where it is silent.
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

{{/* Refuses files to read in a directory of the node that the pod does not see: nothing would ever be read. */}}
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

{{/* Half as much again as the exporter's own bound on its series: its self metrics must fit too. */}}
{{- define "tocsin.sampleLimit" -}}
{{- div (mul 3 (include "tocsin.seriesMax" . | int)) 2 -}}
{{- end -}}

{{- define "tocsin.scheme" -}}
{{- if .Values.tls.existingSecret }}https{{ else }}http{{ end -}}
{{- end -}}

{{/* Container security: what Pod Security "restricted" asks for. */}}
{{- define "tocsin.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "tocsin.probes" -}}
{{- $scheme := upper (include "tocsin.scheme" .) -}}
# Up is not caught up: a pod that still counts a long backlog is not ready, and is not killed for it.
startupProbe:
  httpGet: {path: /-/healthy, port: admin, scheme: {{ $scheme }}}
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /-/healthy, port: admin, scheme: {{ $scheme }}}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /-/ready, port: admin, scheme: {{ $scheme }}}
  periodSeconds: 5
  timeoutSeconds: 3
{{- end -}}

{{/* The exporter's container. Call with (list . "exporter" or "guard"). */}}
{{- define "tocsin.container" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
{{- $values := $root.Values -}}
name: tocsin
image: {{ include "tocsin.image" $root | quote }}
imagePullPolicy: {{ $values.image.pullPolicy }}
args:
  - run
  - --config.file=/etc/tocsin/tocsin.yml
  - --storage.path=/var/lib/tocsin
  - --web.listen-address=0.0.0.0:9877
  {{- if $values.tls.existingSecret }}
  - --web.config.file=/etc/tocsin/web.yml
  {{- end }}
  - --log.level={{ $values.logLevel }}
  - --log.format=json
  {{- if eq $component "guard" }}
  - --guard-only
  {{- end }}
  {{- with $values.extraArgs }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with $values.extraEnv }}
env:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.extraEnvFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
ports:
  - {name: admin, containerPort: 9877}
  - {name: ingest, containerPort: 9878}
{{ include "tocsin.probes" $root }}
lifecycle:
  preStop:
    exec:
      command:
        - tocsin
        - drain
        - --url={{ include "tocsin.scheme" $root }}://127.0.0.1:9877/metrics
        {{- if eq $component "guard" }}
        # Until Services have forgotten the pod; what comes until then is still answered.
        - --at-least=5
        {{- else }}
        # Until Services have forgotten the pod, its spool is counted, and a scrape has seen that.
        - --at-least={{ $values.drain.seconds }}
        {{- end }}
        - --at-most={{ $values.drain.atMostSeconds }}
resources:
  {{- toYaml (ternary $values.guard.resources $values.resources (eq $component "guard")) | nindent 2 }}
securityContext:
  {{- include "tocsin.containerSecurityContext" $root | nindent 2 }}
volumeMounts:
  - {name: config, mountPath: /etc/tocsin, readOnly: true}
  - {name: secret, mountPath: /run/secrets/tocsin, readOnly: true}
  - {name: tmp, mountPath: /tmp}
  - {name: data, mountPath: /var/lib/tocsin}
  {{- if $values.tls.existingSecret }}
  - {name: tls, mountPath: /run/secrets/tls, readOnly: true}
  {{- end }}
  {{- if and (eq $values.mode "tail") (eq $component "exporter") }}
  - {name: logs, mountPath: {{ $values.tail.hostPath | quote }}, readOnly: true}
  {{- range $index, $path := $values.tail.extraHostPaths }}
  - {name: logs-{{ $index }}, mountPath: {{ $path | quote }}, readOnly: true}
  {{- end }}
  {{- end }}
  {{- with $values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* Volumes that every pod of ours has, but for `data`. */}}
{{- define "tocsin.volumes" -}}
- name: config
  configMap: {name: {{ include "tocsin.fullname" . }}}
- name: secret
  secret: {secretName: {{ include "tocsin.secretName" . }}, defaultMode: 0440}
- name: tmp
  emptyDir: {}
{{- with .Values.tls.existingSecret }}
- name: tls
  secret: {secretName: {{ . | quote }}, defaultMode: 0440}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Pod metadata shared by all workloads. Call with (list . component). */}}
{{- define "tocsin.podMetadata" -}}
{{- $root := index . 0 -}}
{{- $values := $root.Values -}}
labels:
  {{- include "tocsin.selectorLabels" . | nindent 2 }}
  {{- with include "tocsin.sharedLabels" $root }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with $values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
annotations:
  checksum/config: {{ include "tocsin.config" $root | sha256sum }}
  {{- with $values.auth.token }}
  checksum/token: {{ . | sha256sum }}
  {{- end }}
  {{- if and $values.scrapeAnnotations (not $values.serviceMonitor.enabled) (not $values.podMonitor.enabled) }}
  prometheus.io/scrape: "true"
  prometheus.io/port: "9877"
  prometheus.io/scheme: {{ include "tocsin.scheme" $root }}
  {{- end }}
  {{- with $values.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* Pod settings shared by all workloads. Call with (list . component). */}}
{{- define "tocsin.podSettings" -}}
{{- $component := index . 1 -}}
{{- with index . 0 -}}
serviceAccountName: {{ include "tocsin.serviceAccountName" . }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- if le (float64 .Values.terminationGracePeriodSeconds) (float64 .Values.drain.atMostSeconds) }}
{{- fail "terminationGracePeriodSeconds must be above drain.atMostSeconds by 10 or more, else a pod is killed while its spool is counted" }}
{{- end }}
terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if .Values.affinity }}
affinity:
  {{- toYaml .Values.affinity | nindent 2 }}
{{- else if or (ne .Values.mode "tail") (eq $component "guard") }}
affinity:
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- include "tocsin.selectorLabels" (list . $component) | nindent 14 }}
{{- end }}
{{- with .Values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- range . }}
  {{- $own := dict "labelSelector" (dict "matchLabels" (include "tocsin.selectorLabels" $ | fromYaml)) }}
  {{- toYaml (list (merge (deepCopy .) (ternary dict $own (hasKey . "labelSelector")))) | nindent 2 }}
  {{- end }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- end -}}
{{- end -}}

{{/*
Pod security: what Pod Security "restricted" asks for, but for root where `tail.runAsUser` wants it. Volumes of the node
are left as they are: fsGroup is for the mounted token. A null of the values takes a key out. Call with (list . component).
*/}}
{{- define "tocsin.podSecurityContext" -}}
{{- $values := (index . 0).Values -}}
{{- $tails := and (eq $values.mode "tail") (eq (index . 1) "exporter") -}}
{{- $user := ternary $values.tail.runAsUser 65532 $tails | int -}}
{{- $group := ternary $values.tail.runAsGroup 65532 $tails | int -}}
{{- $context := dict "runAsNonRoot" (ne $user 0) "runAsUser" $user "runAsGroup" $group "fsGroup" $group "fsGroupChangePolicy" "OnRootMismatch" "seccompProfile" (dict "type" "RuntimeDefault") -}}
{{- range $key, $value := mergeOverwrite $context $values.podSecurityContext -}}
{{- if kindIs "invalid" $value }}{{ $_ := unset $context $key }}{{ end -}}
{{- end -}}
{{- toYaml $context -}}
{{- end -}}

{{/*
A compiled rule file with this release's thresholds, links, shadowed and disabled alerts, and namespace.
Call with (list . "files/alerts.yaml"). Returns YAML with `groups`.
*/}}
{{- define "tocsin.rules" -}}
{{- $root := index . 0 -}}
{{- $alerts := $root.Values.alerts -}}
{{- $text := $root.Files.Get (index . 1) -}}
{{- range $category, $keys := $root.Values.thresholds -}}
{{- range $key, $value := $keys -}}
{{- if not (kindIs "invalid" $value) -}}
{{- if and (eq $key "baseline") (kindIs "float64" $value) }}{{ $value = int64 $value }}{{ end -}}
{{- $text = $text | replace (printf "@@%s.%s@@" $category $key) (toString $value) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $text = $text | replace "@@cost.ceilingPerHour@@" "Inf" | replace "@@cost.baseline@@" "1" -}}
{{- with $root.Values.thresholds -}}
{{- if ge (float64 .format.minimumRatio) (float64 .format.resolveRatio) -}}
{{- fail "thresholds.format.resolveRatio must be above thresholds.format.minimumRatio, else the page never resolves" -}}
{{- end -}}
{{- if ge (float64 .quality.ticketDropRatio) (float64 .quality.dropRatio) -}}
{{- fail "thresholds.quality.ticketDropRatio must be below thresholds.quality.dropRatio: a ticket comes before the page" -}}
{{- end -}}
{{- end -}}
{{- with regexFind "@@[a-zA-Z.]+@@" $text -}}
{{- fail (printf "thresholds.%s has no value" (trimAll "@" .)) -}}
{{- end -}}
{{- $text = $text | replace "http://localhost:9877/runbooks/" (printf "%s/" (trimSuffix "/" $alerts.runbookUrl)) -}}
{{- $text = $text | replace "http://localhost:3000/d/" (printf "%s/d/" (trimSuffix "/" $alerts.grafanaUrl)) -}}
{{- $rules := fromYaml $text -}}
{{- $namespace := include "tocsin.namespace" $root -}}
{{- $groups := list -}}
{{- range $group := $rules.groups -}}
{{- $kept := list -}}
{{- range $rule := $group.rules -}}
{{- if $rule.alert -}}
{{- $_ := set $rule.labels "namespace" $namespace -}}
{{- if and (eq $rule.alert "TocsinDeadMansSwitch") (hasKey $root.Values.alertmanagerConfig.receivers "heartbeat") -}}
{{- /* kube-prometheus-stack's InfoInhibitor would mute it; its own Watchdog has this severity, too. */ -}}
{{- $_ := set $rule.labels "severity" "none" -}}
{{- end -}}
{{- if has $rule.labels.category $alerts.shadow -}}
{{- $_ := set $rule.labels "shadow" "true" -}}
{{- end -}}
{{- end -}}
{{- if not (and $rule.alert (has $rule.alert $alerts.disabled)) -}}
{{- $kept = append $kept $rule -}}
{{- end -}}
{{- end -}}
{{- if $kept -}}
{{- $groups = append $groups (set $group "rules" $kept) -}}
{{- end -}}
{{- end -}}
{{- toYaml (dict "groups" $groups) -}}
{{- end -}}

{{/* Refuses names in alerts.disabled that no rule has: a page that was to be off would stay on. */}}
{{- define "tocsin.checkDisabled" -}}
{{- $text := .Files.Get "files/alerts.yaml" -}}
{{- range .Values.alerts.disabled -}}
{{- if not (regexMatch (printf "(?m)alert: %s$" .) $text) -}}
{{- fail (printf "alerts.disabled: there is no alert %s; rules/ALERTS.md lists them" .) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
Receivers with the integrations that the values give them. Pages for on-call, legal and communications may be of safety,
which no machine resolves, and to `heartbeat` a resolution would be a sign of life: none is sent there unless the
integration says so.
Call with (list . compiled-receivers given-receivers "sendResolved"). Returns YAML with `receivers`.
*/}}
{{- define "tocsin.receivers" -}}
{{- $root := index . 0 -}}
{{- $given := deepCopy (index . 2) -}}
{{- $resolved := index . 3 -}}
{{- $names := list -}}
{{- range index . 1 }}{{ $names = append $names .name }}{{ end -}}
{{- if hasKey $given "heartbeat" }}{{ $names = append $names "heartbeat" }}{{ end -}}
{{- with $root.Values.alerts.outageReceiver }}{{ $names = append $names . | uniq }}{{ end -}}
{{- range $name, $_ := $given -}}
{{- if not (has $name $names) -}}
{{- fail (printf "receivers: %s gets no alerts; there are %s, and alerts.outageReceiver adds one" $name (join ", " (append $names "heartbeat" | uniq))) -}}
{{- end -}}
{{- end -}}
{{- $receivers := list -}}
{{- range $name := $names -}}
{{- $receiver := dict "name" $name -}}
{{- range $kind, $integrations := default dict (get $given $name) -}}
{{- $entries := list -}}
{{- range $integrations -}}
{{- $quiet := ternary (dict $resolved false) dict (has $name (list "oncall" "legal" "comms" "heartbeat")) -}}
{{- $entries = append $entries (merge . $quiet) -}}
{{- end -}}
{{- $_ := set $receiver $kind $entries -}}
{{- end -}}
{{- $receivers = append $receivers $receiver -}}
{{- end -}}
{{- toYaml (dict "receivers" $receivers) -}}
{{- end -}}

{{/*
Entries of the routing tree, with one more in front of on-call for outages where alerts.outageReceiver names it, and the
dead man's switch to `heartbeat` where that has integrations.
Call with (list . compiled-routes category-matcher severity-matcher dead-mans-switch-matcher given-receivers). Returns YAML
with `routes`.
*/}}
{{- define "tocsin.routes" -}}
{{- $receiver := (index . 0).Values.alerts.outageReceiver -}}
{{- $category := index . 2 -}}
{{- $severity := index . 3 -}}
{{- $beats := index . 4 -}}
{{- $heard := hasKey (index . 5) "heartbeat" -}}
{{- $routes := list -}}
{{- range $route := index . 1 -}}
{{- if and $heard (has $beats $route.matchers) }}{{ $_ := set $route "receiver" "heartbeat" }}{{ end -}}
{{- if and $receiver (has $category $route.matchers) (has $severity $route.matchers) -}}
{{- $routes = append $routes (mergeOverwrite (deepCopy $route) (dict "receiver" $receiver "continue" true)) -}}
{{- end -}}
{{- $routes = append $routes $route -}}
{{- end -}}
{{- toYaml (dict "routes" $routes) -}}
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

{{/* The container and volumes for a gateway's pod, in mode sidecar: `containers` and `volumes` of a pod. */}}
{{- define "tocsin.sidecar" -}}
containers:
  - name: tocsin
    image: {{ include "tocsin.image" . | quote }}
    imagePullPolicy: {{ .Values.image.pullPolicy }}
    args:
      - run
      - --config.file=/etc/tocsin/tocsin.yml
      - --tail=/var/log/gateway/*.jsonl
      - --storage.path=/var/log/gateway/.tocsin
      - --web.listen-address=0.0.0.0:9877
      {{- if .Values.tls.existingSecret }}
      - --web.config.file=/etc/tocsin/web.yml
      {{- end }}
      - --log.level={{ .Values.logLevel }}
      - --log.format=json
      {{- with .Values.extraArgs }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    {{- with .Values.extraEnv }}
    env:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- with .Values.extraEnvFrom }}
    envFrom:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    ports:
      - {name: admin, containerPort: 9877}
    {{- include "tocsin.probes" . | nindent 4 }}
    resources:
      {{- toYaml .Values.resources | nindent 6 }}
    securityContext:
      runAsNonRoot: true
      runAsUser: 65532
      {{- include "tocsin.containerSecurityContext" . | nindent 6 }}
      seccompProfile: {type: RuntimeDefault}
    volumeMounts:
      - {name: gateway-logs, mountPath: /var/log/gateway}
      - {name: tocsin-config, mountPath: /etc/tocsin, readOnly: true}
      - {name: tocsin-secret, mountPath: /run/secrets/tocsin, readOnly: true}
      - {name: tocsin-tmp, mountPath: /tmp}
      {{- if .Values.tls.existingSecret }}
      - {name: tocsin-tls, mountPath: /run/secrets/tls, readOnly: true}
      {{- end }}
      {{- with .Values.extraVolumeMounts }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
volumes:
  - {name: gateway-logs, emptyDir: {}}
  - {name: tocsin-config, configMap: {name: {{ include "tocsin.fullname" . }}}}
  - {name: tocsin-secret, secret: {secretName: {{ include "tocsin.secretName" . }}}}
  - {name: tocsin-tmp, emptyDir: {}}
  {{- with .Values.tls.existingSecret }}
  - {name: tocsin-tls, secret: {secretName: {{ . | quote }}}}
  {{- end }}
  {{- with .Values.extraVolumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}
