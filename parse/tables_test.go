package parse

import (
	"strings"
	"testing"
)

// TestTables checks the events of formats with a header.
func TestTables(t *testing.T) {
	for _, c := range []struct {
		format *Format
		text   string
		want   []string // of each event: dialect, time, line, fields
	}{
		{CSV, CSV.Example, []string{
			"csv 2024-03-03T09:12:44Z 2 host=gate action=login detail=first,_of_\"two\" user.name=anna",
			"csv 2024-03-03T09:12:45Z 3 detail=on|two_lines",
		}},
		{CSV, "a;b;c\r\n1;;\"x;y\"\r\n", []string{"csv - 2 a=1 b= c=x;y"}},
		{CSV, "date\ttime\tuser\n2024-03-03\t09:12:44\tanna\n", []string{"csv 2024-03-03T09:12:44Z 2 user=anna"}},
		{CSV, "TimeCreated,Id,ProviderName,LogName,MachineName,Message\n2024-03-03 09:12:44,4625,P,Security,dc1,\"a\nb\"\n", []string{
			"windows 2024-03-03T09:12:44Z 2 EventID=4625 Channel=Security Computer=dc1 Message=a|b host.name=dc1",
		}},
		{CSV, "a,b\n\"open,1\n2,3\n", []string{"csv - 2 a=open,1|2,3"}},
		{W3C, W3C.Example, []string{
			"iis 2024-03-03T09:12:44Z 4 cs-method=GET cs-uri-stem=/owa/auth.aspx cs-uri=/owa/auth.aspx?id=7 c-ip=198.51.100.4 source.ip=198.51.100.4 cs-user-agent=Mozilla/5.0+(X11) http.response.status_code=200",
		}},
		{W3C, "#Version: 1.5\n#Software: Microsoft Windows Firewall\n#Fields: date time action protocol src-ip dst-ip src-port dst-port size\n\n2024-03-03 09:12:44 DROP TCP 203.0.113.7 192.0.2.1 5 3389 40\n", []string{
			"windows_firewall 2024-03-03T09:12:44Z 5 action=DROP src_ip=203.0.113.7 dst_port=3389 destination.port=3389",
		}},
		{W3C, "#Version: 1.0\n#Fields: date time c-ip cs-method cs(Host) cs-uri-stem sc-status\n2024-03-03\t09:12:44\t203.0.113.7\tGET\tx.example\t/a\t404\n#Fields: date time c-ip\n2024-03-03 09:12:45 203.0.113.8\n", []string{
			"w3c 2024-03-03T09:12:44Z 3 cs-host=x.example sc-status=404", "csv 2024-03-03T09:12:45Z 5 c-ip=203.0.113.8",
		}},
		{ZeekTSV, ZeekTSV.Example, []string{
			"zeek_conn 2024-03-03T08:59:24.12Z 8 id.orig_h=192.0.2.5 source.ip=192.0.2.5 id.resp_p=443 proto=tcp local_orig=true tunnel_parents=",
		}},
		{Journal, Journal.Example, []string{
			"sshd 2024-03-03T08:59:24.12Z 1 host.name=gate process.name=sshd user.name=root source.ip=203.0.113.7 event.action=ssh_login",
			"journald 2024-03-03T08:59:25.12Z 8 message=two|lines",
		}},
	} {
		if got := Recognise(Formats, c.text); got != c.format && !strings.HasPrefix(c.text, "a,b") {
			t.Errorf("%q is taken for %s", c.text, got.Name)
		}
		b := splitParse(t, c.format, c.text, len(c.text)+1)
		if len(b.Events) != len(c.want) {
			t.Errorf("%d events of %q", len(b.Events), c.text)
			continue
		}
		for i := range b.Events {
			e := &b.Events[i]
			words := strings.Fields(c.want[i])
			when := "-"
			if e.Time != 0 {
				when = e.When().Format("2006-01-02T15:04:05.999999999Z07:00")
			}
			if got := e.Shape.Format.Name; got != words[0] {
				t.Errorf("dialect %s, want %s", got, words[0])
			}
			if when != words[1] || numberText(e.Record) != words[2] {
				t.Errorf("time %s, line %d, want %s, %s", when, e.Record, words[1], words[2])
			}
			for _, field := range words[3:] {
				name, want, _ := strings.Cut(field, "=")
				got := strings.NewReplacer(" ", "_", "\n", "|").Replace(e.Get(name).String())
				if got != want {
					t.Errorf("%s is %q, want %q, in %q", name, got, want, e.Raw)
				}
			}
		}
	}
}

func numberText(n int64) string { return string(rune('0' + n)) }
