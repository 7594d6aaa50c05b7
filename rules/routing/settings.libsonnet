// Settings of the routing, under `routing` in the mixin's configuration.
{
  // Integrations by receiver, as Alertmanager writes them: { oncall: { pagerduty_configs: [{ routing_key_file: '..' }] } }.
  // Empty by default: legal and comms hear nothing until you say where they are. examples/receivers has one of each.
  receivers: {},
  // The same for an AlertmanagerConfig: { oncall: { pagerdutyConfigs: [{ routingKey: { name: 'pd', key: 'key' } }] } }.
  operatorReceivers: {},
  // Takes what no entry matches: nothing may be lost for want of a label.
  defaultReceiver: 'oncall',
  // Takes safety pages. They are never resolved by a machine, so its integrations do not send resolutions unless they
  // say so; give safety a receiver of its own if other pages should resolve by themselves.
  safetyReceiver: 'oncall',
  // Where your outages are told today, beside on-call; empty: nowhere else.
  outageReceiver: '',
  // A service that pages when it stops hearing from us, once a minute. It is `heartbeat` as soon as the receivers have one.
  deadMansSwitchReceiver: if std.objectHas(self.receivers + self.operatorReceivers, 'heartbeat') then 'heartbeat' else 'null',
  // Pages of an owner to a receiver of their own: { 'team-support': 'support-oncall' }.
  owners: {},
  // Alertmanager's own `global` block, and its message templates.
  global: {},
  templates: ['/etc/alertmanager/templates/tocsin.tmpl'],
}
