package live

// syncFolder makes a change of names in a folder durable: NTFS journals it by itself.
func syncFolder(string) error { return nil }
