package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Drops are how long it takes from the writing of a line to the last packet that comes from whom it accuses.
type Drops struct {
	Name  string
	Times []time.Duration // sorted
	CPU   time.Duration   // for each block, of the server and of what it has started
}

// PacketsArg is the argument with which this program sends or takes packets in a namespace; see Packets.
const PacketsArg = "-packets"

// Packets sends a packet each millisecond from an address (send ADDRESS), or prints when packets come from whom (take), until
// it is ended. It is a process of its own because a namespace is one of a process.
func Packets(args []string) error {
	if len(args) == 2 && args[0] == "send" {
		c, err := net.DialUDP("udp", &net.UDPAddr{IP: net.ParseIP(args[1])}, &net.UDPAddr{IP: net.IPv4(10, 9, 1, 1), Port: 4000})
		if err != nil {
			return err
		}
		for tick := time.NewTicker(time.Millisecond); ; <-tick.C {
			_, _ = c.Write([]byte("x")) // that nobody takes it is what is waited for
		}
	}
	p, err := net.ListenPacket("udp", "10.9.1.1:4000")
	if err != nil {
		return err
	}
	for b := make([]byte, 64); ; {
		_, from, err := p.ReadFrom(b)
		if err != nil {
			return err
		}
		fmt.Printf("packet %s %d\n", from.(*net.UDPAddr).IP, time.Now().UnixNano())
	}
}

// twoHosts are two namespaces with a cable between them: 10.9.1.1 is ours, and what attacks it has many addresses.
type twoHosts struct{ ours, theirs string }

// command runs a program to its end.
func command(args ...string) error {
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}

func newTwoHosts(name string, addresses int) (*twoHosts, error) {
	h := &twoHosts{fmt.Sprintf("bench-o-%s-%d", name, os.Getpid()), fmt.Sprintf("bench-t-%s-%d", name, os.Getpid())}
	steps := [][]string{
		{"ip", "netns", "add", h.ours},
		{"ip", "netns", "add", h.theirs},
		{"ip", "-n", h.ours, "link", "set", "lo", "up"},
		{"ip", "link", "add", "v0", "netns", h.ours, "type", "veth", "peer", "name", "v0", "netns", h.theirs},
		{"ip", "-n", h.ours, "addr", "add", "10.9.1.1/24", "dev", "v0"},
		{"ip", "-n", h.ours, "link", "set", "v0", "up"},
		{"ip", "-n", h.theirs, "link", "set", "v0", "up"},
	}
	for i := range addresses {
		steps = append(steps, []string{"ip", "-n", h.theirs, "addr", "add", attacker(i) + "/24", "dev", "v0"})
	}
	for _, s := range steps {
		if err := command(s...); err != nil {
			return nil, errors.Join(err, h.close())
		}
	}
	return h, nil
}

func attacker(i int) string { return fmt.Sprintf("10.9.1.%d", 100+i) }

func (h *twoHosts) close() error {
	return errors.Join(command("ip", "netns", "del", h.ours), command("ip", "netns", "del", h.theirs))
}

// MeasureDrops measures tocsin and fail2ban, each in a namespace of its own, by the same lines in a file that both follow. It needs
// root; fail2ban is left out where it is not installed.
func MeasureDrops(ctx context.Context, tocsin, dir string, count int) ([]Drops, error) {
	var list []Drops
	for _, c := range []struct {
		name string
		make func(dir, log string) (args []string, pid string, err error)
	}{
		{"tocsin", func(dir, log string) ([]string, string, error) {
			config, err := writeDropSite(dir, log)
			return []string{tocsin, "serve", "-q", "--config", config}, filepath.Join(dir, "data", "tocsin.sock"), err
		}},
		{"fail2ban", writeFail2ban},
	} {
		if c.name == "fail2ban" {
			if _, err := exec.LookPath("fail2ban-server"); err != nil {
				continue
			}
		}
		at := filepath.Join(dir, c.name)
		if err := os.MkdirAll(at, 0o755); err != nil {
			return nil, err
		}
		log := filepath.Join(at, "attack.log")
		if err := os.WriteFile(log, nil, 0o644); err != nil {
			return nil, err
		}
		args, ready, err := c.make(at, log)
		if err != nil {
			return nil, err
		}
		d, err := measureDrops(ctx, &dropped{name: c.name, args: args, ready: ready, log: log, dir: at, count: count})
		if err != nil {
			return list, fmt.Errorf("%s: %w", c.name, err)
		}
		list = append(list, *d)
	}
	return list, nil
}

// dropped is one server that is to drop packets.
type dropped struct {
	name, log, dir string
	args           []string
	ready          string // a file that is there when it is ready
	count          int
	mu             sync.Mutex
	last           map[string]int64
}

func measureDrops(ctx context.Context, m *dropped) (d *Drops, err error) {
	h, err := newTwoHosts(m.name, m.count+1)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	in := func(ns string, args ...string) []string { return append([]string{"ip", "netns", "exec", ns}, args...) }
	taker := exec.CommandContext(ctx, "ip", in(h.ours, self, PacketsArg, "take")[1:]...)
	out, err := taker.StdoutPipe()
	if err == nil {
		err = taker.Start()
	}
	if err != nil {
		return nil, err
	}
	defer func() {
		_ = taker.Process.Kill()
		_ = taker.Wait() // it was killed
	}()
	m.last = make(map[string]int64)
	go m.listen(bufio.NewScanner(out))
	p, err := start(ctx, filepath.Join(m.dir, "log"), in(h.ours, m.args...)...)
	if err != nil {
		return nil, err
	}
	defer func() {
		if stopped := p.Stop(); err == nil && m.name == "tocsin" {
			err = stopped
		}
	}()
	if m.ready != "" {
		err = p.until(ctx, 30*time.Second, "it to be ready", func() bool { _, err := os.Stat(m.ready); return err == nil })
	}
	if err != nil {
		return nil, err
	}
	d = &Drops{Name: m.name}
	var before Usage
	for i := 0; i <= m.count; i++ { // the first is not counted: it comes before all is warm
		if i == 1 {
			if before, err = p.all(); err != nil {
				return nil, err
			}
		}
		took, err := m.one(ctx, p, in(h.theirs, self, PacketsArg, "send", attacker(i)), attacker(i))
		if err != nil {
			return nil, err
		}
		if i > 0 {
			d.Times = append(d.Times, took)
		}
	}
	after, err := p.all()
	d.CPU = (after.CPU - before.CPU) / time.Duration(m.count)
	slices.Sort(d.Times)
	return d, err
}

func (m *dropped) listen(lines *bufio.Scanner) {
	for lines.Scan() {
		var from string
		var at int64
		if _, err := fmt.Sscanf(lines.Text(), "packet %s %d", &from, &at); err == nil {
			m.mu.Lock()
			m.last[from] = at
			m.mu.Unlock()
		}
	}
}

func (m *dropped) lastOf(from string) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last[from]
}

// one accuses one address, and waits until nothing comes from it any more.
func (m *dropped) one(ctx context.Context, p *Process, send []string, from string) (time.Duration, error) {
	sender := exec.CommandContext(ctx, send[0], send[1:]...)
	if err := sender.Start(); err != nil {
		return 0, err
	}
	defer func() {
		_ = sender.Process.Kill()
		_ = sender.Wait() // it was killed
	}()
	if err := p.until(ctx, 20*time.Second, "packets", func() bool { return m.lastOf(from) != 0 }); err != nil {
		return 0, err
	}
	f, err := os.OpenFile(m.log, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	began := time.Now()
	if _, err := fmt.Fprintf(f, "%s bastion sshd[4711]: Failed password for root from %s port 4711 ssh2\n", began.Format(time.Stamp), from); err != nil {
		return 0, err
	}
	const quiet = 300 * time.Millisecond
	err = p.until(ctx, 60*time.Second, "the drop", func() bool { return time.Now().UnixNano()-m.lastOf(from) > int64(quiet) })
	return time.Duration(m.lastOf(from) - began.UnixNano()), err
}

// all is what the process and what it has started and waited for have taken.
func (p *Process) all() (Usage, error) {
	u, err := p.Usage()
	if err != nil {
		return u, err
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return u, err
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	var user, system int64 // cutime and cstime, in hundredths of a second (proc(5))
	f := strings.Fields(rest)
	if _, err := fmt.Sscan(f[13]+" "+f[14], &user, &system); err != nil {
		return u, err
	}
	u.CPU += time.Duration(user+system) * 10 * time.Millisecond
	return u, nil
}

// writeDropSite writes the settings of a tocsin that blocks at the first line.
func writeDropSite(dir, log string) (string, error) {
	files := map[string]string{
		"tocsin.yml": "data: data\nrules: [rules]\ninputs:\n  files:\n    - paths: [" + log + "]\nrespond:\n  playbooks: [drop.yml]\n  guard: {per_hour: 10000}\n",
		"drop.yml":   "name: drop\nmode: auto\nper_hour: 10000\non: {rules: [5b1f4f0e-5b0f-4c52-9d0c-9f5e1c6f1f01]}\ndo:\n  - {kind: block, target: '{source}', for: 1h}\n",
		filepath.Join("rules", "failed.yml"): "title: A failed password\nid: 5b1f4f0e-5b0f-4c52-9d0c-9f5e1c6f1f01\nstatus: test\nlogsource:\n  product: linux\ndetection:\n  keywords:\n    - Failed password\n" +
			"  condition: keywords\nlevel: medium\n",
	}
	if err := os.MkdirAll(filepath.Join(dir, "rules"), 0o755); err != nil {
		return "", err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return "", err
		}
	}
	return filepath.Join(dir, "tocsin.yml"), nil
}

// writeFail2ban writes the settings of a fail2ban that blocks at the first line, with its own sshd filter and nftables action.
func writeFail2ban(dir, log string) (args []string, ready string, err error) {
	etc := filepath.Join(dir, "etc")
	if err := os.RemoveAll(etc); err != nil {
		return nil, "", err
	}
	if err := command("cp", "-r", "/etc/fail2ban", etc); err != nil {
		return nil, "", err
	}
	jail := "[DEFAULT]\nbanaction = nftables[type=allports]\nprotocol = udp\nusedns = no\nbackend = auto\nmaxretry = 1\nfindtime = 600\nbantime = 3600\nignoreip =\n" +
		"[sshd]\nenabled = true\nbackend = auto\nlogpath = " + log + "\n"
	database := "[DEFAULT]\ndbfile = " + filepath.Join(dir, "fail2ban.sqlite3") + "\n"
	for name, text := range map[string]string{"jail.local": jail, "fail2ban.local": database} {
		if err := os.WriteFile(filepath.Join(etc, name), []byte(text), 0o644); err != nil {
			return nil, "", err
		}
	}
	if err := os.RemoveAll(filepath.Join(etc, "jail.d")); err != nil { // what a distribution switches on
		return nil, "", err
	}
	socket := filepath.Join(dir, "socket")
	return []string{
		"fail2ban-server", "-f", "-x", "-c", etc, "-s", socket, "-p", filepath.Join(dir, "pid"), "--logtarget", filepath.Join(dir, "fail2ban.log"),
		"--loglevel", "INFO", "start",
	}, socket, nil
}
