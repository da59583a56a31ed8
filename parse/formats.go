package parse

// Formats are all formats of this package, in the order in which equally sure ones are preferred.
var Formats = append([]*Format{
	ZeekTSV, Journal, W3C, FlowTable, MySQLAudit, AptHistory, Auditd, WindowsXML, JSON,
	CEF, LEEF, Cisco, FortiGate, PaloAlto, CheckPoint, SonicWall, MikroTik, Juniper, Sophos, WatchGuard, Filterlog, Huawei, Meraki, KeyValue,
	Syslog, Access, ErrorLog, CSV, Text,
}, serverFormats()...)
