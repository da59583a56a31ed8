package source

// Kinds are all kinds of live inputs.
var Kinds = []Kind{
	FilesKind,
	HTTPKind,
	KafkaKind,
	NetflowKind,
	SyslogKind,
}
