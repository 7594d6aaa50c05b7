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

{{/* Rejects unknown names in alerts.disabled: otherwise a page that was meant to be off would stay on. */}}
{{- define "tocsin.checkDisabled" -}}
{{- $text := .Files.Get "files/alerts.yaml" -}}
{{- range .Values.alerts.disabled -}}
{{- if not (regexMatch (printf "(?m)alert: %s$" .) $text) -}}
{{- fail (printf "alerts.disabled: there is no alert %s; rules/ALERTS.md lists them" .) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
Receivers with their integrations from the values. Pages for on-call, legal and communications may be about safety, which
no machine resolves, and for `heartbeat` a resolution would be a sign of life: resolutions are not sent there unless the
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
Entries of the routing tree, with an additional one before on-call for outages if alerts.outageReceiver is set, and the
dead man's switch routed to `heartbeat` if that has integrations.
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
