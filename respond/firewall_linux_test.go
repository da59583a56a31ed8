package respond

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func block(t testing.TB, target string, last time.Duration) Block {
	t.Helper()
	b, err := ParseBlock(target)
	if err != nil {
		t.Fatal(err)
	}
	if last > 0 {
		b.Until = time.Now().Add(last).UnixNano()
	}
	return b
}

func TestFirewallHoldsWhatIsWanted(t *testing.T) {
	ns := newNamespace(t)
	f := ns.firewall(t)
	w := &Wanted{}
	for _, target := range []string{
		"203.0.113.7", "203.0.113.7 out", "203.0.113.8 forward", "2001:db8::1", "198.51.100.0/24", "198.51.100.128/25", "2001:db8:1::/48 out",
		"203.0.113.9 tcp/22", "203.0.112.0/23 udp/53 out", "2001:db8:2::/64 tcp/443", "any tcp/23", "255.255.255.0/24",
	} {
		w.Blocks = append(w.Blocks, block(t, target, 0))
	}
	w.Blocks = append(w.Blocks, block(t, "203.0.113.20", time.Hour), block(t, "203.0.114.0/24", time.Hour), block(t, "203.0.113.21 tcp/80", time.Hour))
	allowed := block(t, "192.0.2.0/24", 0)
	allowed.Verdict = Allow
	limited := block(t, "203.0.113.30", time.Hour)
	limited.Verdict, limited.Rate = Limit, 7
	w.Blocks = append(w.Blocks, allowed, limited)
	if err := f.Replace(w, true); err != nil {
		t.Fatalf("dry run: %v", err)
	}
	if list, err := f.List(); err != nil || len(list) != 0 {
		t.Fatalf("a dry run left %v, %v", list, err)
	}
	for range 2 { // doing it twice changes nothing
		if err := f.Replace(w, false); err != nil {
			t.Fatal(err)
		}
		checkHeld(t, f, w.Blocks, 1)
	}
	out := ns.run(t, "nft", "list", "table", "inet", "tocsin")
	for _, want := range []string{"203.0.113.20 counter packets 0 bytes 0 timeout ", "198.51.100.0/24", "203.0.113.9 . tcp . 22", "0.0.0.0/0 . tcp . 23", "limit rate over 7/second", "2001:db8:1::/48"} {
		if !strings.Contains(out, want) {
			t.Errorf("nft does not show %q:\n%s", want, out)
		}
	}
	if t.Failed() {
		return
	}
	if err := f.Remove(); err != nil {
		t.Fatal(err)
	}
	if out := ns.run(t, "nft", "list", "ruleset"); out != "" {
		t.Errorf("after removing it there is %s", out)
	}
}

// checkHeld compares what the kernel holds with what was asked for, of which so many are covered by others.
func checkHeld(t testing.TB, f *Firewall, want []Block, covered int) {
	t.Helper()
	held, err := f.List()
	if err != nil {
		t.Fatal(err)
	}
	var have []Block
	for _, h := range held {
		have = append(have, h.Block)
	}
	d := Diff(have, want)
	if len(d.Add) != covered || len(d.Remove)+len(d.Change) != 0 {
		t.Fatalf("the kernel holds %d of %d: %+v", len(have), len(want), d)
	}
}

func TestFirewallChange(t *testing.T) {
	ns := newNamespace(t)
	f := ns.firewall(t)
	if err := f.Change(nil, nil); err == nil {
		t.Error("changed what was not made")
	}
	if err := f.Replace(&Wanted{}, false); err != nil {
		t.Fatal(err)
	}
	long, short := block(t, "10.1.0.0/16", time.Hour), block(t, "10.1.2.0/24", 0)
	for _, step := range []struct {
		add, remove, want []Block
		covered           int
	}{
		{[]Block{block(t, "10.0.0.1", time.Hour), block(t, "10.0.0.2", 0), long}, nil, []Block{block(t, "10.0.0.1", time.Hour), block(t, "10.0.0.2", 0), long}, 0},
		{[]Block{block(t, "10.0.0.1", 2*time.Hour), short}, []Block{block(t, "10.0.0.2", 0), block(t, "10.0.0.3", 0)}, []Block{block(t, "10.0.0.1", 2*time.Hour), long, short}, 1},
		{nil, []Block{long}, []Block{block(t, "10.0.0.1", 2*time.Hour), short}, 0},
		{[]Block{block(t, "10.0.0.1", time.Minute), block(t, "10.0.9.0/24 tcp/22", 0)}, nil, []Block{block(t, "10.0.0.1", time.Minute), short, block(t, "10.0.9.0/24 tcp/22", 0)}, 0},
		{nil, []Block{short, block(t, "10.0.0.1", 0), block(t, "10.0.9.0/24 tcp/22", 0)}, nil, 0},
	} {
		if err := f.Change(step.add, step.remove); err != nil {
			t.Fatal(err)
		}
		checkHeld(t, f, step.want, step.covered)
	}
}

// pair is a host with a firewall and another one that sends to it.
func pair(t testing.TB) (f *Firewall, us, them namespace) {
	us, them = newNamespace(t), newNamespace(t)
	connect(t, us, them, 1)
	return us.firewall(t), us, them
}

// reach tells whether b gets an answer over TCP from a port of a.
func reach(t testing.TB, them namespace, to string) bool {
	t.Helper()
	ok := false
	them.do(t, func() {
		c, err := net.DialTimeout("tcp", to, 300*time.Millisecond)
		if err == nil {
			ok = true
			_ = c.Close()
		}
	})
	return ok
}

func listen(t testing.TB, ns namespace, at string) {
	t.Helper()
	var l net.Listener
	var err error
	ns.do(t, func() { l, err = net.Listen("tcp", at) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
}

func TestBlockDropsAndCounts(t *testing.T) {
	f, us, them := pair(t)
	listen(t, us, "10.7.1.1:80")
	listen(t, us, "[fd07:1::1]:80")
	listen(t, us, "10.7.1.1:81")
	listen(t, us, "[fd07:1::1]:81")
	for _, c := range []struct {
		target      string
		verdict     Verdict
		v4, p81, v6 bool
	}{
		{"10.7.1.2", Drop, false, false, true},
		{"10.7.1.0/24", Drop, false, false, true},
		{"10.7.1.2 out", Drop, false, false, true}, // the answers do not get out
		{"10.7.1.2 forward", Drop, true, true, true},
		{"10.7.1.2 tcp/81", Drop, true, false, true},
		{"any tcp/81", Drop, true, false, true},
		{"10.7.1.0/24 udp/81", Drop, true, true, true},
		{"fd07:1::2", Drop, true, true, false},
		{"fd07:1::/64", Drop, true, true, false},
		{"fd07:1::/64 tcp/80", Drop, true, true, false},
		{"fd07:1::2 out", Drop, true, true, false},
		{"10.7.1.2", Allow, true, true, true},
	} {
		b := block(t, c.target, 0)
		b.Verdict = c.verdict
		if err := f.Replace(&Wanted{Blocks: []Block{b}}, false); err != nil {
			t.Fatal(err)
		}
		if b.everywhere() && reach(t, them, "[fd07:1::1]:81") {
			t.Errorf("%s does not meet IPv6", c.target)
		}
		if v4, p81, v6 := reach(t, them, "10.7.1.1:80"), reach(t, them, "10.7.1.1:81"), reach(t, them, "[fd07:1::1]:80"); v4 != c.v4 || p81 != c.p81 || v6 != c.v6 {
			t.Errorf("%s %s: reached %v %v %v, want %v %v %v", c.verdict, c.target, v4, p81, v6, c.v4, c.p81, c.v6)
		}
		held, err := f.List()
		if err != nil || len(held) != 1 {
			t.Fatalf("held %v, %v", held, err)
		}
		counts := !c.v4 || !c.v6 || !c.p81 || c.verdict == Allow
		if (held[0].Packets > 0) != counts || (held[0].Bytes > 0) != counts {
			t.Errorf("%s counts %d packets", c.target, held[0].Packets)
		}
	}
}

func TestAllowBeatsBlock(t *testing.T) {
	f, us, them := pair(t)
	listen(t, us, "10.7.1.1:80")
	allowed := block(t, "10.7.1.2", 0)
	allowed.Verdict = Allow
	if err := f.Replace(&Wanted{Blocks: []Block{block(t, "10.7.1.0/24", 0), allowed}}, false); err != nil {
		t.Fatal(err)
	}
	if !reach(t, them, "10.7.1.1:80") {
		t.Error("what is allowed is blocked")
	}
	if err := f.Replace(&Wanted{Isolated: true}, false); err != nil {
		t.Fatal(err)
	}
	if reach(t, them, "10.7.1.1:80") {
		t.Error("an isolated host is reached")
	}
	if err := f.Replace(&Wanted{Isolated: true, Blocks: []Block{allowed}}, false); err != nil {
		t.Fatal(err)
	}
	if !reach(t, them, "10.7.1.1:80") {
		t.Error("isolation cuts off what is allowed")
	}
}

func TestBlockExpiresByItself(t *testing.T) {
	f, us, them := pair(t)
	listen(t, us, "10.7.1.1:80")
	if err := f.Replace(&Wanted{}, false); err != nil {
		t.Fatal(err)
	}
	b := block(t, "10.7.1.2", 1500*time.Millisecond)
	if err := f.Change([]Block{b, block(t, "10.7.1.0/24", 1500*time.Millisecond)}, nil); err != nil {
		t.Fatal(err)
	}
	if reach(t, them, "10.7.1.1:80") {
		t.Fatal("not blocked")
	}
	for end := time.Now().Add(10 * time.Second); !reach(t, them, "10.7.1.1:80"); {
		if time.Now().After(end) {
			t.Fatal("still blocked")
		}
	}
	if early := time.Until(time.Unix(0, b.Until)); early > 100*time.Millisecond {
		t.Errorf("it expired %s early", early)
	}
	// What has expired can be changed nevertheless.
	if err := f.Change([]Block{block(t, "10.7.1.2", time.Hour)}, []Block{block(t, "10.7.1.0/24", 0)}); err != nil {
		t.Fatal(err)
	}
	checkHeld(t, f, []Block{block(t, "10.7.1.2", time.Hour)}, 0)
}

func TestRateLimit(t *testing.T) {
	f, us, them := pair(t)
	b := block(t, "10.7.1.2", 0)
	b.Verdict, b.Rate = Limit, 20
	if err := f.Replace(&Wanted{Blocks: []Block{b}}, false); err != nil {
		t.Fatal(err)
	}
	var in net.PacketConn
	us.do(t, func() { in, _ = net.ListenPacket("udp", "10.7.1.1:9") })
	defer in.Close()
	const sent = 2000
	flood(t, them, "10.7.1.1:9", sent)
	got := drain(in)
	if got < 15 || got > 200 {
		t.Errorf("of %d packets %d came through a limit of 20 a second", sent, got)
	}
	held, err := f.List()
	if err != nil || len(held) != 1 || held[0].Rate != 20 || held[0].Packets != uint64(sent-got) {
		t.Errorf("counted %+v, %v; %d came through", held, err, got)
	}
}

// flood sends datagrams.
func flood(t testing.TB, from namespace, to string, n int) {
	t.Helper()
	from.do(t, func() {
		c, err := net.Dial("udp", to)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		for range n {
			_, _ = c.Write([]byte("x"))
		}
	})
}

func drain(in net.PacketConn) (n int) {
	buf := make([]byte, 100)
	for {
		_ = in.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		if _, _, err := in.ReadFrom(buf); err != nil {
			return n
		}
		n++
	}
}

func TestFloodDroppedAndCounted(t *testing.T) {
	f, us, them := pair(t)
	var in net.PacketConn
	us.do(t, func() { in, _ = net.ListenPacket("udp", "10.7.1.1:9") })
	defer in.Close()
	if err := f.Replace(&Wanted{Blocks: []Block{block(t, "10.7.1.2", time.Hour)}}, false); err != nil {
		t.Fatal(err)
	}
	const n = 20_000
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		flood(t, them, "10.7.1.1:9", n)
	}()
	replaced := 0
	for done := false; !done; replaced++ { // the table is replaced while packets come: none gets through
		select {
		case <-sent:
			done = true
		default:
		}
		if err := f.Replace(&Wanted{Blocks: []Block{block(t, "10.7.1.2", time.Hour), block(t, fmt.Sprintf("10.9.0.%d", replaced%250), 0)}}, false); err != nil {
			t.Fatal(err)
		}
	}
	if got := drain(in); got != 0 {
		t.Errorf("%d of %d packets came through in %d replacements", got, n, replaced)
	}
	held, err := f.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range held {
		if h.Prefix.String() == "10.7.1.2/32" && (h.Packets > n || h.Packets < n*98/100) {
			t.Errorf("counted %d of %d packets, over %d replacements", h.Packets, n, replaced)
		}
	}
	t.Logf("%d packets dropped while the table was replaced %d times", n, replaced)
}

func TestOthersTablesAreLeftAlone(t *testing.T) {
	ns := newNamespace(t)
	ns.run(t, "nft", "add table inet filter; add chain inet filter input { type filter hook input priority 0; }; add rule inet filter input tcp dport 22 counter accept; add table ip tocsin; add table inet tocsin2")
	before := ns.run(t, "nft", "list ruleset")
	f := ns.firewall(t)
	if err := f.Replace(&Wanted{Blocks: []Block{block(t, "10.7.1.2", 0)}}, false); err != nil {
		t.Fatal(err)
	}
	if err := f.Change([]Block{block(t, "10.7.1.3", 0)}, nil); err != nil {
		t.Fatal(err)
	}
	if err := f.Remove(); err != nil {
		t.Fatal(err)
	}
	if after := ns.run(t, "nft", "list ruleset"); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

// many makes so many single addresses.
func many(n int) []Block {
	list := make([]Block, n)
	for i := range list {
		list[i] = Block{Verdict: Drop, Dir: In, Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32)}
	}
	return list
}

func TestHundredThousandBlocks(t *testing.T) {
	f := newNamespace(t).firewall(t)
	list := many(100_000)
	for _, b := range many(20_000) {
		b.Prefix = netip.PrefixFrom(netip.AddrFrom4([4]byte{172, b.Prefix.Addr().As4()[2], b.Prefix.Addr().As4()[3], 0}), 25)
		list = append(list, b)
	}
	began := time.Now()
	if err := f.Replace(&Wanted{Blocks: list}, false); err != nil {
		t.Fatal(err)
	}
	made := time.Now()
	held, err := f.List()
	if err != nil || len(held) != len(list) {
		t.Fatalf("%d held of %d: %v", len(held), len(list), err)
	}
	listed := time.Now()
	if err := f.Change([]Block{block(t, "192.0.2.1", time.Hour)}, []Block{list[5]}); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d made in %s, listed in %s, one changed in %s", len(list), made.Sub(began), listed.Sub(made), time.Since(listed))
}

func BenchmarkFirewallReplace10000(b *testing.B) {
	f := newNamespace(b).firewall(b)
	w := &Wanted{Blocks: many(10_000)}
	b.ReportAllocs()
	for b.Loop() {
		if err := f.Replace(w, false); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFirewallAddOne(b *testing.B) {
	f := newNamespace(b).firewall(b)
	if err := f.Replace(&Wanted{Blocks: many(100_000)}, false); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		one := Block{Verdict: Drop, Dir: In, Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{11, byte(i >> 16), byte(i >> 8), byte(i)}), 32)}
		if err := f.Change([]Block{one}, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func TestReplaceMendsWhatOthersBroke(t *testing.T) {
	ns := newNamespace(t)
	f := ns.firewall(t)
	w := &Wanted{Blocks: []Block{block(t, "10.7.1.2", 0), block(t, "10.8.0.0/16", 0)}}
	for _, broken := range []string{
		"delete table inet tocsin", "flush table inet tocsin", "flush set inet tocsin in4", "add element inet tocsin in4_nets { 10.8.0.0/15 }",
		"flush chain inet tocsin arrive; delete chain inet tocsin arrive; flush chain inet tocsin arrive4; delete set inet tocsin in4",
	} {
		if err := f.Replace(w, false); err != nil {
			t.Fatal(err)
		}
		want := ns.run(t, "nft", "list", "table", "inet", "tocsin")
		if strings.Contains(broken, "15") {
			ns.run(t, "nft", "flush set inet tocsin in4_nets")
		}
		ns.run(t, "nft", broken)
		if err := f.Replace(w, false); err != nil {
			t.Errorf("%s: %v", broken, err)
			continue
		}
		if got := ns.run(t, "nft", "list", "table", "inet", "tocsin"); len(got) != len(want) {
			t.Errorf("%s: mended to\n%s\nand not to\n%s", broken, got, want)
		}
	}
}

// site is a policy for the test's two hosts.
func site(fallback string, rules ...PolicyRule) *Policy {
	return &Policy{
		Zones:    map[string]Zone{"them": {Networks: []string{"10.7.1.0/24", "fd07:1::/64"}, Interfaces: []string{"v1"}}, "others": {Networks: []string{"192.0.2.0/24"}}},
		Services: map[string][]string{"web": {"tcp/80", "tcp/8000-8100"}},
		Rules:    rules, Default: fallback,
	}
}

func TestPolicyDecides(t *testing.T) {
	f, us, them := pair(t)
	for _, at := range []string{"10.7.1.1:80", "10.7.1.1:8050", "10.7.1.1:22", "[fd07:1::1]:80"} {
		listen(t, us, at)
	}
	for _, c := range []struct {
		name                 string
		policy               *Policy
		p80, p8050, p22, six bool
	}{
		{"nothing is said", site("deny"), false, false, false, false},
		{"default allow", site("allow"), true, true, true, true},
		{"web", site("", PolicyRule{From: []string{"them"}, To: []string{self}, Services: []string{"web"}}), true, true, false, true},
		{"others", site("", PolicyRule{From: []string{"others"}, To: []string{self}}), false, false, false, false},
		{"all but ssh", site("", PolicyRule{From: []string{anyZone}, To: []string{self}, Services: []string{"tcp/22"}, Deny: true}, PolicyRule{From: []string{anyZone}, To: []string{self}}), true, true, false, true},
		{"out only", site("", PolicyRule{From: []string{self}, To: []string{anyZone}}), false, false, false, false},
	} {
		if err := f.Replace(&Wanted{Policy: c.policy}, false); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		p80, p8050, p22, six := reach(t, them, "10.7.1.1:80"), reach(t, them, "10.7.1.1:8050"), reach(t, them, "10.7.1.1:22"), reach(t, them, "[fd07:1::1]:80")
		if p80 != c.p80 || p8050 != c.p8050 || p22 != c.p22 || six != c.six {
			t.Errorf("%s: reached %v %v %v %v", c.name, p80, p8050, p22, six)
		}
	}
	us.run(t, "nft", "list", "table", "inet", "tocsin") // nft can read it
}

func TestPolicyUnused(t *testing.T) {
	f, us, them := pair(t)
	listen(t, us, "10.7.1.1:80")
	p := site("", PolicyRule{Name: "web", From: []string{"them"}, To: []string{self}, Services: []string{"web"}}, PolicyRule{Name: "ssh", From: []string{"them"}, To: []string{self}, Services: []string{"tcp/22"}})
	for range 2 { // made again, it goes on counting
		if err := f.Replace(&Wanted{Policy: p}, false); err != nil {
			t.Fatal(err)
		}
		reach(t, them, "10.7.1.1:80")
	}
	used, err := f.Used()
	if err != nil {
		t.Fatal(err)
	}
	if faults := p.Unused(used); len(faults) != 1 || faults[0].Name != "ssh" {
		t.Errorf("unused: %+v; counted %+v", faults, used)
	}
	var web uint64
	for _, u := range used {
		if strings.HasSuffix(u.Rule, " web") {
			web += u.Packets
		}
	}
	if web != 2 {
		t.Errorf("two connections were counted as %d: %+v", web, used)
	}
}

// The kernel itself goes back to what was, even though this process does nothing more.
func TestTrialRollsBackByItself(t *testing.T) {
	f, us, them := pair(t)
	listen(t, us, "10.7.1.1:80")
	listen(t, us, "10.7.1.1:22")
	web := site("", PolicyRule{From: []string{"them"}, To: []string{self}, Services: []string{"tcp/80"}})
	ssh := site("", PolicyRule{From: []string{"them"}, To: []string{self}, Services: []string{"tcp/22"}})
	for _, before := range []*Policy{nil, web} {
		if err := f.Replace(&Wanted{Policy: before, Trial: ssh, TrialFor: 1500 * time.Millisecond}, false); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil { // as if it had crashed
			t.Fatal(err)
		}
		if !reach(t, them, "10.7.1.1:22") || reach(t, them, "10.7.1.1:80") {
			t.Error("the policy on trial is not in force")
		}
		for end := time.Now().Add(10 * time.Second); !reach(t, them, "10.7.1.1:80"); {
			if time.Now().After(end) {
				t.Fatal("it did not roll back")
			}
		}
		if reach(t, them, "10.7.1.1:22") != (before == nil) {
			t.Error("after it has rolled back, what was before is not in force")
		}
		us.do(t, func() { f, _ = OpenFirewall() })
	}
	// Confirmed, it stays.
	if err := f.Replace(&Wanted{Policy: ssh}, false); err != nil {
		t.Fatal(err)
	}
	if !reach(t, them, "10.7.1.1:22") || reach(t, them, "10.7.1.1:80") {
		t.Error("what was confirmed is not in force")
	}
	_ = f.Close()
}
