// Tocsin's rules as a monitoring mixin: (import 'mixin.libsonnet') { _config+:: { selector: 'job="llm"' } }.
local settings = (import 'config.libsonnet')._config;
// Objects whose keys are free.
local open = ['extraLabels', 'extraAnnotations'];
(import 'config.libsonnet')
+ (import 'recording/recording.libsonnet')
+ (import 'alerts/alerts.libsonnet')
+ (import 'routing/routing.libsonnet')
+ {
  // Without this check a misspelt threshold would be ignored. `_config` itself may be shared with other mixins.
  local strangers = [
    '%s.%s' % [part, key]
    for part in std.objectFields(settings)
    if std.isObject(settings[part]) && !std.member(open, part)
    for key in std.objectFields($._config[part])
    if !std.objectHas(settings[part], key)
  ],
  assert strangers == [] : '_config: no such setting: %s; the names stand in config.libsonnet and taxonomy.libsonnet' % std.join(', ', strangers),
}
