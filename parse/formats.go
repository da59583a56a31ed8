package parse

// Formats are all formats of this package, in the order in which equally sure ones are preferred.
var Formats = []*Format{ZeekTSV, Journal, W3C, Auditd, JSON, Syslog, Access, ErrorLog, CSV, Text}
