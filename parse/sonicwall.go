package parse

import "strings"

// SonicWall is the log of SonicOS. Source: SonicOS Log Events Reference Guide.
var SonicWall = applianceFormat(appliance{
	name:    "sonicwall",
	doc:     "SonicWall's SonicOS: id=firewall sn=… with addresses as ip:port:interface.",
	example: "<134>id=firewall sn=0017C5000001 time=\"2026-11-22 06:00:01 UTC\" fw=192.0.2.254 pri=5 c=64 m=36 msg=\"TCP connection dropped\" n=9 src=203.0.113.7:50122:X1 dst=192.0.2.1:22:X0 proto=tcp/22 fw_action=\"drop\"\n",
}, sonicWallFormat)

var sonicWallFormat = deviceFormat("sonicwall", "firewall", "sonicwall", "")

// sonicWall adds what the fields mean.
func (d *device) sonicWall() {
	r := &d.record
	d.format = sonicWallFormat
	d.vendor("SonicWall", "SonicOS")
	proto, service, _ := strings.Cut(r.proto, "/")
	r.proto = proto
	if service != "" && !number.holds(service) {
		r.put("network.protocol", service)
	}
	v := r.get("time")
	if ns, n := parseTimePrefix(v, d.years.zone); n > 0 {
		r.clock(ns, n > 19 || strings.HasSuffix(v, "UTC"))
	}
	if r.action == "" || r.action == "NA" {
		if r.verdict = wordVerdict(r.reason); r.verdict == 0 {
			switch r.get("m") {
			case "98", "537", "1153":
				r.verdict = 1
			}
		}
	}
	if r.source && r.target && !r.user {
		r.login = false
	}
	if r.login {
		r.verdict = wordVerdict(r.reason)
		if strings.Contains(r.reason, "denied") || strings.Contains(r.reason, "incorrect") {
			r.verdict = -1
		} else if strings.Contains(r.reason, "login allowed") || strings.Contains(r.reason, "logged in") {
			r.verdict = 1
		}
	}
}
