package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"
)

// generated is a made-up row.
type generated struct {
	time   int64
	names  []string
	values []string
}

func (g *generated) add(name string, value any) {
	g.names = append(g.names, name)
	g.values = append(g.values, fmt.Sprint(value))
}

// firstTime is when generated rows begin; they fill fourteen days.
var firstTime = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// generate makes n rows like those of a company's logs, always the same for one seed: six datasets with some 120 names
// between them, 119,000 addresses with a few that stand out, and high entropy.
func generate(n int, seed uint64, row func(*generated)) {
	r := rand.New(rand.NewPCG(seed, 7))
	g := &generated{}
	users := make([]string, 400)
	for i := range users {
		users[i] = fmt.Sprintf("%s%02d", []string{"alice", "Bob", "carol", "DAVE", "erin", "svc_backup", "O'Neil", "jürgen"}[i%8], i/8)
	}
	step := int64(14*24*time.Hour) / int64(n)
	for i := range n {
		g.time = firstTime.UnixNano() + int64(i)*step + r.Int64N(step)
		g.names, g.values = g.names[:0], g.values[:0]
		host := fmt.Sprintf("host-%03d", r.IntN(250))
		user := users[int(float64(len(users))*r.Float64()*r.Float64())]
		ip := fmt.Sprintf("10.%d.%d.%d", r.IntN(3), r.IntN(256), 1+r.IntN(155))
		if r.IntN(5) == 0 {
			ip = fmt.Sprintf("203.0.113.%d", r.IntN(20))
		}
		switch k := r.IntN(100); {
		case k < 25:
			sshdRow(g, r, host, user, ip)
		case k < 50:
			windowsRow(g, r, host, user, ip)
		case k < 70:
			webRow(g, r, host, ip)
		case k < 90:
			firewallRow(g, r, ip)
		default:
			appRow(g, r, host, user, k)
		}
		g.add("host.name", host)
		g.add("log.file.path", "/var/log/"+g.values[0]+".log")
		g.add("event.sequence", i)
		row(g)
	}
}

// odd are values at the edges of what the engine takes for a number, an address, a time, a word or a letter.
var odd = []string{
	"1.10", "-0", "007", "9f86d081", "9F86D081", "9F86d081", "x9f86d081 9F86D081", "1_000", "010.1.1.1", "\u0130stanbul", "Stra\u00dfe", "\u00c9COLE", "a\x1fb", `say "q"`, "a*b", `C:\dir\`, "tab\tx", "1e5", ".5", "5.", "0x1F", "-5.50", "::1",
	"fe80::1%eth0", "2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00Z", " lead", "x", "10", "10.0", "-10", "4294967296", "18446744073709551616", "1.2.3", "1.2.3.4", "1.2.3.4:22", "null", "true", "\u65e5\u672c",
}

func hexes(r *rand.Rand, n int) string {
	const digits = "0123456789abcdef"
	b := make([]byte, n)
	for i := range b {
		b[i] = digits[r.IntN(16)]
	}
	return string(b)
}

func sshdRow(g *generated, r *rand.Rand, host, user, ip string) {
	g.add("dataset", "sshd")
	port := 1024 + r.IntN(60000)
	verb, outcome := "Failed", "failure"
	if r.IntN(4) == 0 {
		verb, outcome = "Accepted", "success"
	}
	g.add("_msg", fmt.Sprintf("Mar  2 10:11:12 %s sshd[%d]: %s password for %s from %s port %d ssh2: RSA SHA256:%s", host, r.IntN(30000), verb, user, ip, port, hexes(r, 43)))
	g.add("user.name", user)
	g.add("source.ip", ip)
	g.add("source.port", port)
	g.add("event.outcome", outcome)
	g.add("sshd.pid", r.IntN(30000))
}

func windowsRow(g *generated, r *rand.Rand, host, user, ip string) {
	g.add("dataset", "windows")
	id := []int{4624, 4625, 4688, 4672, 1, 3, 7, 11}[r.IntN(8)]
	g.add("EventID", id)
	g.add("Channel", []string{"Security", "Microsoft-Windows-Sysmon/Operational"}[r.IntN(2)])
	g.add("TargetUserName", user)
	g.add("user.name", user)
	g.add("LogonGuid", "{"+hexes(r, 8)+"-"+hexes(r, 4)+"-"+hexes(r, 12)+"}")
	image := []string{`C:\Windows\System32\cmd.exe`, `C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`, `C:\Program Files\App\App.exe`, `C:\Windows\explorer.exe`}[r.IntN(4)]
	g.add("Image", image)
	g.add("process.name", image)
	command := image + " -Arg " + hexes(r, 24)
	if r.IntN(2000) == 0 {
		command = `powershell.exe -NoP -EncodedCommand ` + hexes(r, 32) + " Invoke-MimiKatz"
	}
	g.add("CommandLine", command)
	g.add("LogonId", "0x"+strconv.FormatInt(r.Int64N(1<<28), 16))
	if id == 4624 || id == 4625 || id == 3 {
		if r.IntN(3) == 0 {
			ip = "::ffff:" + ip
		}
		g.add("IpAddress", ip)
		g.add("source.ip", ip)
		g.add("LogonType", 2+r.IntN(9))
	}
	g.add("winlog.field"+strconv.Itoa(r.IntN(80)), hexes(r, 16))
	g.add("ProcessId", -5+r.IntN(9000))
	g.add("odd", odd[r.IntN(len(odd))])
	g.add("Computer", host+".corp.example")
}

func webRow(g *generated, r *rand.Rand, host, ip string) {
	g.add("dataset", "nginx")
	path := fmt.Sprintf("/shop/item/%d?session=%s", r.IntN(100000), hexes(r, 16))
	if r.IntN(500) == 0 {
		path = "/wp-login.php?redirect=%2Fadmin"
	}
	status := []int{200, 200, 200, 301, 304, 404, 403, 500}[r.IntN(8)]
	size := r.IntN(1 << 20)
	g.add("_msg", fmt.Sprintf(`%s - - [02/Mar/2026:10:11:12 +0000] "GET %s HTTP/1.1" %d %d "-" "Mozilla/5.0 (X11; Linux) Gecko/%d"`, ip, path, status, size, r.IntN(99999)))
	g.add("source.ip", ip)
	g.add("url.path", path)
	g.add("http.status", status)
	g.add("bytes", size)
	g.add("duration", fmt.Sprintf("%d.%03d", r.IntN(3), r.IntN(1000)))
	g.add("http.host", host+".example.org")
}

func firewallRow(g *generated, r *rand.Rand, ip string) {
	g.add("dataset", "firewall")
	g.add("source.ip", ip)
	g.add("destination.ip", fmt.Sprintf("192.0.2.%d", r.IntN(250)))
	g.add("source.port", 1024+r.IntN(60000))
	g.add("destination.port", []int{22, 80, 443, 3389, 53, 8080}[r.IntN(6)])
	g.add("event.action", []string{"allow", "Deny", "drop"}[r.IntN(3)])
	g.add("network.bytes", r.IntN(1<<24))
	g.add("flow.id", hexes(r, 32))
	g.add("rule", "policy-"+strconv.Itoa(r.IntN(40)))
}

func appRow(g *generated, r *rand.Rand, host, user string, k int) {
	g.add("dataset", "app")
	g.add("_msg", fmt.Sprintf("%s %s: Timeout while Connecting to db-%d.%s: request %s of %s (attempt %d)", []string{"ERROR", "warn", "Info"}[k%3], host, r.IntN(8), host, hexes(r, 20), user, r.IntN(5)))
	g.add("level", []string{"ERROR", "warn", "Info"}[k%3])
	g.add("trace.id", hexes(r, 32))
	g.add("temperature", strconv.FormatFloat(float64(r.IntN(800)-400)/10, 'f', 1, 64))
	g.add("when", time.Unix(1_700_000_000+r.Int64N(1e7), 0).UTC().Format("2006-01-02T15:04:05.000Z"))
	for i := range 3 {
		g.add("app.label"+strconv.Itoa(10*i+r.IntN(10)), hexes(r, 6)+"-"+strconv.Itoa(r.IntN(100)))
	}
}

// filled opens a store with generated rows.
func filled(tb testing.TB, n int, seed uint64, each func(*generated)) *Embedded {
	tb.Helper()
	e, err := Open(tb.TempDir(), Options{Future: -1})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := e.Close(); err != nil {
			tb.Error(err)
		}
	})
	addGenerated(tb, e, n, seed, each)
	e.v.reveal()
	return e
}

type adder interface {
	Add(ctx context.Context, seq uint64, b *Batch) (Added, error)
}

// addGenerated adds generated rows.
func addGenerated(tb testing.TB, e adder, n int, seed uint64, each func(*generated)) {
	tb.Helper()
	b := &Batch{}
	seq := uint64(0)
	send := func() {
		seq++
		added, err := e.Add(context.Background(), seq, b)
		if err != nil || added.Kept != b.Len() {
			tb.Fatal(err, added)
		}
		b.Reset()
	}
	generate(n, seed, func(g *generated) {
		b.Row(g.time)
		for i, name := range g.names {
			b.Field(name, g.values[i])
		}
		if each != nil {
			each(g)
		}
		if b.Len() == 2000 {
			send()
		}
	})
	send()
}
