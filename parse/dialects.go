package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// dialects are the formats of events that have one for all their events, by name. Where a server writes the same log as
// lines and as JSON, that of JSON comes last.
var dialects = listDialects()

func listDialects() map[string][]*event.Format {
	list := []*event.Format{
		event.WindowsFormat,
		// of records that are text
		textFormat, accessFormat, auditdFormat, apacheErrorFormat, nginxErrorFormat, syslogFormat, kernelFormat, sshdFormat, authFormat,
		sudoFormat, suFormat, cronFormat, dpkgFormat, aptFormat, netfilterFormat, flowFormat, squidFormat, csvFormat, w3cFormat, iisFormat,
		windowsFirewallFormat, windowsDNSFormat, windowsDHCPFormat, applicationFormat, clamFormat, postfixFormat, vsftpdFormat, proftpdFormat,
		pureFormat, dovecotFormat, eximFormat, sambaFormat, asteriskFormat, freeswitchFormat, openvpnFormat, wireguardFormat, ipsecFormat,
		bindFormat, dnsmasqFormat, unboundFormat, dhcpFormat, mysqlFormat, postgresqlFormat, redisFormat,
		haproxyProgram.plain.format, couchKind.format, webminKind.format, zoraxyKind.format, honeypotKind.format, monologKind.format, exchangeKind.format,
		fail2banFormat, keycloakKind.format, zimbraKind.format, sendmailFormat, mailboxFormat, pdnsFormat, corednsFormat, slapdProgram.format,
		kerberosProgram.format, radiusFormat, remoteFormat, mongoTextProgram.format, snortFormat, azureFlowFormat,
		transferKind.format, fileZillaKind.format, iisNativeKind.format, nlbKind.format, envoyKind.format,
		// of equipment
		cefFormat, leefFormat, checkPointFormat, ciscoSyslog, ciscoAAA, ciscoASA, ciscoFTD, filterlogFormat, pfLogFormat, fortiGateFormat, fortinetFormat,
		huaweiSyslog, huaweiBGP, juniperFormat, keyValueFormat, linePairsFormat, zyxelFormat, barracudaFormat, proxyFormat, stormshieldFormat, merakiFormat,
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
	byName := make(map[string][]*event.Format, len(list))
	for _, f := range list {
		byName[f.Name] = append(byName[f.Name], f)
	}
	return byName
}

// Dialects returns the formats of events whose name is kept with them; none where no parser makes such events. There is
// more than one where a server writes the same log as lines and as JSON; that of JSON is the last. The caller must not
// change the slice.
func Dialects(name string) []*event.Format {
	if list := dialects[name]; list != nil {
		return list
	}
	if path, ok := strings.CutPrefix(name, "zeek_"); ok {
		return []*event.Format{zeekFormatOf(path)}
	}
	return nil
}
