package respond

// Hands does what needs rights.
type Hands struct{}
