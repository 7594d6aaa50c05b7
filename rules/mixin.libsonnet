// Tocsin's rules as a monitoring mixin: (import 'mixin.libsonnet') { _config+:: { selector: 'job="llm"' } }.
(import 'config.libsonnet')
+ (import 'recording/recording.libsonnet')
+ (import 'alerts/alerts.libsonnet')
+ (import 'routing/routing.libsonnet')
