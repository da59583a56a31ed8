package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/internal/bench/lane"
	"github.com/tocsin-sec/tocsin/internal/bench/load"
)

// What serving is measured by.
const (
	bastionLines = 1_000_000
	steadyRate   = 10_000
	ingestEvents = 300_000
	findEvents   = "500000"
	alarmCount   = 100
)

// serving is what was measured of serving.
type serving struct {
	Bastion  *hunted // the whole way from line to hit
	Steady   *steadyRun
	Ingest   *load.Ingest // by tocsin, without rules
	Server   *load.Ingest // by victoria-logs; nil where it cannot be built
	Missing  string       // why
	Find     []benchmark
	FindWith string // the command
	Alarms   *load.Alarms
	Drops    []load.Drops // nothing where this is not root
}

// serving measures the way of live events.
func (b *bench) serving(long time.Duration) (*serving, error) {
	if err := os.MkdirAll(b.place.Work, 0o755); err != nil {
		return nil, err
	}
	s := &serving{}
	log, err := b.bastionLog()
	if err != nil {
		return nil, err
	}
	if s.Bastion, err = b.bastion(log); err != nil {
		return nil, err
	}
	fmt.Printf("sshd: %.0f lines/CPU s, after start-up %.0f, %d MB\n", s.Bastion.Rate(), s.Bastion.RateAfter(), s.Bastion.Memory>>20)
	if s.Steady, err = b.steady(log, long); err != nil {
		return nil, err
	}
	st := s.Steady
	fmt.Printf("steady: %.0f/s kept, %d dropped, %.2f of a CPU, peak %d MB, log %d MB, found after %s\n", st.Achieved(), st.Dropped, st.Share(), st.Peak>>20, st.Log>>20, st.Median())
	if err := b.alarms(s); err != nil {
		return nil, err
	}
	if err := b.drops(s); err != nil {
		return nil, err
	}
	if err := b.ingest(s); err != nil {
		return nil, err
	}
	return s, b.find(s)
}

// alarms measures how soon a person knows.
func (b *bench) alarms(s *serving) error {
	dir, err := b.folder("alarm")
	if err != nil {
		return err
	}
	program, err := filepath.Abs(b.tocsin)
	if err != nil {
		return err
	}
	a, err := load.Alarm(b.ctx, program, dir, alarmCount)
	if err != nil {
		return err
	}
	s.Alarms = &a
	fmt.Printf("alarms: known after %s, 95 %% within %s; mailed after %s, 95 %% within %s\n",
		load.Share(a.State, 0.5), load.Share(a.State, 0.95), load.Share(a.Mail, 0.5), load.Share(a.Mail, 0.95))
	return nil
}

// bastionLog returns the log of a bastion, which it makes if it is not there.
func (b *bench) bastionLog() (string, error) {
	name := filepath.Join(b.place.Work, "bastion", "auth.log")
	if _, err := os.Stat(name); err == nil {
		return name, nil
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return "", err
	}
	out, err := os.Create(name + ".part")
	if err != nil {
		return "", err
	}
	defer out.Close()
	cmd := lane.Command{Args: []string{b.tocsin, "bench", "gen", "--lines", fmt.Sprint(bastionLines)}, Stdout: out}
	if _, err := cmd.Run(b.ctx, 0); err != nil {
		return "", err
	}
	return name, os.Rename(name+".part", name)
}

// bastion measures a hunt over the log of a bastion.
func (b *bench) bastion(log string) (*hunted, error) {
	one := filepath.Join(filepath.Dir(log), "one.log")
	if err := os.WriteFile(one, []byte("Nov 21 00:00:00 bastion1 sshd[1]: Server listening on 0.0.0.0 port 22.\n"), 0o644); err != nil {
		return nil, err
	}
	rules := filepath.Join(b.place.Data, "sigma", "rules", "linux")
	run := func(path string) (*hunted, error) {
		last := &lane.LastLine{}
		cmd := lane.Command{Args: []string{b.tocsin, "hunt", "-q", "--json", "--rules", "builtin", "--rules", rules, path}, Stdout: last}
		cost, err := cmd.Median(b.ctx, b.runs, 1)
		if err != nil {
			return nil, err
		}
		sum, err := last.Summary()
		if err != nil {
			return nil, err
		}
		return &hunted{Cost: cost, Events: sum.Events, Hits: sum.Hits, Bytes: sum.Bytes, Rules: sum.Rules.Loaded}, nil
	}
	started, err := run(one)
	if err != nil {
		return nil, err
	}
	h, err := run(log)
	if err != nil {
		return nil, err
	}
	h.Start = started.CPU
	h.Command = "bin/tocsin hunt -q --json --rules builtin --rules DATA/sigma/rules/linux WORK/bastion/auth.log"
	return h, nil
}

// folder returns an empty folder for a server.
func (b *bench) folder(name string) (string, error) {
	dir := filepath.Join(b.place.Work, "serve", name)
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	return dir, os.MkdirAll(dir, 0o755)
}

// steady measures serve under a steady load.
func (b *bench) steady(log string, long time.Duration) (*steadyRun, error) {
	text, err := os.ReadFile(log)
	if err != nil {
		return nil, err
	}
	lines := bytes.Split(bytes.TrimRight(text, "\n"), []byte("\n"))
	dir, err := b.folder("steady")
	if err != nil {
		return nil, err
	}
	places := []string{"builtin"}
	for _, r := range every {
		path, err := filepath.Abs(filepath.Join(b.place.Data, filepath.FromSlash(r)))
		if err != nil {
			return nil, err
		}
		places = append(places, path)
	}
	s, err := load.Tocsin(b.ctx, b.tocsin, dir, places)
	if err != nil {
		return nil, err
	}
	st, err := s.Press(b.ctx, steadyRate, long, lines)
	if stopped := s.Stop(); err == nil {
		err = stopped
	}
	return &steadyRun{Steady: &st, Command: "go run ./internal/bench -serving"}, err
}

// ingest measures how tocsin and victoria-logs take in the same events.
func (b *bench) ingest(s *serving) error {
	dir, err := b.folder("ingest")
	if err != nil {
		return err
	}
	none := filepath.Join(dir, "none")
	if err := os.MkdirAll(none, 0o755); err != nil {
		return err
	}
	server, err := load.Tocsin(b.ctx, b.tocsin, dir, []string{none})
	if err != nil {
		return err
	}
	own, err := server.Fill(b.ctx, ingestEvents)
	if err != nil {
		_ = server.Stop()
		return err
	}
	s.Ingest = &own
	tellIngest("tocsin", s.Ingest)
	program := filepath.Join(b.place.Work, "victoria-logs")
	out, err := exec.CommandContext(b.ctx, "go", "build", "-o", program, "github.com/VictoriaMetrics/VictoriaMetrics/app/victoria-logs").CombinedOutput()
	if err != nil {
		s.Missing = fmt.Sprintf("victoria-logs cannot be built: %v: %s", err, strings.TrimSpace(string(out)))
		return nil
	}
	if dir, err = b.folder("victoria"); err != nil {
		return err
	}
	if server, err = load.VictoriaLogs(b.ctx, program, dir); err != nil {
		return err
	}
	other, err := server.Fill(b.ctx, ingestEvents)
	if err != nil {
		_ = server.Stop()
		return err
	}
	s.Server = &other
	tellIngest("victoria-logs", s.Server)
	return nil
}

func tellIngest(who string, in *load.Ingest) {
	fmt.Printf("ingest, %s: %.1f CPU s/M until found, %.1f until it had ended with all on disk, %d MB, %.0f B/event\n",
		who, in.PerMillion(), in.WholePerMillion(), in.Memory>>20, float64(in.Disk)/float64(in.Events))
}

// find runs the benchmark of searches.
func (b *bench) find(s *serving) error {
	dir := filepath.Join(b.place.Work, "find-"+findEvents)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	args := []string{"test", "-run", "^$", "-bench", "^BenchmarkFind$", "-benchtime", "3x", "-timeout", "4m", "./store"}
	cmd := exec.CommandContext(b.ctx, "go", args...)
	cmd.Env = append(os.Environ(), "TOCSIN_BENCH_EVENTS="+findEvents, "TOCSIN_BENCH_DIR="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("benchmark of searches: %w: %s", err, out)
	}
	s.Find = parseBench("store", out)
	s.FindWith = "TOCSIN_BENCH_EVENTS=" + findEvents + " TOCSIN_BENCH_DIR=WORK/find-" + findEvents + " go " + strings.Join(args, " ")
	return nil
}
