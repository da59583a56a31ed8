package parse

import "github.com/tocsin-sec/tocsin/event"

// zeekLogs are the logs of Zeek with what tells each from the others where the record does not name its log; the
// more telling come first.
var zeekLogs = makeZeekLogs([]zeekLog{
	{path: "x509", all: []string{"certificate.serial"}},
	{path: "dns", all: []string{"query"}, any: []string{"qtype_name", "qclass", "rcode_name", "trans_id", "answers", "qtype"}},
	{path: "dce_rpc", all: []string{"endpoint", "operation"}},
	{path: "kerberos", all: []string{"request_type"}},
	{path: "smb_files", all: []string{"action", "path"}, any: []string{"name", "size", "fuid", "times.modified"}},
	{path: "smb_mapping", all: []string{"share_type"}},
	{path: "ntlm", any: []string{"domainname", "server_nb_computer_name", "server_dns_computer_name"}},
	{path: "rdp", any: []string{"security_protocol", "keyboard_layout", "rdp_channels", "desktop_width"}},
	{path: "ssh", any: []string{"auth_attempts", "auth_success", "kex_alg", "host_key_alg", "hassh"}},
	{path: "http", all: []string{"uri"}, any: []string{"method", "status_code", "user_agent", "host", "trans_depth"}},
	{path: "http", any: []string{"trans_depth", "status_code"}, not: []string{"mailfrom", "helo"}},
	{path: "smtp", any: []string{"mailfrom", "rcptto", "helo", "last_reply"}},
	{path: "ssl", any: []string{"server_name", "cert_chain_fuids", "ssl_history", "next_protocol", "ja3", "cert_chain_fps"}},
	{path: "ssl", all: []string{"cipher", "version"}},
	{path: "notice", all: []string{"note"}},
	{path: "weird", all: []string{"name"}, any: []string{"notice", "addl"}},
	{path: "files", all: []string{"fuid"}, any: []string{"mime_type", "seen_bytes", "analyzers", "total_bytes"}},
	{path: "dhcp", any: []string{"msg_types", "assigned_addr", "lease_time"}},
	{path: "ftp", all: []string{"command"}, any: []string{"reply_code", "reply_msg", "data_channel.passive"}},
	{path: "ntp", any: []string{"stratum", "ref_id"}},
	{path: "snmp", any: []string{"community", "get_bulk_requests"}},
	{path: "sip", all: []string{"call_id"}},
	{path: "radius", any: []string{"framed_addr", "connect_info"}},
	{path: "mysql", all: []string{"cmd", "arg"}},
	{path: "intel", any: []string{"seen.indicator"}},
	{path: "software", any: []string{"software_type"}},
	{path: "tunnel", any: []string{"tunnel_type"}},
	{path: "syslog", all: []string{"facility", "severity", "message"}},
	{path: "pe", any: []string{"is_exe", "compile_ts"}},
	{path: "dpd", all: []string{"analyzer"}},
	{path: "modbus", all: []string{"func"}},
	{path: "conn", any: []string{"conn_state", "orig_pkts", "history", "missed_bytes", "orig_ip_bytes"}},
	{path: "conn", all: []string{"proto"}},
})

// zeekLog is one of Zeek's logs.
type zeekLog struct {
	path          string
	all, any, not []string
	format        *event.Format
}

func makeZeekLogs(logs []zeekLog) []zeekLog {
	formats := map[string]*event.Format{}
	for i := range logs {
		path := logs[i].path
		if formats[path] == nil {
			formats[path] = zeekFormatOf(path)
		}
		logs[i].format = formats[path]
	}
	return logs
}

// zeekFormat is a log of Zeek whose name stands in the record or nothing tells.
var zeekFormat = &event.Format{Name: "zeek", LogSource: event.LogSource{Product: "zeek"}, ECS: zeekECS}

// zeekJSON is Zeek's logs written as JSON.
var zeekJSON = jsonDialect{
	format: zeekFormat,
	any:    []string{"_path", "id.orig_h", "certificate.serial", "uid", "fuid", "conn_uids", "note", "_write_ts", "seen_bytes"},
	not:    []string{"ecs.version", "@version"},
	when: func(l *layout) bool {
		return l.hasAny("ts", "_write_ts", "id.orig_h", "@timestamp", "certificate.serial") && (l.hasAny("_path", "id.orig_h", "id.resp_h") || l.zeekLog() != nil)
	},
	times: []string{"ts", "_write_ts"},
	adapt: func(l *layout) {
		if z := l.zeekLog(); z != nil && !l.has("_path") { // where the record names its log, that is read event by event
			l.format = z.format
		}
	},
}

// zeekLog tells the log of a record by its fields, nil where they tell none.
func (l *layout) zeekLog() *zeekLog {
	for i := range zeekLogs {
		z := &zeekLogs[i]
		if l.hasAll(z.all...) && (len(z.any) == 0 || l.hasAny(z.any...)) && !l.hasAny(z.not...) {
			return z
		}
	}
	return nil
}
