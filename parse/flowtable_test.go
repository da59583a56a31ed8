package parse

import (
	"strings"
	"testing"
)

// TestFlowTable reads flow logs whose fields an administrator chose, with a second line of names where files were put
// together, cut into blocks of any size.
func TestFlowTable(t *testing.T) {
	const text = "version srcaddr dstaddr srcport dstport protocol action start end vpc-id flow-direction\n" +
		"5 203.0.113.7 192.0.2.10 50122 22 6 REJECT 1709457164 1709457224 vpc-1 ingress\n" +
		"5 - 192.0.2.10 50122 22 17 ACCEPT 1709457164 1709457224 vpc-1 ingress\n" +
		"interface_id pkt_srcaddr srcaddr dstaddr end\n" +
		"eni-1 203.0.113.9 10.0.0.1 192.0.2.11 1709457164\n" +
		"eni-1 203.0.113.9\n"
	if f := Recognise(Formats, text); f != FlowTable {
		t.Fatalf("recognised as %v", f)
	}
	want := ""
	for _, step := range []int{len(text) + 1, 1, 7, 100} {
		out := splitParse(t, FlowTable, text, step)
		if want == "" {
			want = dump(out)
		} else if dump(out) != want {
			t.Fatalf("blocks of %d bytes give other events", step)
		}
		if len(out.Events) != 4 {
			t.Fatalf("%d events", len(out.Events))
		}
		for i, c := range []string{
			"source.ip=203.0.113.7 destination.ip=192.0.2.10 destination.port=22 network.transport=tcp event.outcome=failure event.category=network network.direction=ingress",
			"source.ip= network.transport=udp event.outcome=success",
			"source.ip=10.0.0.1 pkt-srcaddr=203.0.113.9 interface-id=eni-1 event.outcome=",
		} {
			checkRelayed(t, &out.Events[i], "vpcflow", "09:12:44", c)
		}
		if out.Events[3].Shape != textShape {
			t.Errorf("a short line is %s", out.Events[3].Shape.Format.Name)
		}
	}
	for _, no := range []string{"srcaddr", "the srcaddr, dstaddr of it", "srcaddr=1 dstaddr=2 a=3 b=4", strings.Repeat("srcaddr dstaddr ", 1000)} {
		if flowHeader(no) {
			t.Errorf("taken for names: %.60s", no)
		}
	}
}

// TestSquid reads the proxy's log in each of the formats that its documentation names, and with fields behind them.
func TestSquid(t *testing.T) {
	const all = " c-ip=203.0.113.7 cs-username=bob cs-method=GET cs-host=shop.example c-uri-query=b=c"
	for _, c := range []struct{ line, want string }{
		{`1709457164.120    180 203.0.113.7 TCP_MISS/200 411 GET http://shop.example/a?b=c bob HIER_DIRECT/198.51.100.4 text/html`, "r-ip=198.51.100.4 event.outcome=success time-taken=180 sc-bytes=411" + all},
		{`1709457164.120    180 203.0.113.7 TCP_DENIED/403 411 GET http://shop.example/a?b=c bob HIER_NONE/- text/html "http://x.example/" "curl/8.0" tag`, "event.outcome=failure c-useragent=curl/8.0 cs-referer=http://x.example/" + all},
		{`03/Mar/2024:09:12:44 +0000    180 203.0.113.7 TCP_MISS/200 411 GET http://shop.example/a?b=c bob HIER_DIRECT/198.51.100.4 text/html`, "rs-content-type=text/html" + all},
		{`203.0.113.7 - bob [03/Mar/2024:10:12:44 +0100] "GET http://shop.example/a?b=c HTTP/1.1" 200 411 TCP_MISS:HIER_DIRECT`, "s-action=TCP_MISS sc-status=200 sc-bytes=411" + all},
		{`203.0.113.7 - bob [03/Mar/2024:09:12:44 +0000] "GET http://shop.example/a?b=c HTTP/1.1" 403 411 "http://x.example/" "curl/8.0" TCP_DENIED:HIER_NONE`, "event.outcome=failure cs-user-agent=curl/8.0 cs-referer=http://x.example/" + all},
		{`Mar  3 09:12:44 gate (squid-1): 203.0.113.7 - bob [03/Mar/2024:09:12:44 +0000] "GET http://shop.example/a?b=c HTTP/1.1" 200 411 TCP_MISS:HIER_DIRECT`, "host.name=gate" + all},
	} {
		e := parseAll(Recognise(Formats, c.line), c.line)
		if len(e) != 1 {
			t.Fatalf("%d events of %s", len(e), c.line)
		}
		checkRelayed(t, &e[0], "squid", "09:12:44", c.want)
	}
}
