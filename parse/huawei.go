package parse

import "strings"

// Huawei is the log of Huawei's VRP and H3C's Comware: %%01MODULE/severity/MNEMONIC(l)[serial]: text.
// Source: Huawei S series switches, "Log Reference".
var Huawei = applianceFormat(appliance{
	name:    "huawei",
	doc:     "Huawei's VRP and H3C's Comware (%%01MODULE/4/MNEMONIC(l): text).",
	example: "<189>Nov 22 2026 06:00:01 sw1 %%01SSH/4/SSH_FAIL(s)[12]:Failed to login through SSH. (IP=203.0.113.7, UserName=eve, Times=1)\n",
}, huaweiSyslog, huaweiBGP)

var (
	huaweiSyslog = deviceFormat("huawei", "", "huawei", "syslog")
	huaweiBGP    = deviceFormat("huawei_bgp", "", "huawei", "bgp")
)

// readHuawei reads a line with such a tag.
func (d *device) readHuawei() bool {
	line := d.line
	at := strings.Index(line[:min(len(line), ciscoReach)], "%%")
	if at < 0 || at+8 > len(line) || digits2(line, at+2) < 0 {
		return false
	}
	tag, text, ok := strings.Cut(line[at+4:], ":")
	if !ok || len(tag) > 96 {
		return false
	}
	module, rest, ok := strings.Cut(tag, "/")
	severity, mnemonic, more := strings.Cut(rest, "/")
	if !ok || !more || len(severity) != 1 || severity[0]-'0' > 9 || module == "" {
		return false
	}
	if i := strings.IndexAny(mnemonic, "([;"); i > 0 {
		mnemonic = mnemonic[:i]
	}
	r := &d.record
	r.headed = true
	host, _ := d.ciscoHeader(line[:at])
	r.put("host.name", host)
	r.put("message", line[at:])
	product := "VRP"
	if line[at+2] == '1' { // Comware counts from 10
		product = "Comware"
	}
	d.vendor("Huawei", product)
	d.format = huaweiSyslog
	if module == "BGP" {
		d.format = huaweiBGP
	}
	r.put("huawei.module", module)
	r.put("event.code", mnemonic)
	r.count("event.severity", severity)
	d.huaweiMeaning(mnemonic, text)
	d.prose(text)
	return true
}

// huaweiMeaning reads what the name of a message says of a login or a command.
func (d *device) huaweiMeaning(mnemonic, text string) {
	r := &d.record
	switch {
	case strings.HasPrefix(mnemonic, "CMDRECORD"), strings.HasPrefix(mnemonic, "SHELL_CMD"), strings.HasPrefix(mnemonic, "CMD"):
		r.put("event.action", "command")
		r.category = configuration
		if _, command, ok := strings.Cut(text, "Command=\""); ok {
			r.put("process.command_line", command[:quotedSize(command)])
		} else if _, command, ok := strings.Cut(text, "Command is "); ok {
			r.put("process.command_line", command)
		}
	case strings.Contains(mnemonic, "LOGINFAIL"), strings.Contains(mnemonic, "LOGIN_FAIL"), strings.HasPrefix(mnemonic, "SSH_FAIL"),
		strings.Contains(mnemonic, "AUTHFAIL"), strings.Contains(mnemonic, "AUTH_FAIL"), strings.HasPrefix(mnemonic, "SSHS_AUTH_FAIL"):
		r.put("event.action", "login")
		r.login, r.verdict = true, -1
	case strings.HasPrefix(mnemonic, "LOGIN"), strings.HasSuffix(mnemonic, "_LOGIN"), strings.HasSuffix(mnemonic, "LOGIN_SUCCESS"):
		r.put("event.action", "login")
		r.login, r.verdict = true, 1
		if v := wordVerdict(text); v < 0 {
			r.verdict = v
		}
	case strings.HasPrefix(mnemonic, "LOGOUT"), strings.HasSuffix(mnemonic, "_LOGOUT"):
		r.put("event.action", "logout")
		r.category = session
	default:
		r.put("event.action", mnemonic)
	}
}
