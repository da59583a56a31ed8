package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// rhythmFormats write one contact of 10.0.0.5 with 203.0.113.9 on port 443, of some 1,100 bytes.
var rhythmFormats = map[string]struct {
	head string
	line func(at time.Time, n int) string
}{
	"zeek-conn.json": {"", func(at time.Time, n int) string {
		return fmt.Sprintf(`{"_path":"conn","ts":%d.25,"uid":"C%08d","id.orig_h":"10.0.0.5","id.orig_p":%d,"id.resp_h":"203.0.113.9","id.resp_p":443,"proto":"tcp","duration":0.4,"orig_bytes":1100,"resp_bytes":320,"conn_state":"SF"}`, at.Unix(), n, 40000+n)
	}},
	"zeek-conn.log": {"#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\torig_bytes\tresp_bytes\n#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tcount\tcount\n", func(at time.Time, n int) string {
		return fmt.Sprintf("%d.000000\tC%08d\t10.0.0.5\t%d\t203.0.113.9\t443\ttcp\tssl\t1100\t320", at.Unix(), n, 40000+n)
	}},
	"zeek-http.json": {"", func(at time.Time, n int) string {
		return fmt.Sprintf(`{"_path":"http","ts":%d.25,"uid":"C%08d","id.orig_h":"10.0.0.5","id.orig_p":%d,"id.resp_h":"203.0.113.9","id.resp_p":80,"method":"POST","host":"news.shop.example","uri":"/in","status_code":200,"request_body_len":1100,"response_body_len":12}`, at.Unix(), n, 40000+n)
	}},
	"eve-flow.json": {"", func(at time.Time, n int) string {
		return fmt.Sprintf(`{"timestamp":"%s","flow_id":%d,"event_type":"flow","src_ip":"10.0.0.5","src_port":%d,"dest_ip":"203.0.113.9","dest_port":443,"proto":"TCP","app_proto":"tls","flow":{"pkts_toserver":8,"pkts_toclient":7,"bytes_toserver":1100,"bytes_toclient":320,"state":"closed"}}`, at.Format("2006-01-02T15:04:05.000000-0700"), n, 40000+n)
	}},
	"eve-tls.json": {"", func(at time.Time, n int) string {
		return fmt.Sprintf(`{"timestamp":"%s","flow_id":%d,"event_type":"tls","src_ip":"10.0.0.5","src_port":%d,"dest_ip":"203.0.113.9","dest_port":443,"proto":"TCP","tls":{"subject":"CN=x","sni":"news.shop.example","version":"TLS 1.3"}}`, at.Format("2006-01-02T15:04:05.000000-0700"), n, 40000+n)
	}},
	"eve-http.json": {"", func(at time.Time, n int) string {
		return fmt.Sprintf(`{"timestamp":"%s","flow_id":%d,"event_type":"http","src_ip":"10.0.0.5","src_port":%d,"dest_ip":"203.0.113.9","dest_port":80,"proto":"TCP","http":{"hostname":"news.shop.example","url":"/in","http_method":"GET","status":200,"length":320}}`, at.Format("2006-01-02T15:04:05.000000-0700"), n, 40000+n)
	}},
	"squid.log": {"", func(at time.Time, n int) string {
		return fmt.Sprintf("%d.%03d    120 10.0.0.5 TCP_TUNNEL/200 1100 CONNECT news.shop.example:443 - HIER_DIRECT/203.0.113.9 -", at.Unix(), n%1000)
	}},
	"iptables.log": {"", func(at time.Time, n int) string {
		return fmt.Sprintf("%s fw1 kernel: [%d.000000] FWD-OUT IN=eth1 OUT=eth0 MAC=00:00:5e:00:53:01 SRC=10.0.0.5 DST=203.0.113.9 LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=%d DF PROTO=TCP SPT=%d DPT=443 WINDOW=64240 RES=0x00 SYN URGP=0", at.Format("Jan _2 15:04:05"), 1000+n, n, 40000+n)
	}},
	"fortigate.log": {"", func(at time.Time, n int) string {
		return fmt.Sprintf(`date=%s time=%s devname="fw1" devid="FG100" logid="0000000013" type="traffic" subtype="forward" level="notice" srcip=10.0.0.5 srcport=%d dstip=203.0.113.9 dstport=443 proto=6 action="close" policyid=1 service="HTTPS" duration=1 sentbyte=1100 rcvdbyte=320`, at.Format("2006-01-02"), at.Format("15:04:05"), 40000+n)
	}},
	"vpcflow.log": {"version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n", func(at time.Time, n int) string {
		return fmt.Sprintf("2 123456789012 eni-0a1b2c3d 10.0.0.5 203.0.113.9 %d 443 6 8 1100 %d %d ACCEPT OK", 40000+n, at.Unix(), at.Unix()+1)
	}},
	"sysmon.json": {"", func(at time.Time, n int) string {
		return fmt.Sprintf(`{"EventID":3,"Channel":"Microsoft-Windows-Sysmon/Operational","Provider_Name":"Microsoft-Windows-Sysmon","Computer":"pc7.corp.example","TimeCreated":"%s","UtcTime":"%s","Image":"C:\\Users\\Public\\a.exe","User":"CORP\\anna","Protocol":"tcp","Initiated":"true","SourceIp":"10.0.0.5","SourcePort":"%d","DestinationIp":"203.0.113.9","DestinationPort":"443"}`, at.Format(time.RFC3339Nano), at.Format("2006-01-02 15:04:05.000"), 40000+n)
	}},
}

// Beacons are found in the records of all kinds of sensors.
func TestBeaconFormats(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 8))
	for name, f := range rhythmFormats {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			b.WriteString(f.head)
			at := time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC)
			for n := range 180 {
				fmt.Fprintln(&b, f.line(at, n))
				at = at.Add(time.Duration(57000+r.IntN(6000)) * time.Millisecond)
			}
			found := huntText(t, name, b.String())
			if !strings.Contains(found, `"title":"Program reports to somebody outside at regular times"`) {
				t.Errorf("not found: %.1500s", found)
			}
			if !regexp.MustCompile(`10\.0\.0\.5 asked (203\.0\.113\.9:443|news\.shop\.example) every (59|60|61) s ± \d`).MatchString(found) {
				t.Errorf("no sentence: %.1500s", found)
			}
		})
	}
}

// queryFormats write one query of 10.0.0.5 for a name.
var queryFormats = map[string]func(at time.Time, name, kind string, exists bool) string{
	"named.log": func(at time.Time, name, kind string, _ bool) string {
		return fmt.Sprintf("%s client @0x7f2c 10.0.0.5#40123 (%s): query: %s IN %s +E(0)K (10.0.0.1)", at.Format("02-Jan-2006 15:04:05.000"), name, name, kind)
	},
	"dnsmasq.log": func(at time.Time, name, kind string, _ bool) string {
		return fmt.Sprintf("%s ns1 dnsmasq[811]: query[%s] %s from 10.0.0.5", at.Format("Jan _2 15:04:05"), kind, name)
	},
	"zeek-dns.json": func(at time.Time, name, kind string, exists bool) string {
		code := "NXDOMAIN"
		if exists {
			code = "NOERROR"
		}
		return fmt.Sprintf(`{"_path":"dns","ts":%d.1,"uid":"Cx","id.orig_h":"10.0.0.5","id.orig_p":40123,"id.resp_h":"10.0.0.1","id.resp_p":53,"proto":"udp","trans_id":7,"query":"%s","qclass":1,"qclass_name":"C_INTERNET","qtype":1,"qtype_name":"%s","rcode_name":"%s"}`, at.Unix(), name, kind, code)
	},
	"eve-dns.json": func(at time.Time, name, kind string, exists bool) string {
		code := "NXDOMAIN"
		if exists {
			code = "NOERROR"
		}
		return fmt.Sprintf(`{"timestamp":"%s","flow_id":1,"event_type":"dns","src_ip":"10.0.0.1","src_port":53,"dest_ip":"10.0.0.5","dest_port":40123,"proto":"UDP","dns":{"version":2,"type":"answer","id":7,"rrname":"%s","rrtype":"%s","rcode":"%s"}}`, at.Format("2006-01-02T15:04:05.000000-0700"), name, kind, code)
	},
	"sysmon-22.json": func(at time.Time, name, _ string, exists bool) string {
		code := "9003"
		if exists {
			code = "0"
		}
		return fmt.Sprintf(`{"EventID":22,"Channel":"Microsoft-Windows-Sysmon/Operational","Provider_Name":"Microsoft-Windows-Sysmon","Computer":"pc7.corp.example","TimeCreated":"%s","UtcTime":"%s","Image":"C:\\Users\\Public\\a.exe","QueryName":"%s","QueryStatus":"%s","QueryResults":"-"}`, at.Format(time.RFC3339Nano), at.Format("2006-01-02 15:04:05.000"), name, code)
	},
}

// Tunnels and random domains are found in the records of all kinds of name servers and sensors.
func TestQueryFormats(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 8))
	label := func(set string, n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = set[r.IntN(len(set))]
		}
		return string(b)
	}
	for name, line := range queryFormats {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			at := time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC)
			for range 120 {
				at = at.Add(time.Duration(1+r.IntN(5)) * time.Second)
				fmt.Fprintln(&b, line(at, label("abcdefghijklmnopqrstuvwxyz234567", 48)+".t.shop.example", "TXT", true))
			}
			for range 60 {
				at = at.Add(time.Duration(1+r.IntN(5)) * time.Second)
				fmt.Fprintln(&b, line(at, label("abcdefghijklmnopqrstuvwxyz", 13)+".com", "A", false))
			}
			found := huntText(t, name, b.String())
			for _, title := range []string{"Data carried in the names asked for below one domain", "Many random-looking domains asked for that do not exist"} {
				if !strings.Contains(found, `"title":"`+title+`"`) {
					t.Errorf("%q is not found: %.1500s", title, found)
				}
			}
		})
	}
}

// huntText hunts a file of this text with the built-in rules and returns what was told.
func huntText(t *testing.T, name, text string) string {
	t.Helper()
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	when := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC) // settles the year of lines without one
	if err := os.Chtimes(path, when, when); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	if status := run(t.Context(), []string{"hunt", "--json", "--quiet", "--rules", "builtin", path}, streams{in: strings.NewReader(""), out: &out, err: &errs}); status == 2 || errs.Len() > 0 {
		t.Fatalf("status %d, %s", status, errs.String())
	}
	return out.String()
}
