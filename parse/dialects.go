package parse

import (
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// dialects are the formats of events that have one for all their events, by name. Of those that share a name, as a log
// that a server writes as lines or as JSON, that of JSON comes last, which is found.
var dialects = listDialects()

func listDialects() map[string]*event.Format {
	list := []*event.Format{
		event.WindowsFormat,
		// of records that are text
		textFormat, accessFormat, auditdFormat, apacheErrorFormat, nginxErrorFormat, syslogFormat, kernelFormat, sshdFormat, authFormat,
		sudoFormat, suFormat, cronFormat, dpkgFormat, aptFormat, netfilterFormat, flowFormat, squidFormat, csvFormat, w3cFormat, iisFormat,
		windowsFirewallFormat, windowsDNSFormat, windowsDHCPFormat, applicationFormat, clamFormat, postfixFormat, vsftpdFormat, proftpdFormat,
		pureFormat, dovecotFormat, eximFormat, sambaFormat, asteriskFormat, freeswitchFormat, openvpnFormat, wireguardFormat, ipsecFormat,
		bindFormat, dnsmasqFormat, unboundFormat, dhcpFormat, mysqlFormat, postgresqlFormat, redisFormat,
		haproxyProgram.plain.format, couchKind.format, webminKind.format, zoraxyKind.format, honeypotKind.format, monologKind.format, exchangeKind.format,
		// of equipment
		cefFormat, leefFormat, checkPointFormat, ciscoSyslog, ciscoAAA, ciscoASA, ciscoFTD, filterlogFormat, fortiGateFormat, fortinetFormat,
		huaweiSyslog, huaweiBGP, juniperFormat, keyValueFormat, linePairsFormat, zyxelFormat, barracudaFormat, proxyFormat, merakiFormat,
		mikroTikFormat, paloAltoFormat, sonicWallFormat, sophosFormat, makerFormat, vmwareFirewall, watchGuardFormat,
		// of objects
		zeekFormat, jsonFormat, ecsFormat, webJSONFormat,
	}
	for _, f := range cefFirewalls {
		list = append(list, f)
	}
	for _, d := range jsonDialects {
		list = append(list, d.format)
	}
	byName := make(map[string]*event.Format, len(list))
	for _, f := range list {
		byName[f.Name] = f
	}
	return byName
}

// Dialect returns the format of events whose name is kept with them; nil where no parser makes such events. Where a server
// writes the same log as lines and as JSON, it is that of JSON: parsing a line tells its own.
func Dialect(name string) *event.Format {
	if f := dialects[name]; f != nil {
		return f
	}
	if path, ok := strings.CutPrefix(name, "zeek_"); ok {
		return zeekFormatOf(path)
	}
	return nil
}

// DialectNames returns the names that Dialect knows, but for those of Zeek's many logs, in order.
func DialectNames() []string {
	names := make([]string, 0, len(dialects))
	for n := range dialects {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}
