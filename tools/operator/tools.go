//go:build tools

// Package tools pins the operator that reads the chart's monitors, rules and routing in tests.
package tools

import _ "github.com/prometheus-operator/prometheus-operator/cmd/operator"
