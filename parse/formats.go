package parse

// Formats are all formats of this package, in the order in which equally sure ones are preferred.
var Formats = []*Format{Auditd, Syslog, Access, ErrorLog, Text}
