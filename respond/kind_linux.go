package respond

// hostKinds are kinds that need this system.
func hostKinds() []Kind {
	return []Kind{endSessionKind, lockKind, expireKind, removeKeyKind, killKind, quarantineKind}
}
