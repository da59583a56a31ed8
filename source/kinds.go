package source

// Kinds are all kinds of live inputs.
var Kinds = []Kind{
	HTTPKind,
	SyslogKind,
}
