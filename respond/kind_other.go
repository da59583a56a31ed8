//go:build !linux

package respond

// hostKinds are kinds that need this system.
func hostKinds() []Kind { return nil }
