package source

// Kinds are all kinds of live inputs.
var Kinds = []Kind{
	FilesKind,
	JournalKind,
	HTTPKind,
	KafkaKind,
	NetflowKind,
	SyslogKind,
}
